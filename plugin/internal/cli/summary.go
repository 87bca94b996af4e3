package cli

import (
	"github.com/spf13/cobra"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/summary"
)

func summaryCommand(s Streams) *cobra.Command {
	o := summary.Options{In: s.In}
	var format string
	cmd := &cobra.Command{
		Use:   "summary PATH... [-o text|table|json|yaml]",
		Short: "Say what rendered tenants are",
		Long: `Print, for each tenant, its namespaces, its objects by kind, how its control
plane is limited to them, and who administers what. Everything is read from the
objects: it shows what a cluster would get.

A PATH is a file of rendered YAML or JSON, a directory as render writes it, with
or without --split, or - for stdin. An object belongs to the tenant that its
label istio-tenancy.dev/tenant names, whichever file it is in; objects without
that label are one block for each directory.

A namespace or an object that two tenants have is an error, and exits 1 after
the summary.`,
		Example: `  istio-tenancy summary rendered
  istio-tenancy summary rendered -o table          # one line a tenant
  istio-tenancy summary rendered -o json | jq -r '.tenants[] | select(.secretReaders != []) | .tenant'
  kustomize build --enable-alpha-plugins --enable-exec overlays/sales | istio-tenancy summary -`,
		Args: arguments{name: "PATH", what: "a file or a directory of rendered YAML, or - for stdin", example: "summary rendered", least: 1}.check,
		RunE: func(_ *cobra.Command, paths []string) error {
			o.Paths, o.Format = paths, summary.Format(format)
			return summary.Print(s.Out, o)
		},
	}
	cmd.Flags().StringVarP(&format, "output", "o", string(summary.Text), "`FORMAT`: text, table (one line a tenant), json or yaml")
	return cmd
}
