package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/diagnostic"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/paint"
)

// Streams are what a command reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	// color is what --color says; nil: the default.
	color *paint.When
	// completing says that a shell asks what could follow.
	completing bool
}

const program = "istio-tenancy"

// Run executes the command line args, without the program's name, and returns
// the exit code: 0, or another after one line per error on s.Err.
func Run(args []string, s Streams) int {
	s.color = new(paint.When)
	s.completing = len(args) > 0 && slices.Contains([]string{cobra.ShellCompRequestCmd, cobra.ShellCompNoDescRequestCmd}, args[0])
	root := New(s)
	helpAndCompletion(root)
	out := &printed{to: s.Out}
	root.SetOut(out)
	root.SetArgs(args)
	err := root.Execute()
	if help, _ := root.Flags().GetBool("help"); help && err == nil { // before which cobra checks nothing
		err = knownCommand(root, root.Flags().Args())
	}
	if err == nil && out.failed != nil {
		err = fmt.Errorf("stdout: %w", out.failed)
	}
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errNo):
		return 1
	}
	diagnostic.Error(s.paint(s.Err, marks), err)
	code := 1
	if failed := (*failure)(nil); errors.As(err, &failed) {
		code = failed.code
		fmt.Fprint(s.Err, failed.after)
	}
	return code
}

// failure is an error with an exit code of its own, and with what is to be
// printed below it.
type failure struct {
	error
	code  int
	after string
}

func (f *failure) Unwrap() error { return f.error }

// New returns the root command. Its errors hold one line each; printing them
// is the caller's.
func New(s Streams) *cobra.Command {
	if s.color == nil {
		s.color = new(paint.When)
	}
	*s.color = paint.Auto
	root := &cobra.Command{
		Use:   program,
		Short: "One Istio control plane per tenant of a cluster",
		Long: `Lay a tenant over a shared Istio base.

Without arguments this is a function for kustomize, which reads a ResourceList
on stdin and writes one to stdout. A kustomization names it through the
configuration that it lists: an IstioTenant under transformers, an IstioRelease
under generators.

Exit codes: 0 for success; 1 for a mistake, and for what check, verify, access,
summary and render --check find; 2 if verify could not ask all its questions; 130
if a command was interrupted.`,
		Example: `  # Render a tenant's overlay; istio-tenancy must be on PATH.
  kustomize build --enable-alpha-plugins --enable-exec overlays/sales

  # Start a repository for tenants, with the first one.
  istio-tenancy init platform --tenant payroll --admin User:payroll-admin

  # Start an overlay for another tenant.
  istio-tenancy new payroll --admin User:payroll-admin

  # Make a base of an Istio manifest that another tool rendered.
  istioctl manifest generate | istio-tenancy split -o bases/my-istio`,
		Version:       ownVersion().Version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          knownCommand,

		SuggestionsMinimumDistance: 2,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if isTerminal(s.In) {
				return cmd.Help()
			}
			return function(s)
		},
	}
	root.SetVersionTemplate(ownVersion().String())
	root.SetFlagErrorFunc(wrongFlag)
	help := root.HelpFunc()
	root.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		if cmd.HasParent() || cmd.Flags().NArg() == 0 {
			help(cmd, args)
		}
	})
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	root.AddCommand(accessCommand(s), apiProxyCommand(s), checkCommand(s), explainCommand(s), initCommand(s), newCommand(s), renderCommand(s), installCommand(s), buildOverlayCommand(s),
		schemaCommand(s), splitCommand(s), summaryCommand(s), upgradeCommand(s), verifyCommand(s), versionCommand(s))
	colorFlag(root, s.color)
	if !s.completing { // for which cobra reads the flags twice
		root.PersistentFlags().VisitAll(onlyOnce)
		for _, cmd := range root.Commands() {
			cmd.Flags().VisitAll(onlyOnce)
		}
	}
	complete(root)
	return root
}

// knownCommand refuses arguments of the root command, on one line.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := "see " + program + " --help"
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = "did you mean " + strings.Join(near, " or ") + "?"
	}
	return fmt.Errorf("unknown command %q; %s", args[0], hint)
}

// isTerminal says whether in is typed by a person. Of the character devices
// only the null device is likely to be anything else.
func isTerminal(in io.Reader) bool {
	file, ok := in.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}
