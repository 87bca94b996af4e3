package cli

import (
	"io"
	"regexp"

	"github.com/spf13/cobra"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/diagnostic"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/paint"
)

const colorName = "color"

// colorFlag gives all commands --color.
func colorFlag(root *cobra.Command, when *paint.When) {
	root.PersistentFlags().Var(when, colorName, "color what a terminal shows: auto, always or never; with auto, NO_COLOR in the environment means never")
	_ = root.RegisterFlagCompletionFunc(colorName, words(string(paint.Auto), string(paint.Always), string(paint.Never)))
}

// warn prints a warning.
func (s Streams) warn(text string) { diagnostic.Warning(s.paint(s.Err, marks), text) }

// paint is one of the streams, on which lines are colored if --color says so.
func (s Streams) paint(out io.Writer, rules []paint.Rule) io.Writer {
	return paint.Lines(out, s.color, rules)
}

// What is colored: the marks of mistakes and warnings, what check and verify found, and what
// render --diff prints.
var (
	marks = []paint.Rule{
		{Pattern: regexp.MustCompile(`^(istio-tenancy: warning:)`), Color: paint.Yellow},
		{Pattern: regexp.MustCompile(`^(istio-tenancy:)`), Color: paint.Red},
	}
	findings = []paint.Rule{
		{Pattern: regexp.MustCompile(`^(?:\S+: )?(error): `), Color: paint.Red},
		{Pattern: regexp.MustCompile(`^(?:\S+: )?(warning): `), Color: paint.Yellow},
		{Pattern: regexp.MustCompile(`^(could not be (?:asked|checked))`), Color: paint.Yellow},
		{Pattern: regexp.MustCompile(`^(?:\S+: )?(note|accepted): `), Color: paint.Cyan},
		{Pattern: regexp.MustCompile(`: (no findings)`), Color: paint.Green},
	}
	differences = []paint.Rule{
		{Pattern: regexp.MustCompile(`^(\+.*)`), Color: paint.Green},
		{Pattern: regexp.MustCompile(`^(-.*)`), Color: paint.Red},
		{Pattern: regexp.MustCompile(`^(@@.*)`), Color: paint.Cyan},
	}
	answers = []paint.Rule{
		{Pattern: regexp.MustCompile(`^(yes)\b`), Color: paint.Green},
		{Pattern: regexp.MustCompile(`^(no)\b`), Color: paint.Red},
	}
)
