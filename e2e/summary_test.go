package e2e

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// summary is the table at the end of a run: one row per claim.
type summary struct{ claims []*claim }

// claim counts the checks of one test.
type claim struct {
	*testing.T
	text           string
	checks, passed int
	took           time.Duration
	notes          []string
}

// claims starts a claim; text is the sentence that the test proves.
func claims(t *testing.T, text string) *claim {
	c := &claim{T: t, text: text}
	results.claims = append(results.claims, c)
	start := time.Now()
	t.Cleanup(func() {
		c.took = time.Since(start)
		if t.Failed() && c.checks == c.passed {
			c.checks++ // what failed was no check, but on the way to one
		}
	})
	return c
}

// check is one counted check.
func (c *claim) check(name string, f func(t *testing.T)) bool {
	c.Helper()
	c.checks++
	ok := c.Run(name, f)
	if ok {
		c.passed++
	}
	return ok
}

// verify is a check that is one of very many: it is counted, and named only
// when it fails.
func (c *claim) verify(ok bool, format string, args ...any) bool {
	c.Helper()
	c.checks++
	if ok {
		c.passed++
	} else {
		c.Errorf(format, args...)
	}
	return ok
}

// note adds a figure to the summary.
func (c *claim) note(format string, args ...any) {
	c.notes = append(c.notes, fmt.Sprintf(format, args...))
}

func (s summary) print(out io.Writer, file string) error {
	var text strings.Builder
	checks, passed := 0, 0
	for _, c := range s.claims {
		for _, note := range c.notes {
			fmt.Fprintln(&text, note)
		}
	}
	text.WriteString("\n| claim | checks | passed | seconds |\n|---|---|---|---|\n")
	for _, c := range s.claims {
		fmt.Fprintf(&text, "| %s | %d | %d | %.0f |\n", c.text, c.checks, c.passed, c.took.Seconds())
		checks, passed = checks+c.checks, passed+c.passed
	}
	fmt.Fprintf(&text, "| **all** | %d | %d | |\n", checks, passed)
	fmt.Fprintf(&text, "\n%d passed, %d failed\n", passed, checks-passed)
	fmt.Fprint(out, text.String())
	return os.WriteFile(file, []byte(text.String()), 0o644)
}
