package check

import (
	"bytes"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/reach"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/structured"
)

// printed is what the formats JSON and YAML print. Its fields keep their names and meanings;
// later versions may add others. Lists are never null.
type printed struct {
	Tenants  int              `json:"tenants"`
	Objects  int              `json:"objects"`
	Common   []string         `json:"common"`
	Findings []printedFinding `json:"findings"`
	// Accepted have a reason, and Known are in the baseline.
	Accepted []printedFinding `json:"accepted"`
	Known    []printedFinding `json:"known"`
	Gone     []Entry          `json:"gone"`
	// Errors are the reasons why not everything could be checked.
	Errors []string `json:"errors"`
}

type printedFinding struct {
	Rule     string         `json:"rule"`
	Severity Severity       `json:"severity"`
	Tenants  []string       `json:"tenants"`
	Object   *printedObject `json:"object,omitempty"`
	File     string         `json:"file,omitempty"`
	Line     int            `json:"line,omitempty"`
	Message  string         `json:"message"`
	Hops     []printedHop   `json:"hops,omitempty"`
	// Path has the requests of the hops.
	Path        *reach.Path `json:"path,omitempty"`
	Fingerprint string      `json:"fingerprint"`
	Reason      string      `json:"reason,omitempty"`
}

type printedObject struct {
	Group     string `json:"group,omitempty"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
}

type printedHop struct {
	Text   string         `json:"text"`
	Object *printedObject `json:"object,omitempty"`
	Rule   string         `json:"rule,omitempty"`
	File   string         `json:"file,omitempty"`
	Line   int            `json:"line,omitempty"`
}

func (r *Report) structured(b *bytes.Buffer, format Format) error {
	return structured.Print(b, string(format), printed{
		Tenants: r.Tenants, Objects: r.Objects, Common: append([]string{}, r.Common...),
		Findings: printedFindings(r.Findings), Accepted: printedFindings(r.Accepted), Known: printedFindings(r.Known),
		Gone: append([]Entry{}, r.Gone...), Errors: append([]string{}, r.Errors...),
	})
}

func printedFindings(findings []Finding) []printedFinding {
	all := make([]printedFinding, 0, len(findings))
	for _, f := range findings {
		p := printedFinding{
			Rule: f.Rule, Severity: f.Severity, Tenants: append([]string{}, f.Tenants...), Object: printedID(f.Object),
			Message: f.Message, Path: f.Path, Fingerprint: f.Fingerprint, Reason: f.Accepted,
		}
		p.File, p.Line = f.Source.File, f.Source.Line
		for _, h := range f.Hops {
			p.Hops = append(p.Hops, printedHop{h.Text, printedID(h.Object), h.Rule, h.Source.File, h.Source.Line})
		}
		all = append(all, p)
	}
	return all
}

func printedID(id object.ID) *printedObject {
	if id == (object.ID{}) {
		return nil
	}
	return &printedObject{id.Group, id.Kind, id.Namespace, id.Name}
}
