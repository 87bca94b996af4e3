// Package paint colors words of lines that are printed, where a terminal shows them.
package paint

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"regexp"

	"golang.org/x/term"
)

// When says when to color.
type When string

// Auto colors what a terminal shows, unless the environment has NO_COLOR, or TERM is dumb.
// Source of both names: no-color.org, terminfo(5).
const (
	Auto   When = "auto"
	Always When = "always"
	Never  When = "never"
)

// Set reads one of the three words. With String and Type, a When is the value of a flag.
func (w *When) Set(text string) error {
	switch When(text) {
	case Auto, Always, Never:
		*w = When(text)
		return nil
	}
	return fmt.Errorf("must be %s, %s or %s", Auto, Always, Never)
}

func (w *When) String() string { return string(*w) }

// Type is the word for the value in a list of flags.
func (w *When) Type() string { return "WHEN" }

// in says whether to color what is written to a stream.
func (w *When) in(out io.Writer) bool {
	switch *w {
	case Always:
		return true
	case Never:
		return false
	}
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && IsTerminal(out)
}

// IsTerminal says whether a terminal shows what is written to a stream.
func IsTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// Color is a color of the eight that each terminal has. Source: ECMA-48, 8.3.117.
type Color int

// The colors that tell good from bad.
const (
	Red    Color = 31
	Green  Color = 32
	Yellow Color = 33
	Cyan   Color = 36
)

// Rule colors, in a line that Pattern matches, what its first group has.
type Rule struct {
	Pattern *regexp.Regexp
	Color   Color
}

// Lines returns a writer to out that colors each line by the first of the rules that matches
// it. Each write to it must be of whole lines.
func Lines(out io.Writer, when *When, rules []Rule) io.Writer {
	if !when.in(out) {
		return out
	}
	return writer{out, rules}
}

type writer struct {
	out   io.Writer
	rules []Rule
}

func (w writer) Write(text []byte) (int, error) {
	var painted bytes.Buffer
	for line := range bytes.Lines(text) {
		w.paint(&painted, line)
	}
	if _, err := painted.WriteTo(w.out); err != nil {
		return 0, err
	}
	return len(text), nil
}

func (w writer) paint(to *bytes.Buffer, line []byte) {
	for _, r := range w.rules {
		if at := r.Pattern.FindSubmatchIndex(line); at != nil {
			from, until := at[2], at[3]
			fmt.Fprintf(to, "%s\x1b[%dm%s\x1b[0m%s", line[:from], r.Color, line[from:until], line[until:])
			return
		}
	}
	to.Write(line)
}
