package argocd_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/gitops"
	"github.com/stretchr/testify/require"
)

func TestDrift(t *testing.T) {
	c := claims(t, "An object of each rendered kind that was changed by hand, and one of each kind that can be recreated and was deleted, is restored without a request by anybody")
	w := theTenants(t)
	for tenant := range gitops.ControlPlanes {
		require.NoError(t, cluster.Eventually(patience, func() error { return w.Certified(tenant) }))
	}
	chosen, err := gitops.OneOfEachKind(w.objects)
	require.NoError(t, err)
	kinds := slices.Sorted(maps.Keys(chosen))
	for _, kind := range kinds {
		err := w.Drift(chosen[kind])
		c.Verify(err == nil, "%v", err)
	}
	w.checkRestored(c.Verify, chosen)
	// Argo CD waits longer after each repair of one commit, up to five minutes.
	_, err = w.Platform.Commit("Change nothing", nil)
	require.NoError(t, err)
	for _, name := range []string{"tenancy-common", "tenant-sales"} {
		require.NoError(t, w.refresh(name, "normal"))
	}
	// A Namespace and a kind take along what is in them.
	delete(chosen, "Namespace")
	delete(chosen, "CustomResourceDefinition")
	for _, object := range chosen {
		require.NoError(t, w.admin().Delete([]*cluster.Object{object}))
	}
	w.checkRestored(c.Verify, chosen)
}

// checkRestored checks that objects are again what they were; istiod needs a moment for
// its part.
func (w *world) checkRestored(verify func(bool, string, ...any) bool, objects map[string]*cluster.Object) {
	for _, kind := range slices.Sorted(maps.Keys(objects)) {
		err := cluster.Eventually(2*patience, func() error { return w.Restored(objects[kind]) })
		verify(err == nil, "%v", err)
	}
}
