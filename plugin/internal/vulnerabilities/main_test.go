package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const notCalled = `{"config": {"protocol_version": "v1.0.0"}}
{"osv": {"id": "GO-2026-1"}}
{"finding": {"osv": "GO-2026-1", "fixed_version": "v0.3.0", "trace": [{"module": "example.com/a", "version": "v0.2.0"}]}}
{"finding": {"osv": "GO-2026-1", "fixed_version": "v0.3.0", "trace": [{"module": "example.com/a", "version": "v0.2.0", "package": "example.com/a/b"}]}}
{"finding": {"osv": "GO-2026-2", "fixed_version": "v1.26.9", "trace": [
  {"module": "stdlib", "version": "v1.26.8", "package": "html/template", "function": "Execute", "receiver": "*Template"}, {"module": "example.com/us"}]}}
`

func TestWhatIsNotCalledIsListed(t *testing.T) {
	var out strings.Builder
	require.NoError(t, run(strings.NewReader(notCalled), &out))
	require.Equal(t, `GO-2026-1  not called         example.com/a v0.2.0, fixed in v0.3.0
GO-2026-2  fixed by a new Go  stdlib v1.26.8, fixed in v1.26.9: calls html/template.*Template.Execute
2 known vulnerabilities. The program calls none that is in a module
`, out.String())
}

func TestWhatIsCalledIsAnError(t *testing.T) {
	var out strings.Builder
	called := notCalled + `{"finding": {"osv": "GO-2026-1", "trace": [{"module": "example.com/a", "version": "v0.2.0", "package": "example.com/a/b", "function": "Parse"}]}}`
	require.ErrorContains(t, run(strings.NewReader(called), &out), "calls 1 vulnerable functions of modules")
	require.Contains(t, out.String(), "GO-2026-1  CALLED             example.com/a v0.2.0, not fixed yet: calls example.com/a/b.Parse\n")
}

func TestWhatSaysNothingIsAnError(t *testing.T) {
	require.ErrorContains(t, run(strings.NewReader(""), &strings.Builder{}), "The input is empty")
	require.ErrorContains(t, run(strings.NewReader("no vulnerabilities\n"), &strings.Builder{}), "is not the output of govulncheck -format json")
}
