package program_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/program"
)

func TestMountsOverlap(t *testing.T) {
	for at, want := range map[string]bool{
		"/": true, "/var": true, "/run": true, "/a": false, "/var/run/b": true, "/run/b/": true, "/var/run/b/../b/c": true, "/var/run/bc": false, "/runs/b": false, "run/b": true,
	} {
		mount := yaml.MustParse("{mountPath: " + at + "}")
		require.Equal(t, want, program.Overlap(program.MountPath(mount), "/var/run/b"), at)
	}
}
