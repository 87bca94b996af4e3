package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"syscall"

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
		Short: "Say what another base changes for tenants",
		Long: `Build each overlay with the control plane's base that it lists, and with another in
its place, and say in about a screen what differs for the tenant, the most
dangerous first: what an apply refuses, what has to be applied before, what this
release does not know, rights, webhooks, network and ports, objects that come and
go, what restarts, arguments, variables, mesh configuration, images, injection.

Nothing is written. An OVERLAY is a directory with a kustomization that lists the
base, or a directory of such directories. Tenants for which the same changes are
named together, once. Long lists are shortened, and say so: -o json and -o yaml
have every field that differs, and render --diff the lines of YAML.

What overlays may run and read is limited as it is for render.

Exit codes: 0; 1 where an overlay has a mistake, and the others are told about; 130
where it was stopped.`,
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
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
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
	f.StringVar(&o.To, "to", "", "`BASE` of a control plane that takes the place of what the overlays list: a directory, or an address")
	f.StringVar(&o.From, "from", "", "`BASE` that the overlays list; without it, the one that each lists")
	f.StringVarP(&format, "output", "o", string(upgrade.Text), "`FORMAT`: text, json or yaml")
	allowFlags(f, &o.Allow)
	return cmd
}
