package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/suggest"
)

// helpAndCompletion replaces what cobra does with a wrong argument of its two commands: it
// prints a help, and succeeds.
func helpAndCompletion(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "help":
			cmd.Run, cmd.RunE = nil, func(_ *cobra.Command, args []string) error {
				about, unknown, err := root.Find(args)
				if err != nil {
					return err
				}
				if err := knownCommand(about, unknown); err != nil {
					return err
				}
				about.InitDefaultHelpFlag()
				about.InitDefaultVersionFlag()
				return about.Help()
			}
		case "completion":
			cmd.Args, cmd.RunE = knownShell, func(*cobra.Command, []string) error { return nil }
			for _, shell := range cmd.Commands() {
				shell.Args = noArguments
			}
		}
	}
}

// knownShell refuses an argument that is none of the commands below completion, and none.
func knownShell(_ *cobra.Command, args []string) error {
	const must = "must be bash, zsh, fish or powershell"
	if len(args) == 0 {
		return fmt.Errorf("completion: SHELL is missing: %s, such as: %s completion bash", must, program)
	}
	return fmt.Errorf("completion: found %q: %s%s", args[0], must, suggest.Question(args[0], []string{"bash", "zsh", "fish", "powershell"}))
}

// printed is what cobra prints to, which does not say whether it could print.
type printed struct {
	to     io.Writer
	failed error
}

func (p *printed) Write(text []byte) (int, error) {
	if p.failed == nil {
		_, p.failed = p.to.Write(text)
	}
	return len(text), nil
}
