package tenant_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/split"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/upstreamtest"
	"github.com/istio-tenancy/istio-tenancy/plugin/tenant"
)

// TestATenantOverASplitBaseHasWhatItHasOverTheManifest compares the objects by
// name, whatever API group split has given them, and holds that Pods of each
// Deployment are those that it selects.
func TestATenantOverASplitBaseHasWhatItHasOverTheManifest(t *testing.T) {
	for _, version := range []string{"0.7.1", "0.8.0", "1.4.10", "1.10.6"} {
		t.Run(version, func(t *testing.T) {
			direct, _ := laidOver(t, version, "shipped-sales")
			manifest, err := os.Open(upstreamtest.Path(t, version+"/istio.yaml"))
			require.NoError(t, err)
			defer func() { require.NoError(t, manifest.Close()) }()
			dir := filepath.Join(t.TempDir(), "base")
			_, err = split.Run(manifest, "istio.yaml", dir)
			require.NoError(t, err)

			of := load(t, "shipped-sales")
			of.Spec.MTLS = v1alpha1.MTLSNone
			got, err := tenant.Transformer{Tenant: of, Warn: knownRights(t)}.Filter(files(t, filepath.Join(dir, split.ControlPlane)))
			require.NoError(t, err)
			names := map[object.ID]int{}
			for _, o := range direct {
				id := object.IDOf(o)
				id.Group = ""
				names[id]++
			}
			for _, o := range got {
				id := object.IDOf(o)
				id.Group = ""
				names[id]--
			}
			for id, n := range names {
				require.Zero(t, n, id)
			}
			deployments := object.Of("Deployment", got)
			require.NotEmpty(t, deployments)
			for _, d := range deployments {
				require.Equal(t, "apps/v1", d.GetApiVersion(), object.IDOf(d))
				selected := object.StringMap(d, "spec", "selector", "matchLabels")
				require.NotEmpty(t, selected, object.IDOf(d))
				labels := object.StringMap(d, "spec", "template", "metadata", "labels")
				for key, value := range selected {
					require.Equal(t, value, labels[key], "%s: %s", object.IDOf(d), key)
				}
			}
		})
	}
}
