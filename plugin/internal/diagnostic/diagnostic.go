// Package diagnostic is how this program says on stderr what is wrong, one line
// for each thing, and how it reads what a process of its own has said:
//
//	istio-tenancy: IstioTenant sales: spec.mlts: unknown field    an error
//	istio-tenancy: warning: spec.discovery: auto is ...           a warning
//	# Warning: 'bases' is deprecated.                             said by another program
package diagnostic

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/printable"
)

const (
	mark        = "istio-tenancy: "
	warningMark = mark + "warning: "
)

// Error writes a line for each line of an error, without what a terminal obeys, with the address of the page that says
// what to do, where there is one.
func Error(w io.Writer, err error) { write(w, mark, err.Error(), withPage) }

// Warning writes a line for each line of a warning.
func Warning(w io.Writer, text string) {
	write(w, warningMark, text, func(line string) string { return line })
}

// InEachLine puts a prefix before each line of an error that does not have it yet.
func InEachLine(prefix string, err error) error {
	var lines []error
	for line := range strings.Lines(err.Error()) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, prefix) {
			line = prefix + ": " + line
		}
		lines = append(lines, errors.New(line))
	}
	return errors.Join(lines...)
}

// write has nobody to tell that stderr is gone. What others have called things stays readable
// on its line.
func write(w io.Writer, mark, text string, finish func(line string) string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			fmt.Fprintf(w, "%s%s\n", mark, printable.Text(finish(line)))
		}
	}
}

// Said is what a process has written to stderr, without the marks, and without the
// addresses of pages.
type Said struct {
	Errors, Warnings []string
	// Others are the lines of other programs.
	Others []string
}

// Read parses what a process wrote to stderr.
func Read(stderr string) Said {
	var s Said
	for line := range strings.Lines(stderr) {
		line = strings.TrimSpace(line)
		if text, ok := strings.CutPrefix(line, warningMark); ok {
			s.Warnings = append(s.Warnings, text)
		} else if text, ok := strings.CutPrefix(line, mark); ok {
			s.Errors = append(s.Errors, withoutPage(text))
		} else if line != "" {
			s.Others = append(s.Others, line)
		}
	}
	return s
}
