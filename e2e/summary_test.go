package e2e

import (
	"errors"
	"flag"
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

// documented is the page with the table of claims.
const documented = "../docs/what-is-tested.md"

var update = flag.Bool("update", false, "write the claims into "+documented)

// document compares the claims with the page that lists them: all of it after a
// whole run, and otherwise the sentences of the claims that were run.
func (s summary) document(whole bool) error {
	page, err := os.ReadFile(documented)
	if err != nil {
		return err
	}
	before, table, found := strings.Cut(string(page), tableHead)
	if !found {
		return fmt.Errorf("%s: has no table that begins with %q", documented, tableHead)
	}
	if !whole {
		var missing []error
		for _, c := range s.claims {
			if !strings.Contains(table, "| "+c.text+" |") {
				missing = append(missing, fmt.Errorf("%s: has no row %q", documented, c.text))
			}
		}
		return errors.Join(missing...)
	}
	var rows strings.Builder
	checks := 0
	for _, c := range s.claims {
		fmt.Fprintf(&rows, "| %s | %d |\n", c.text, c.checks)
		checks += c.checks
	}
	fmt.Fprintf(&rows, "| **all** | %d |\n", checks)
	switch _, after, _ := strings.Cut(table, "\n\n"); {
	case *update:
		return os.WriteFile(documented, []byte(before+tableHead+rows.String()+"\n"+after), 0o644)
	case !strings.HasPrefix(table, rows.String()+"\n"):
		return fmt.Errorf("%s: its table is not what was run: go test -update writes it", documented)
	}
	return nil
}

const tableHead = "| claim | checks |\n|---|---|\n"
