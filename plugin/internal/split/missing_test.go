package split_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/split"
)

// TestAKindThatAVersionWaitsForIsAdded looks at Pilot 1.4, which its own files
// leave unready.
func TestAKindThatAVersionWaitsForIsAdded(t *testing.T) {
	const kind, file = "syntheticserviceentries.networking.istio.io", "customresourcedefinition-syntheticserviceentries.yaml"
	of := func(version string) string { return strings.Replace(istiod, "1.31.0", version, 1) }
	for in, want := range map[string]bool{
		of("1.3.8"): false, of("1.4.0"): true, of("1.4.10"): true, of("1.5.0"): false, istiod: false,
		of("1.4.10") + meta("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition", "", kind): false,
	} {
		dir := filepath.Join(t.TempDir(), "x")
		s, err := split.Run(strings.NewReader(in), "f", dir)
		require.NoError(t, err)
		if !want {
			require.NotContains(t, s.Added, "common/"+file, in)
			require.NotContains(t, text(t, dir, "common/kustomization.yaml"), file)
			continue
		}
		require.Contains(t, s.Added, "common/"+file, in)
		require.Contains(t, s.String(), "common/"+file)
		found := build(t, dir, "common")
		i := 0
		for _, o := range found {
			if o.GetName() == kind {
				i++
				require.Contains(t, o.MustString(), "scope: Cluster")
				require.Contains(t, o.MustString(), "name: v1alpha3")
			}
		}
		require.Equal(t, 1, i)
	}
}
