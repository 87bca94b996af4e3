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
		Short: "Summarize rendered tenants",
		Long: `Print, for each tenant, its namespaces, its objects by kind, how its control
plane is limited to them, and who administers what. Everything is read from the
objects: it shows what a cluster would get.

A PATH is a file of rendered YAML or JSON, a directory as render writes it, with
or without --split, or - for stdin. An object belongs to the tenant that its
label istio-tenancy.dev/tenant names, whichever file it is in. Objects without that
label are summarized for each directory.

It is an error if two tenants have the same namespace or object: the exit code is 1,
after the summary is printed.`,
		Example: `  istio-tenancy summary rendered
  istio-tenancy summary rendered -o table          # one line per tenant
  istio-tenancy summary rendered -o json | jq -r '.tenants[] | select(.secretReaders != []) | .tenant'
  kustomize build --enable-alpha-plugins --enable-exec overlays/sales | istio-tenancy summary -`,
		Args: arguments{name: "PATH", what: "a file or a directory of rendered YAML, or - for stdin", example: "summary rendered", least: 1}.check,
		RunE: func(_ *cobra.Command, paths []string) error {
			o.Paths, o.Format = paths, summary.Format(format)
			return summary.Print(s.Out, o)
		},
	}
	cmd.Flags().StringVarP(&format, "output", "o", string(summary.Text), "`FORMAT`: text, table (one line per tenant), json or yaml")
	return cmd
}
