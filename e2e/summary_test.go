package e2e

import (
	"flag"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/tally"
)

// claim counts the checks of one test, for the table at the end of a run.
type claim struct{ *tally.Claim }

// claims starts a claim; text is the sentence that the test proves.
func claims(t *testing.T, text string) *claim { return &claim{results.Claim(t, text)} }

// check is one counted check.
func (c *claim) check(name string, f func(t *testing.T)) bool {
	c.Helper()
	return c.Check(name, f)
}

// verify is a check that is one of very many: it is counted, and named only
// when it fails.
func (c *claim) verify(ok bool, format string, args ...any) bool {
	c.Helper()
	return c.Verify(ok, format, args...)
}

// note adds a figure to the summary.
func (c *claim) note(format string, args ...any) { c.Note(format, args...) }

// documented is the table of claims.
var documented = tally.Table{Page: "../docs/tested.md", Heading: "claim"}

var update = flag.Bool("update", false, "write the table of claims in "+documented.Page)
