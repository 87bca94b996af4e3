package argocd_test

import (
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

// TestRemoved is the last one: dev is gone after it.
func TestRemoved(t *testing.T) {
	c := claims(t, "A tenant whose directory is removed from Git keeps all that it has, and is managed again when it comes back. After the commands of docs/gitops.md, all of it is deleted, and the other tenant is not changed")
	w := theTenants(t)
	before, err := w.owned("dev")
	require.NoError(t, err)
	others, err := w.owned("sales")
	require.NoError(t, err)
	lose := func() {
		_, err := w.Platform.Git("rm", "-r", "--quiet", "overlays/dev")
		require.NoError(t, err)
		_, err = w.Platform.Commit("Lose dev", nil)
		require.NoError(t, err)
		require.NoError(t, w.generate())
		for _, name := range []string{"tenant-dev", "project-dev"} {
			c.Check("Application "+name+" is gone", func(t *testing.T) {
				require.NoError(t, cluster.Eventually(patience, func() error { return w.admin().Gone(applications + "/" + name) }))
			})
		}
	}
	lose()
	w.CheckKept(c.Verify, before)
	_, err = w.Platform.Git("revert", "--no-edit", "HEAD")
	require.NoError(t, err)
	found, err := w.Platform.Git("rev-parse", "HEAD")
	require.NoError(t, err)
	require.NoError(t, w.generate())
	c.Check("it is taken up again", func(t *testing.T) {
		for _, name := range []string{"tenant-dev", "project-dev"} {
			require.NoError(t, cluster.Eventually(patience, func() error { _, err := w.application(name); return err }))
			require.NoError(t, w.deployed(name, found))
		}
	})
	w.CheckKept(c.Verify, before)
	lose()
	c.Check("what Argo CD made is deleted", func(t *testing.T) {
		require.NoError(t, w.DeleteTenant("dev"))
		out, err := w.Node.Cluster.Kubectl(cluster.ClusterAdmin, "delete", "appproject", "tenant-dev", "-n", "argocd")
		require.NoError(t, err, out)
	})
	w.CheckGone(c.Verify, patience, before)
	w.CheckKept(c.Verify, others)
	c.Check("the other tenant is Synced and Healthy", func(t *testing.T) { require.NoError(t, w.settled("tenant-sales")) })
}
