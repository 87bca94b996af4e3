package commonbase_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/commonbase"
)

// TestTheShippedBases: of each, what is in it tells what it is.
func TestTheShippedBases(t *testing.T) {
	const bases = "../../../bases"
	for dir, want := range map[string][2]string{
		"istio/common":          {"istio/common/release.yaml", "IstioRelease istio-common"},
		"classic/common":        {"classic/common/pilot.yaml", "CustomResourceDefinition policies.authentication.istio.io"},
		"tenancy":               {"tenancy/roles.yaml", "ClusterRole istio-tenancy-edit"},
		"istio/control-plane":   {},
		"istio/gateway":         {},
		"classic/control-plane": {},
		"classic/addons":        {},
	} {
		file, found := commonbase.In(filepath.Join(bases, dir))
		if want[0] == "" {
			require.Empty(t, file, dir)
			continue
		}
		require.Equal(t, [2]string{filepath.Join(bases, want[0]), want[1]}, [2]string{file, found.String()}, dir)
	}
}

func TestIn(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"kustomization.yaml":     "resources: [https://example.com/x, gone, ., no.yaml, sub]\n", // itself among them
		"no.yaml":                "{",
		"sub/Kustomization":      "bases: [../crds]\n",
		"crds/kustomization":     "a file of another name",
		"crds/kustomization.yml": "resources: [crd.json]\n",
		"crds/crd.json":          `{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "gateways.networking.istio.io"}}]}`,
		"own/kustomization.yaml": "resources: [own.yaml]\n",
		"own/own.yaml":           "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: a.example.com}}\n",
	} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	file, found := commonbase.In(dir)
	require.Equal(t, filepath.Join(dir, "crds/crd.json"), file)
	require.Equal(t, "CustomResourceDefinition gateways.networking.istio.io", found.String())
	file, _ = commonbase.In(filepath.Join(dir, "own"))
	require.Empty(t, file)
	file, _ = commonbase.In(filepath.Join(dir, "nowhere"))
	require.Empty(t, file)
}
