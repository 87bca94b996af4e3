// Package tally counts what a group of end-to-end tests checks, and holds the
// page that lists the claims to it.
package tally

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Summary is the table at the end of a run: one row per claim.
type Summary struct{ claims []*Claim }

// Claim counts the checks of one test.
type Claim struct {
	*testing.T
	text           string
	mu             sync.Mutex // of what follows, since checks may run side by side
	checks, passed int
	start          time.Time
	took           time.Duration
	notes          []string
}

// Claim starts a claim; text is the sentence that the test proves.
func (s *Summary) Claim(t *testing.T, text string) *Claim {
	c := &Claim{text: text}
	s.claims = append(s.claims, c)
	c.In(t)
	return c
}

// In makes a test the claim's: for one that is started as its parent's, since of tests
// that run beside others nobody knows which starts a claim first.
func (c *Claim) In(t *testing.T) {
	c.T, c.start = t, time.Now()
	t.Cleanup(func() {
		if c.T != t {
			return
		}
		c.took = time.Since(c.start)
		if t.Failed() && c.checks == c.passed {
			c.checks++ // what failed was no check, but on the way to one
		}
	})
}

// Parallel lets the test run beside others that do the same, after what it is given has
// ended. In the table it is where it was started.
func (c *Claim) Parallel(after ...<-chan struct{}) {
	c.T.Parallel()
	for _, ended := range after {
		<-ended
	}
	c.start = time.Now()
}

// Check is one counted check.
func (c *Claim) Check(name string, f func(t *testing.T)) bool {
	c.Helper()
	ok := c.Run(name, f)
	c.count(ok)
	return ok
}

// Verify is a check that is one of very many: it is counted, and named only
// when it fails.
func (c *Claim) Verify(ok bool, format string, args ...any) bool {
	c.Helper()
	c.count(ok)
	if !ok {
		c.Errorf(format, args...)
	}
	return ok
}

func (c *Claim) count(ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.checks++
	if ok {
		c.passed++
	}
}

// Note adds a figure to the summary.
func (c *Claim) Note(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.notes = append(c.notes, fmt.Sprintf(format, args...))
}

// End ends a run whose tests have an exit code, and returns that of the run: it prints
// the claims, keeps them as summary.md below logs, and holds a page to them. With -run,
// -skip or -list they are not all.
func (s Summary) End(code int, logs string, t Table, write bool) (int, error) {
	if err := s.Print(os.Stdout, filepath.Join(logs, "summary.md")); err != nil || code != 0 {
		return code, err
	}
	whole := true
	for _, name := range []string{"test.run", "test.skip", "test.list"} {
		whole = whole && flag.Lookup(name).Value.String() == ""
	}
	return code, s.Hold(t, whole, write)
}

// Print writes the notes and the table, also into a file.
func (s Summary) Print(out io.Writer, file string) error {
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

// Table is a table of claims in a page: Heading stands over its first column, and over no
// other table's.
type Table struct{ Page, Heading string }

func (t Table) head() string { return "| " + t.Heading + " | checks |\n|---|---|\n" }

// Hold compares the claims with the table: all of it after a whole run, and
// otherwise the sentences of the claims that were run. After a whole run it can
// write the table instead.
func (s Summary) Hold(t Table, whole, write bool) error {
	page, err := os.ReadFile(t.Page)
	if err != nil {
		return err
	}
	before, table, found := strings.Cut(string(page), t.head())
	if !found {
		return fmt.Errorf("%s: The page has no table that begins with %q", t.Page, t.head())
	}
	if !whole {
		var missing []error
		for _, c := range s.claims {
			if !strings.Contains(table, "| "+c.text+" |") {
				missing = append(missing, fmt.Errorf("%s: The table has no row %q", t.Page, c.text))
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
	case write:
		return os.WriteFile(t.Page, []byte(before+t.head()+rows.String()+"\n"+after), 0o644)
	case !strings.HasPrefix(table, rows.String()+"\n"):
		return fmt.Errorf("%s: The table of %s differs from the tests that ran. Run go test -update to write it", t.Page, t.Heading)
	}
	return nil
}
