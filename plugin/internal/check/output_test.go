package check_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/check"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

var reported = check.Report{
	Tenants: 2, Objects: 3,
	Findings: []check.Finding{{
		Rule: "open-network", Severity: check.Error, Tenants: []string{"dev", "sales"}, Fingerprint: "f1",
		Object:  object.ID{Group: "networking.k8s.io", Kind: "NetworkPolicy", Namespace: "ns-1", Name: "open"},
		Source:  snapshot.Source{File: "a b/open.yaml", Line: 3},
		Message: `lets in "everybody" & others`,
		Hops: []check.Hop{
			{Text: "dev-admin creates a Pod in ns-0", Object: object.ID{Kind: "RoleBinding", Namespace: "ns-0", Name: "admin"}, Rule: "create pods", Source: snapshot.Source{File: "dev.yaml", Line: 7}},
			{Text: "it connects to ns-1"},
		},
	}, {Rule: "no-mtls", Severity: check.Warning, Fingerprint: "f2", Message: "takes plaintext"}},
	Accepted: []check.Finding{{Rule: "no-mtls", Severity: check.Warning, Fingerprint: "f3", Message: "accepted", Accepted: "so it is"}},
	Known:    []check.Finding{{Rule: "no-mtls", Severity: check.Warning, Fingerprint: "f4", Message: "known"}},
	Gone:     []check.Entry{{Fingerprint: "f5", Rule: "no-mtls", Message: "gone"}},
	Errors:   []string{"overlays/x: does not build"},
}

func printed(t *testing.T, format check.Format, least check.Severity) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, reported.Print(&out, format, least))
	return out.String()
}

func TestText(t *testing.T) {
	require.Equal(t, `a b/open.yaml:3: error: lets in "everybody" & others [open-network]
    1. dev-admin creates a Pod in ns-0 (RoleBinding ns-0/admin, create pods, dev.yaml:7)
    2. it connects to ns-1
warning: takes plaintext [no-mtls]
accepted: accepted [no-mtls]: so it is
not found any more, take it out of the baseline: gone [no-mtls]
2 tenants, 3 objects: 1 error, 1 warning, 1 accepted, 1 in the baseline, 1 of the baseline not found any more; not all was judged: 1 mistake
`, printed(t, check.Text, check.Error))
}

func TestJSON(t *testing.T) {
	var report map[string]any
	require.NoError(t, json.Unmarshal([]byte(printed(t, check.JSON, check.Error)), &report))
	for _, list := range []string{"common", "findings", "accepted", "known", "gone", "errors"} {
		require.IsType(t, []any{}, report[list], list)
	}
	first, _ := report["findings"].([]any)[0].(map[string]any)
	require.Equal(t, map[string]any{"group": "networking.k8s.io", "kind": "NetworkPolicy", "namespace": "ns-1", "name": "open"}, first["object"])
	require.Equal(t, "error", first["severity"])
	require.Len(t, first["hops"], 2)
	require.Equal(t, 7.0, snapshot.Field(first["hops"].([]any)[0], "line"))
}

func TestSARIF(t *testing.T) {
	var log map[string]any
	require.NoError(t, json.Unmarshal([]byte(printed(t, check.SARIF, check.Error)), &log))
	require.Equal(t, "2.1.0", log["version"])
	run := snapshot.List(log, "runs")[0]
	rules, results := snapshot.List(run, "tool", "driver", "rules"), snapshot.List(run, "results")
	require.Len(t, rules, len(check.Rules()))
	require.Len(t, results, 4)
	for _, r := range results {
		index, _ := snapshot.Field(r, "ruleIndex").(float64)
		require.Equal(t, snapshot.Text(r, "ruleId"), snapshot.Text(rules[int(index)], "id"))
	}
	location := snapshot.List(results[0], "locations")[0]
	require.Equal(t, "a%20b/open.yaml", snapshot.Text(location, "physicalLocation", "artifactLocation", "uri"))
	require.Equal(t, 3.0, snapshot.Field(location, "physicalLocation", "region", "startLine"))
	require.Len(t, snapshot.List(snapshot.List(snapshot.List(results[0], "codeFlows")[0], "threadFlows")[0], "locations"), 2)
	require.Equal(t, "so it is", snapshot.Text(snapshot.List(results[2], "suppressions")[0], "justification"))
	require.Equal(t, "unchanged", snapshot.Text(results[3], "baselineState"))
	require.Equal(t, false, snapshot.Field(snapshot.List(run, "invocations")[0], "executionSuccessful"))
}

func TestJUnit(t *testing.T) {
	type suite struct {
		Name     string `xml:"name,attr"`
		Tests    int    `xml:"tests,attr"`
		Failures int    `xml:"failures,attr"`
		Skipped  int    `xml:"skipped,attr"`
		Errors   int    `xml:"errors,attr"`
	}
	var all struct {
		suite
		Suites []suite `xml:"testsuite"`
	}
	require.NoError(t, xml.Unmarshal([]byte(printed(t, check.JUnit, check.Error)), &all))
	require.Equal(t, 1, all.Failures, "a warning fails nothing")
	require.Equal(t, 1, all.Errors)
	of := map[string]suite{}
	for _, s := range all.Suites {
		of[s.Name] = s
	}
	require.Equal(t, suite{"no-mtls", 3, 0, 2, 0}, of["no-mtls"])
	require.Equal(t, suite{"shared-tenant", 1, 0, 0, 0}, of["shared-tenant"])
	require.NoError(t, xml.Unmarshal([]byte(printed(t, check.JUnit, check.Warning)), &all))
}
