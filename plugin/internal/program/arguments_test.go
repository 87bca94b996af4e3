package program_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/program"
)

func TestArguments(t *testing.T) {
	argument := istio.Argument{Name: "--address", Short: "-a"}
	for container, want := range map[string][]string{
		"{args: [discovery, --address, x, --address=y, -a, z, -a=u, -av]}": {"x", "y", "z", "u", "v"},
		"{args: [discovery, --address=, --addresses=x, --address]}":        {""},
		"{command: [galley, server, --address=x]}":                         {"x"},
		"{args: [discovery]}": nil,
		"{}":                  nil,
	} {
		require.Equal(t, want, program.Arguments(yaml.MustParse(container), argument), container)
	}
}
