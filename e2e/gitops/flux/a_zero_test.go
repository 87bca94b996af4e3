package flux_test

import (
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

func TestFromZero(t *testing.T) {
	c := claims(t, "From an empty cluster with Flux, locked down, one `kubectl apply -k examples/flux` makes every tenant ready")
	w := theWorld(t)
	out, err := w.Node.Cluster.Kubectl(cluster.ClusterAdmin, "apply", "-k", w.Platform.Dir+"/examples/flux")
	require.NoError(t, err, out)
	for _, name := range []string{"flux-system", "tenancy-common", "tenant-dev", "tenant-sales"} {
		c.Check(name, func(t *testing.T) {
			require.NoError(t, cluster.Eventually(patience, func() error {
				object, err := w.admin().Get(kustomizations("flux-system") + "/" + name)
				if err != nil {
					return err
				}
				return cluster.MustBe(object, "Ready")
			}))
		})
	}
}
