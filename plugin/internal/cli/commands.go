package cli

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/release"
)

func schemaCommand(s Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "schema [IstioTenant|IstioRelease]",
		Short: "Print the JSON schema of a kind",
		Long: `Print the JSON schema (draft 2020-12) of a kind, of IstioTenant unless another
is named. Editors complete and check a file by it that begins with

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

func versionCommand(s Streams) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version, and which versions of Istio it knows",
		Example: `  istio-tenancy version`,
		Args:    noArguments,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprint(s.Out, versions())
			return err
		},
	}
}

func versions() string {
	return fmt.Sprintf("%s %s\nIstio in IstioRelease: %s\nIstio in a base: %s to %s\n",
		program, ownVersion(), release.Version, istio.Oldest, istio.Newest)
}

// ownVersion is the module's version, or the commit that a checkout was built from.
func ownVersion() string {
	info, found := debug.ReadBuildInfo()
	if !found {
		return "(unknown)"
	}
	if info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return setting.Value
		}
	}
	return "(devel)"
}
