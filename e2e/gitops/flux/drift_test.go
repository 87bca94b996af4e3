package flux_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/gitops"
	"github.com/stretchr/testify/require"
)

func TestDrift(t *testing.T) {
	c := claims(t, "An object of each rendered kind that was changed by hand, and one of each kind that can be recreated and was deleted, is restored by a reconciliation")
	w := fromZero(t)
	for _, name := range ofTheTenants {
		require.NoError(t, cluster.Eventually(patience, func() error { return w.Certified(name) }))
	}
	chosen, err := gitops.OneOfEachKind(w.inventory)
	require.NoError(t, err)
	changed := map[string]*cluster.Object{}
	for _, kind := range slices.Sorted(maps.Keys(chosen)) {
		if err := w.Drift(chosen[kind]); c.Verify(err == nil, "%v", err) {
			changed[kind] = chosen[kind]
		}
	}
	w.repair(t)
	for _, kind := range slices.Sorted(maps.Keys(changed)) {
		err := w.restored(changed[kind])
		c.Verify(err == nil, "changed: %v", err)
	}
	// A Namespace, a kind and the account of Flux take along what is in them.
	for _, kind := range slices.Sorted(maps.Keys(chosen)) {
		if kind == "Namespace" || kind == "CustomResourceDefinition" {
			continue
		}
		require.NoError(t, w.admin().Delete([]*cluster.Object{chosen[kind]}))
	}
	w.repair(t)
	for _, kind := range slices.Sorted(maps.Keys(chosen)) {
		err := w.restored(chosen[kind])
		c.Verify(err == nil, "deleted: %v", err)
	}
}

// repair has Flux reconcile, as it does every ten minutes.
func (w *world) repair(t *testing.T) {
	t.Helper()
	for _, name := range []string{"tenancy-common", "tenant-sales"} {
		require.NoError(t, w.reconciled(name))
	}
	require.NoError(t, w.Node.Available("istio-system1", "istiod-sales", patience))
}

// restored says whether an object is again what it was; istiod needs a moment for its
// part.
func (w *world) restored(before *cluster.Object) error {
	return cluster.Eventually(patience, func() error { return w.Restored(before) })
}
