package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/suggest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/verify"
)

// unaskedCode is the exit code where nothing was found, and not all could be asked.
const unaskedCode = 2

func verifyCommand(s Streams) *cobra.Command {
	var o verify.Options
	var format, failOn string
	cmd := &cobra.Command{
		Use:   "verify OVERLAY... [--context NAME] [--bundle FILE]",
		Short: "Ask a live cluster whether its tenants are what their overlays say",
		Long: `Compare a cluster with overlays, and write nothing: each administrator, viewer and
control plane may do what it must, and nothing else; each object is as rendered;
each istiod is ready, and its webhooks' certificates are good; what the rules of
check find in the cluster's own roles, bindings, policies and webhooks; and who has
rights in a tenant's namespaces, and what is beside a control plane, that nobody
renders and that not every cluster has.

Objects are compared by a server-side apply that the API server only tries
(dryRun=All), which needs the rights of whoever deploys. What one has no right to
ask is listed. docs/verify.md says what is asked.

--bundle packs what a support case needs into a new tar.gz: the report, checksums of
what is rendered, the tenants' objects, events and the last lines of istiod's logs;
no data of Secrets, and of the objects no text but what is rendered, names and states.

Exit codes: 0; 1 where something must not be so, as bad as --fail-on says; 2 where
nothing is, and not all could be asked.`,
		Example: `  istio-tenancy verify overlays/* --context production
  istio-tenancy verify overlays -o json --fail-on warning
  istio-tenancy verify overlays/sales --bundle sales.tar.gz`,
		Args: arguments{
			name: "OVERLAY", what: "a directory with a kustomization, or a directory of such directories", example: "verify overlays/*", least: 1,
		}.check,
		RunE: func(_ *cobra.Command, args []string) error {
			debug.SetGCPercent(100) // as for render
			least, err := severity("verify", failOn)
			if err != nil {
				return err
			}
			if format != "text" && format != "json" {
				return fmt.Errorf("verify: --output: found %q: must be text, json or yaml%s", format, suggest.Question(format, []string{"text", "json", "yaml"}))
			}
			if o.Timeout <= 0 {
				return fmt.Errorf("verify: --timeout: found %s: must be more than nothing, such as 30s", o.Timeout)
			}
			if o.Executable, err = os.Executable(); err != nil {
				return err
			}
			o.Overlays, o.Version = args, ownVersion().Version
			o.Warn = s.warn
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			report, err := verify.Run(ctx, o)
			if ctx.Err() != nil {
				return &failure{error: errors.New("verify: interrupted"), code: interruptedCode}
			}
			if report == nil {
				return err
			}
			print := func() error { return report.Print(s.Out, format) }
			if format == "text" {
				print = func() error { return report.Text(s.paint(s.Out, findings)) }
			}
			if err := errors.Join(print(), err); err != nil {
				return err
			}
			return verified(report.Count(least), report.Errors(), failOn)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Context, "context", "", "`NAME` of the kubeconfig's context; the current one, by default")
	f.StringVar(&o.Kubeconfig, "kubeconfig", "", "`FILE` to read; KUBECONFIG or ~/.kube/config, by default")
	f.DurationVar(&o.Timeout, "timeout", 30*time.Second, "`TIME` that the API server may take for the first answer")
	f.StringVarP(&format, "output", "o", "text", "`FORMAT`: text, json or yaml")
	f.StringVar(&failOn, "fail-on", "error", "`SEVERITY` from which findings make the exit code 1: error, warning, note, or none")
	f.StringVar(&o.Bundle, "bundle", "", "new `FILE` to write what a support case needs to, as tar.gz")
	allowFlags(f, &o.Allow)
	return cmd
}

// verified is what an exit code says.
func verified(found, unasked int, failOn string) error {
	var parts []string
	if found > 0 && failOn != "none" {
		parts = append(parts, fmt.Sprintf("found %d of severity %s or above", found, failOn))
	}
	if unasked > 0 {
		parts = append(parts, fmt.Sprintf("%d questions could not be asked", unasked))
	}
	switch {
	case len(parts) == 0:
		return nil
	case found > 0 && failOn != "none":
		return errors.New("verify: " + strings.Join(parts, ", and "))
	}
	return &failure{error: errors.New("verify: " + parts[0]), code: unaskedCode}
}
