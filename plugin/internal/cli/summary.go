package cli

import (
	"github.com/spf13/cobra"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/summary"
)

func summaryCommand(s Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "summary FILE...",
		Short: "Say what rendered tenants are",
		Long: `Print, for each file of rendered YAML, the tenant's namespaces, its objects by
kind, how its control plane is limited to them, and who administers what.
Everything is read from the objects: it shows what a cluster would get.`,
		Example: `  kustomize build --enable-alpha-plugins --enable-exec overlays/sales > sales.yaml
  istio-tenancy summary sales.yaml`,
		Args: arguments{name: "FILE", what: "a file of rendered YAML", example: "summary sales.yaml", least: 1}.check,
		RunE: func(_ *cobra.Command, files []string) error { return summary.Print(s.Out, files...) },
	}
}
