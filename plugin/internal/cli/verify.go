package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/structured"
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
		Short: "Check that the tenants of a live cluster are as their overlays say",
		Long: `Compare a cluster with overlays. Nothing is written. The command checks that
- each administrator, viewer and control plane has the rights that it needs, and no
  others;
- each object is as rendered;
- each istiod is ready, and the certificates of its webhooks are valid;
- the rules of check find nothing in the roles, bindings, policies and webhooks of the
  cluster;
- a tenant's namespaces have no holders of rights, and a control plane's namespace has
  no objects, that are neither rendered nor present in every cluster.

Objects are compared by a server-side apply with dryRun=All, for which you need the
rights of whoever deploys. Questions that you have no right to ask are listed.
docs/verify.md lists all questions.

--bundle packs what a support case needs into a new tar.gz: the report, checksums of
the rendered objects, the tenants' objects, events and the last lines of istiod's
logs. It has no data of Secrets. The objects keep only rendered text, names and states.

Exit codes: 0 for success; 1 if a finding has the severity of --fail-on or a higher
one; 2 if there is no such finding, and not all questions could be asked.`,
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
			if format != "text" && !structured.Is(format) {
				return fmt.Errorf("verify: --output: found %q: must be text, json or yaml%s", format, suggest.Question(format, []string{"text", "json", "yaml"}))
			}
			if o.Timeout <= 0 {
				return fmt.Errorf("verify: --timeout: found %s: must be more than 0, such as 30s", o.Timeout)
			}
			if o.Executable, err = os.Executable(); err != nil {
				return err
			}
			o.Overlays, o.Version = args, ownVersion().Version
			o.Warn = s.warn
			ctx, stop := interruptible(context.Background())
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
	f.StringVar(&o.Context, "context", "", "`NAME` of a context of the kubeconfig (default the current one)")
	f.StringVar(&o.Kubeconfig, "kubeconfig", "", "`FILE` with the kubeconfig (default KUBECONFIG or ~/.kube/config)")
	f.DurationVar(&o.Timeout, "timeout", 30*time.Second, "the longest `TIME` to wait for the API server's first answer")
	f.StringVarP(&format, "output", "o", "text", "`FORMAT`: text, json or yaml")
	f.StringVar(&failOn, "fail-on", "error", "the lowest `SEVERITY` of a finding that makes the exit code 1: error, warning, note, or none")
	f.StringVar(&o.Bundle, "bundle", "", "write what a support case needs to a new `FILE`, as tar.gz")
	allowFlags(f, &o.Allow)
	return cmd
}

// verified is what an exit code says.
func verified(found, unasked int, failOn string) error {
	var parts []string
	if found > 0 && failOn != "none" {
		parts = append(parts, fmt.Sprintf("found %d of severity %s or higher", found, failOn))
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
