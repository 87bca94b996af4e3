package check_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
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
no longer found, remove it from the baseline: gone [no-mtls]
2 tenants, 3 objects: 1 error, 1 warning, 1 accepted, 1 in the baseline, 1 of the baseline no longer found; not everything could be checked: 1 mistake
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

// What is in a name makes no line of its own.
func TestNamesInText(t *testing.T) {
	const forged = "x\n0 tenants: no findings\n::error::y\x1b[2J\u202e"
	r := check.Report{Findings: []check.Finding{{Rule: "no-mtls", Severity: check.Error, Message: forged, Hops: []check.Hop{{Text: forged}}}},
		Accepted: []check.Finding{{Message: forged, Accepted: forged}}, Gone: []check.Entry{{Message: forged}}}
	var out bytes.Buffer
	require.NoError(t, r.Print(&out, check.Text, check.Error))
	require.Equal(t, 5, bytes.Count(out.Bytes(), []byte("\n")))
	require.NotContains(t, out.String(), "\x1b")
	require.Contains(t, out.String(), `error: x\n0 tenants: no findings\n::error::y\x1b[2J\u202e [no-mtls]`)
}

func TestBaseline(t *testing.T) {
	for text, said := range map[string]string{
		`{"version": 1, "findings": [{}]}`:                                                           "findings[0]: has no fingerprint, no severity, or no rule",
		`{"version": 1, "findings": [{"fingerprint": "f1", "rule": "no-mtls"}]}`:                     "findings[0]: has no fingerprint, no severity, or no rule",
		`{"version": 1, "findings": [{"fingerprint": "f1", "rule": "no-mtls", "severity": "high"}]}`: `found "high": must be note, warning or error`,
		`{"version": 2}`: "version: found 2: must be 1",
		`[]`:             "must be what --write-baseline writes",
	} {
		file := filepath.Join(t.TempDir(), "known.json")
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		_, err := check.ReadBaseline(file)
		require.ErrorContains(t, err, said)
	}
}

// A baseline knows a finding up to the severity that it had: what somebody has asked for
// is a note, and an error without that.
func TestSeverityInBaseline(t *testing.T) {
	asks := in("sales", "Namespace", "ns-1", "  annotations:\n", "  annotations:\n    istio-tenancy.dev/allow-from: ns-0\n")
	opens := with("sales", "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: more, namespace: ns-1}\n"+
		"spec: {podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ns-0}}}]}]}")
	asked, plain := newPair(t), newPair(t)
	require.NoError(t, all(asks, opens)(asked))
	require.NoError(t, opens(plain))
	file := filepath.Join(t.TempDir(), "known.json")
	judge := func(p pair, baseline *check.Baseline) (report *check.Report, open, known string) {
		report = run(t, check.Options{Options: snapshot.Options{Paths: []string{p.write(t)}}, Baseline: baseline})
		for _, f := range report.Findings {
			open += f.Severity.String() + " " + f.Rule + ";"
		}
		for _, f := range report.Known {
			known += f.Severity.String() + " " + f.Rule + ";"
		}
		return report, open, known
	}
	for _, c := range []struct {
		before, after pair
		open, known   string
	}{
		{asked, asked, "", "note open-network;"},
		{asked, plain, "error open-network;", ""},
		{plain, plain, "", "error open-network;"},
		{plain, asked, "", "note open-network;"},
	} {
		report, _, _ := judge(c.before, nil)
		require.NoError(t, report.WriteBaseline(file))
		baseline, err := check.ReadBaseline(file)
		require.NoError(t, err)
		report, open, known := judge(c.after, baseline)
		require.Equal(t, c.open, open)
		require.Equal(t, c.known, known)
		require.Empty(t, report.Gone)
	}
}

// What grows is not what was known, and what is written otherwise is.
func TestGrowth(t *testing.T) {
	secrets := func(names string) string {
		return strings.Replace(clusterRight("User", "sales-admin", "", "secrets", "list, get"), "verbs:", "resourceNames: ["+names+"], verbs:", 1)
	}
	alice := roleBinding("istio-system1", "alice", "{kind: User, name: alice}", "edit")
	bob := roleBinding("istio-system1", "bob", "{kind: User, name: bob}", "edit")
	way := clusterRight("ServiceAccount", "istiod-sales", "", "nodes/proxy", "get")
	for name, c := range map[string]struct {
		before, after string
		same          bool
	}{
		"nothing":                   {secrets("x"), secrets("x"), true},
		"another order":             {secrets("x, z"), strings.Replace(secrets("z, x"), "list, get", "get, list", 1), true},
		"another name":              {secrets("x"), secrets("x, z"), false},
		"another right":             {secrets("x"), strings.Replace(secrets("x"), "[secrets]", "[secrets, configmaps]", 1), false},
		"a right of no namespace":   {secrets("x"), strings.Replace(secrets("x"), "[secrets]", "[secrets, nodes/proxy]", 1), false},
		"of a foreign namespace":    {may("ns-0", "User", "sales-admin", "", "pods", "get"), may("ns-0", "User", "sales-admin", "", "pods", "get, create"), false},
		"of nobody's namespace":     {may("monitoring", "User", "sales-admin", "", "pods", "get"), may("monitoring", "User", "sales-admin", "", "pods", "get, list"), false},
		"somebody else, in between": {way + "\n---\n" + alice, way + "\n---\n" + alice + "\n---\n" + bob, false},
		"everybody":                 {bindingTo("ns-1", "{kind: Group, name: 'system:authenticated'}"), strings.Replace(bindingTo("ns-1", "{kind: Group, name: 'system:authenticated'}"), "name: edit", "name: admin", 1), false},
	} {
		before, after := newPair(t).check(t, with("common", c.before)), newPair(t).check(t, with("common", c.after))
		known := map[string]bool{}
		for _, f := range before.Findings {
			known[f.Fingerprint] = true
		}
		all := true
		for _, f := range after.Findings {
			all = all && known[f.Fingerprint]
		}
		require.NotEmpty(t, before.Findings, name)
		require.Equal(t, c.same, all, name)
	}
}

// What no API server takes is a mistake, and ends nothing.
func TestBroken(t *testing.T) {
	webhook := "apiVersion: admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\nmetadata: {name: wh}\nwebhooks: [x]\n---\n" +
		strings.Replace(clusterRight("User", "sales-admin", "admissionregistration.k8s.io", "mutatingwebhookconfigurations", "update"), "verbs:", "resourceNames: [wh], verbs:", 1)
	for object, said := range map[string]string{
		webhook: "wh: cannot restore struct from: string",
		"apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: broken}\nrules: x": "ClusterRole broken",
	} {
		p := newPair(t)
		require.NoError(t, with("common", object)(p))
		report := run(t, check.Options{Options: snapshot.Options{Paths: []string{p.write(t)}}})
		require.Len(t, report.Errors, 1)
		require.Contains(t, report.Errors[0], said)
	}
}
