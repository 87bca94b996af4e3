package cli

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/suggest"
)

// arguments are what a command takes beside its flags.
type arguments struct {
	name, what, example string // such as DIR, "the directory to write", and a command line
	least, most         int    // most 0: any number
}

// check is a command's Args.
func (a arguments) check(cmd *cobra.Command, args []string) error {
	switch n := len(args); {
	case n < a.least:
		return fmt.Errorf("%s: %s is missing: must be %s, such as: %s %s", cmd.Name(), a.name, a.what, program, a.example)
	case a.most > 0 && n > a.most:
		many := "one argument"
		if a.least == 0 {
			many = "at most one argument"
		}
		return fmt.Errorf("%s: %s: must be %s, %s, such as: %s %s", cmd.Name(), found(args), many, a.name, program, a.example)
	}
	return nil
}

// noArguments is the Args of a command that takes none.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s: %s: the command takes no arguments", cmd.Name(), found(args))
	}
	return nil
}

// found names arguments.
func found(args []string) string {
	var quoted []string
	for _, arg := range args {
		quoted = append(quoted, strconv.Quote(arg))
	}
	if last := len(quoted) - 1; last > 0 {
		return fmt.Sprintf("found %d arguments, %s and %s", len(args), strings.Join(quoted[:last], ", "), quoted[last])
	}
	return "found argument " + quoted[0]
}

// onlyOnce makes it an error to give a flag twice, unless it is repeatable: which
// of two values was meant, nobody knows.
func onlyOnce(f *pflag.Flag) {
	if _, repeatable := f.Value.(pflag.SliceValue); !repeatable {
		f.Value = &once{Value: f.Value, name: f.Name}
	}
}

// once is the value of a flag that may be given once.
type once struct {
	pflag.Value
	name  string
	given *string
}

func (o *once) Set(text string) error {
	if o.given != nil {
		return &givenAgain{o.name, *o.given, text}
	}
	o.given = &text
	return o.Value.Set(text)
}

const outputName = "output"

// outputFlag is the flag for the directory that a command writes. Other commands have
// a format under the same name: a format is no directory's name.
func outputFlag(f *pflag.FlagSet, dir *string, usage string) {
	f.VarP((*directory)(dir), outputName, "o", usage)
}

type directory string

func (d *directory) String() string { return string(*d) }
func (*directory) Type() string     { return "string" }

func (d *directory) Set(text string) error {
	if slices.Contains([]string{"html", "json", "junit", "sarif", "table", "text", "yaml"}, text) {
		return fmt.Errorf("is a format, and must be a directory: write ./%s for a directory of this name", text)
	}
	*d = directory(text)
	return nil
}

type givenAgain struct{ name, first, second string }

func (*givenAgain) Error() string { return "is given again" }

// wrongFlag says what is wrong with a flag, in this program's words.
func wrongFlag(cmd *cobra.Command, err error) error {
	of, help := "", "; see "+cmd.CommandPath()+" --help"
	if cmd.HasParent() {
		of = cmd.Name() + ": "
	}
	var unknown *pflag.NotExistError
	var empty *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	var again *givenAgain
	switch {
	case errors.As(err, &again):
		return fmt.Errorf("%s--%s: found %q and %q: must be given once", of, again.name, again.first, again.second)
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() != "":
		return fmt.Errorf("%sunknown flag: -%s%s", of, unknown.GetSpecifiedName(), help)
	case errors.As(err, &unknown):
		flag := "--" + unknown.GetSpecifiedName()
		var known []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, "--"+f.Name) })
		if question := suggest.Question(flag, known); question != "" {
			help = question
		}
		return fmt.Errorf("%sunknown flag: %s%s", of, flag, help)
	case errors.As(err, &empty):
		value, _ := pflag.UnquoteUsage(empty.GetFlag())
		return fmt.Errorf("%s--%s has no value: must be followed by %s%s", of, empty.GetFlag().Name, value, help)
	case errors.As(err, &invalid) && invalid.GetFlag().Value.Type() == "bool":
		return fmt.Errorf("%s--%s: found %q: must be true or false", of, invalid.GetFlag().Name, invalid.GetValue())
	case errors.As(err, &invalid) && slices.Contains([]string{colorName, outputName, memoryName, timeName}, invalid.GetFlag().Name):
		return fmt.Errorf("%s--%s: found %q: %w", of, invalid.GetFlag().Name, invalid.GetValue(), invalid.Unwrap())
	}
	return fmt.Errorf("%s%w%s", of, err, help)
}
