package check

import (
	"bytes"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/structured"
)

// SARIF 2.1.0, as far as a check has something to say in it. Source:
// docs.oasis-open.org/sarif/sarif/v2.1.0.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		Invocations []sarifInvocation `json:"invocations"`
		Results     []sarifResult     `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID                   string        `json:"id"`
		ShortDescription     sarifText     `json:"shortDescription"`
		FullDescription      sarifText     `json:"fullDescription"`
		Help                 sarifText     `json:"help"`
		DefaultConfiguration sarifSeverity `json:"defaultConfiguration"`
	}
	sarifSeverity struct {
		Level string `json:"level"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifInvocation struct {
		ExecutionSuccessful bool                `json:"executionSuccessful"`
		Notifications       []sarifNotification `json:"toolExecutionNotifications,omitempty"`
	}
	sarifNotification struct {
		Level   string    `json:"level"`
		Message sarifText `json:"message"`
	}
	sarifResult struct {
		RuleID              string             `json:"ruleId"`
		RuleIndex           int                `json:"ruleIndex"`
		Level               string             `json:"level"`
		Message             sarifText          `json:"message"`
		Locations           []sarifLocation    `json:"locations,omitempty"`
		CodeFlows           []sarifCodeFlow    `json:"codeFlows,omitempty"`
		PartialFingerprints map[string]string  `json:"partialFingerprints"`
		BaselineState       string             `json:"baselineState,omitempty"`
		Suppressions        []sarifSuppression `json:"suppressions,omitempty"`
	}
	sarifLocation struct {
		PhysicalLocation *sarifPhysical `json:"physicalLocation,omitempty"`
		LogicalLocations []sarifLogical `json:"logicalLocations,omitempty"`
		Message          *sarifText     `json:"message,omitempty"`
	}
	sarifPhysical struct {
		ArtifactLocation sarifArtifact `json:"artifactLocation"`
		Region           *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine int `json:"startLine"`
	}
	sarifLogical struct {
		FullyQualifiedName string `json:"fullyQualifiedName"`
		Kind               string `json:"kind"`
	}
	sarifCodeFlow struct {
		ThreadFlows []sarifThreadFlow `json:"threadFlows"`
	}
	sarifThreadFlow struct {
		Locations []sarifStep `json:"locations"`
	}
	sarifStep struct {
		Location sarifLocation `json:"location"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Justification string `json:"justification"`
	}
)

func (r *Report) sarif(b *bytes.Buffer) error {
	driver := sarifDriver{Name: "istio-tenancy", InformationURI: "https://github.com/istio-tenancy/istio-tenancy"}
	index := map[string]int{}
	for i, rule := range Rules() {
		index[rule.ID] = i
		driver.Rules = append(driver.Rules, sarifRule{
			rule.ID, sarifText{rule.Line}, sarifText{rule.Why}, sarifText{rule.Fix}, sarifSeverity{rule.Severity.String()},
		})
	}
	run := sarifRun{Tool: sarifTool{driver}, Results: []sarifResult{}}
	invocation := sarifInvocation{ExecutionSuccessful: len(r.Errors) == 0}
	for _, line := range r.Errors {
		invocation.Notifications = append(invocation.Notifications, sarifNotification{"error", sarifText{line}})
	}
	run.Invocations = []sarifInvocation{invocation}
	add := func(findings []Finding, state string) {
		for _, f := range findings {
			result := newSarifResult(f, state)
			result.RuleIndex = index[f.Rule]
			run.Results = append(run.Results, result)
		}
	}
	add(r.Findings, "")
	add(r.Accepted, "")
	add(r.Known, "unchanged")
	return structured.Print(b, structured.JSON, sarifLog{"https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json", "2.1.0", []sarifRun{run}})
}

func newSarifResult(f Finding, state string) sarifResult {
	result := sarifResult{
		RuleID: f.Rule, Level: f.Severity.String(), Message: sarifText{f.Message},
		PartialFingerprints: map[string]string{"istio-tenancy/v1": f.Fingerprint}, BaselineState: state,
	}
	if l := newSarifLocation(f.Source.File, f.Source.Line); l != nil || f.Object.Kind != "" {
		location := sarifLocation{PhysicalLocation: l}
		if f.Object.Kind != "" {
			location.LogicalLocations = []sarifLogical{{f.Object.String(), "resource"}}
		}
		result.Locations = []sarifLocation{location}
	}
	if f.Accepted != "" {
		result.Suppressions = []sarifSuppression{{"inSource", f.Accepted}}
	}
	var steps []sarifStep
	for _, h := range f.Hops {
		steps = append(steps, sarifStep{sarifLocation{PhysicalLocation: newSarifLocation(h.Source.File, h.Source.Line), Message: &sarifText{h.String()}}})
	}
	if len(steps) > 0 {
		result.CodeFlows = []sarifCodeFlow{{[]sarifThreadFlow{{steps}}}}
	}
	return result
}

// newSarifLocation is a file, and of an overlay its kustomization: a directory is no
// place for a review's remark.
func newSarifLocation(file string, line int) *sarifPhysical {
	if file == "" {
		return nil
	}
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		for _, name := range []string{"tenant.yaml", "kustomization.yaml"} {
			if _, err := os.Stat(filepath.Join(file, name)); err == nil {
				file = filepath.Join(file, name)
				break
			}
		}
	}
	uri := url.URL{Path: strings.ReplaceAll(filepath.Clean(file), `\`, "/")}
	return &sarifPhysical{sarifArtifact{strings.TrimPrefix(uri.String(), "./")}, &sarifRegion{max(line, 1)}}
}
