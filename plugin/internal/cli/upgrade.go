package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"

	"github.com/spf13/cobra"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/suggest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/upgrade"
)

func upgradeCommand(s Streams) *cobra.Command {
	var o render.SwapOptions
	var format string
	cmd := &cobra.Command{
		Use:   "upgrade --to BASE [--from BASE] OVERLAY...",
		Short: "Show what another base would change for tenants",
		Long: `Build each overlay twice: with the control plane's base that it lists, and with
another base in its place. Print what differs for the tenant on about one screen, the
most dangerous changes first: what the API server will refuse, what has to be applied
before, what this release does not know, rights, webhooks, network and ports, new and
removed objects, restarts, arguments, variables, mesh configuration, images, injection.

Nothing is written. An OVERLAY is a directory with a kustomization that lists the
base, or a directory of such directories. Tenants with the same changes are reported
together. A line says where a long list is shortened: -o json and -o yaml have every
field that differs, and render --diff has the lines of YAML.

What overlays may run and read is limited as for render.

Exit codes: 0 for success; 1 if an overlay has a mistake, after the report about the
others; 130 if the command was interrupted.`,
		Example: `  istio-tenancy upgrade --to bases/istio/control-plane overlays/sales
  istio-tenancy upgrade --from bases/istio-1.30/control-plane --to bases/istio/control-plane overlays/*
  istio-tenancy upgrade --to bases/istio/control-plane overlays -o json | jq '.reports[].rights'`,
		Args: arguments{
			name: "OVERLAY", what: "a directory with a kustomization that lists the base, or a directory of such directories",
			example: "upgrade --to bases/istio/control-plane overlays/sales", least: 1,
		}.check,
		RunE: func(_ *cobra.Command, args []string) error {
			debug.SetGCPercent(100) // as for render
			if formats := []string{string(upgrade.Text), string(upgrade.JSON), string(upgrade.YAML)}; !slices.Contains(formats, format) {
				return fmt.Errorf("upgrade: --output: found %q: must be text, json or yaml%s", format, suggest.Question(format, formats))
			}
			var err error
			if o.Executable, err = os.Executable(); err != nil {
				return err
			}
			o.Overlays = args
			ctx, stop := interruptible(context.Background())
			defer stop()
			reports, err := upgrade.Run(ctx, o)
			if ctx.Err() != nil {
				return &failure{error: errors.New("upgrade: interrupted"), code: interruptedCode}
			}
			if len(reports) == 0 {
				return err
			}
			return errors.Join(err, upgrade.Print(s.Out, reports, upgrade.Format(format)))
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.To, "to", "", "`BASE` that replaces the control plane's base of the overlays: a directory or a URL")
	f.StringVar(&o.From, "from", "", "`BASE` that the overlays list now (default the control plane's base that each overlay lists)")
	f.StringVarP(&format, "output", "o", string(upgrade.Text), "`FORMAT`: text, json or yaml")
	allowFlags(f, &o.Allow)
	return cmd
}
