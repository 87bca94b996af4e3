package cli

import (
	"github.com/spf13/cobra"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
)

func schemaCommand(s Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "schema [IstioTenant|IstioRelease]",
		Short: "Print the JSON schema of a kind",
		Long: `Print the JSON schema (draft 2020-12) of a kind, by default of IstioTenant. Editors
use it to complete and check a file that begins with

  # yaml-language-server: $schema=FILE-OR-URL`,
		Example: `  istio-tenancy schema > istiotenant.schema.json
  istio-tenancy schema IstioRelease`,
		Args:      arguments{name: "KIND", example: "schema IstioRelease", most: 1}.check,
		ValidArgs: v1alpha1.Kinds(),
		RunE: func(_ *cobra.Command, args []string) error {
			kind := v1alpha1.KindTenant
			if len(args) > 0 {
				kind = args[0]
			}
			text, err := v1alpha1.Schema(kind)
			if err != nil {
				return err
			}
			_, err = s.Out.Write(text)
			return err
		},
	}
}
