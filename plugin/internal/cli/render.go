package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/paint"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/printable"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render/build"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render/build/allow"
)

func renderCommand(s Streams) *cobra.Command {
	var o render.Options
	var quiet, verbose bool
	cmd := &cobra.Command{
		Use:   "render OVERLAY... -o DIR",
		Short: "Turn overlays into plain YAML",
		Long: `Write for each overlay what kustomize build prints. Each overlay gets a directory of
its own name in DIR, with a kustomization that Flux and kubectl apply -k accept. An
OVERLAY is a directory with a kustomization, or a directory of such directories.

Only files whose content changes are written, each as a whole. If an overlay has a
mistake, its old output stays, the other overlays are rendered, and the exit code is
1. It is also a mistake if the output still names the base's placeholder namespace,
because no tenant was laid over the base, or if a directory has a tenant.yaml and no
kustomization. Output is removed only with --prune. Each output directory belongs to
the overlay that it was rendered from; another overlay takes it over only with --adopt.

Overlays run only the functions of this program, so that it is safe to render
overlays that nobody has reviewed. Other programs, containers, plugins of kustomize,
charts and URLs are mistakes unless --allow-exec or --allow-remote names them. So are
directories outside of the Git repository, unless --allow-outside names them. The
build of an overlay that needs more than --allow-memory or --allow-time ends with a
mistake, and the other overlays are rendered.

If two overlays have the same tenant or the same namespace, both have a mistake. The
command compares the overlays that it renders and those that DIR has from earlier
runs; with -o -, it also compares the overlays in the same directory.

Warnings name
- what kustomize ignores: a patch whose target matches no object, and an entry of
  images that no container uses;
- what the old output granted and the new one does not: the role of a subject, or a
  namespace of the tenant. What was created with it stays in the cluster;
- a tenant whose metadata.name has changed, which makes it another tenant;
- a directory of a tenant that is too deep to be rendered;
- a Secret whose values are readable in DIR, which is meant for Git.

The last lines name and count the overlays whose output changed.

Exit codes: 0 for success; 1 if an overlay has a mistake, and with --check if output
would change; 130 if the command was interrupted. What it has rendered until then stays.`,
		Example: `  istio-tenancy render overlays/* -o rendered
  istio-tenancy render overlays -o rendered --diff
  istio-tenancy render overlays -o rendered --check --prune    # in CI
  istio-tenancy render overlays/sales -o - | kubectl apply -f -`,
		Args: arguments{
			name: "OVERLAY", what: "a directory with a kustomization, or a directory of such directories",
			example: "render overlays -o rendered", least: 1,
		}.check,
		RunE: func(_ *cobra.Command, args []string) error {
			debug.SetGCPercent(100) // unlike a function, this lives long enough to collect its garbage
			switch {
			case o.Output == "":
				return errors.New("render: --output is missing: must be the directory to write, or - for stdout")
			case o.Output == "-" && (o.Split || o.Prune || o.Diff || o.Check):
				return errors.New("render: --split, --prune, --diff and --check need a directory as --output, not -")
			case o.Output == "-":
				o.Output = ""
			}
			var err error
			if o.Executable, err = os.Executable(); err != nil {
				return err
			}
			o.Overlays, o.Out = args, s.Out
			if o.Diff {
				o.Out = s.paint(s.Out, differences)
			}
			o.Warn = s.warn
			if verbose {
				o.Explain = func(line string) { fmt.Fprintf(s.Err, "%s: %s\n", program, printable.Text(line)) }
			}
			done := func() {}
			if !quiet {
				o.Progress, done = progress(s.Err)
			}
			ctx, stop := interruptible(context.Background())
			defer stop()
			summary, err := render.Run(ctx, o)
			done()
			if errors.Is(err, render.ErrInterrupted) {
				return &failure{error: err, code: interruptedCode}
			}
			total := ""
			if named := summary.Named(); named != "" && !errors.Is(err, render.ErrStale) {
				total = named + "\n"
			}
			total += summary.String()
			if verbose {
				total += " (" + summary.How() + ")"
			}
			switch total += "\n"; {
			case quiet || summary.Overlays == 0:
				return err
			case err != nil:
				return &failure{error: err, code: 1, after: total}
			}
			fmt.Fprint(s.Err, total)
			return nil
		},
	}
	f := cmd.Flags()
	outputFlag(f, &o.Output, "`DIR` to write; - prints everything to stdout, or nothing if an overlay has a mistake")
	f.BoolVar(&o.Split, "split", false, "write one file per object")
	f.BoolVar(&o.Prune, "prune", false, "remove the output of overlays that no longer exist; other files stay")
	f.BoolVar(&o.Adopt, "adopt", false, "let overlays that have moved take over the output of their old directories")
	f.BoolVar(&o.Diff, "diff", false, "print what would change, and write nothing")
	f.BoolVar(&o.Check, "check", false, "write nothing; if anything would change, name it and exit 1")
	allowFlags(f, &o.Allow)
	f.BoolVar(&o.Verify, "verify", false, "also build every overlay with kustomize, and compare the output; slow")
	f.BoolVarP(&verbose, "verbose", "v", false, "say how many overlays were built one by one, which takes long, and why")
	f.BoolVarP(&quiet, "quiet", "q", false, "print mistakes and warnings only")
	return cmd
}

// memoryName and timeName are flags that say themselves what is wrong with their values.
const memoryName, timeName = "allow-memory", "allow-time"

// allowFlags are those that let overlays run, read and use more.
func allowFlags(f *pflag.FlagSet, l *allow.List) {
	l.Memory, l.Time = allow.DefaultMemory, allow.DefaultTime
	f.StringArrayVar(&l.Exec, "allow-exec", nil, "also run `NAME`: the exec.path or container.image of a function, as overlays write it, or helm for charts; repeatable")
	f.StringArrayVar(&l.Remote, "allow-remote", nil, "also read files and repositories whose address begins with `URL`, as overlays write it, and has its version if it ends with one; repeatable")
	f.StringArrayVar(&l.Outside, "allow-outside", nil, "also read kustomizations in and below `DIR`, which is outside of the overlays' Git repository; repeatable")
	f.Var(&l.Memory, memoryName, "the largest `SIZE` of memory that the build of one overlay may use")
	f.Var(&l.Time, timeName, "the longest `TIME` that the build of one overlay may take")
}

// interruptedCode is the exit code of a program that was stopped by Ctrl-C.
const interruptedCode = 130

// interruptible is a context that ends at the first SIGINT, SIGTERM or SIGHUP. The second
// one ends the program at once, as it would without this. With nohup, SIGHUP does nothing.
func interruptible(parent context.Context) (context.Context, context.CancelFunc) {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(parent, signals...)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// buildOverlayCommand is how render runs kustomize in a process of its own.
func buildOverlayCommand(s Streams) *cobra.Command {
	return &cobra.Command{
		Use:    build.Command,
		Short:  "Build one overlay for render",
		Hidden: true,
		Args:   noArguments,
		RunE: func(*cobra.Command, []string) error {
			return build.Serve(s.In, s.Out, func(in io.Reader, out io.Writer) int {
				return Run([]string{}, Streams{In: in, Out: out, Err: s.Err})
			})
		},
	}
}

// progress shows a bar on a terminal, and elsewhere a line every few seconds.
func progress(out io.Writer) (report func(done, all int), finish func()) {
	if paint.IsTerminal(out) {
		var bar *progressbar.ProgressBar
		report = func(done, all int) {
			if bar == nil {
				bar = progressbar.NewOptions(all, progressbar.OptionSetWriter(out), progressbar.OptionShowCount(),
					progressbar.OptionSetDescription("rendering"), progressbar.OptionClearOnFinish(),
					progressbar.OptionThrottle(100*time.Millisecond))
			}
			_ = bar.Set(done) // what cannot be shown is not missed
		}
		return report, func() {
			if bar != nil {
				_ = bar.Clear()
			}
		}
	}
	const every = 5 * time.Second
	last := time.Now()
	report = func(done, all int) {
		if done < all && time.Since(last) > every {
			last = time.Now()
			fmt.Fprintf(out, "%d of %d rendered\n", done, all)
		}
	}
	return report, func() {}
}
