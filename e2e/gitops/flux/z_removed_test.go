package flux_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/gitops"
	"github.com/stretchr/testify/require"
)

// This is the last test: it takes a tenant away.
func TestATenantIsRemoved(t *testing.T) {
	c := claims(t, "A tenant whose file is removed from Git keeps all that it has, and is managed again when the file comes back. After the commands of docs/gitops.md, all rendered objects are deleted, and the other tenant is not changed")
	w := fromZero(t)
	before, err := w.inventory("tenant-sales")
	require.NoError(t, err)
	others, err := w.inventory("tenant-dev")
	require.NoError(t, err)
	list, err := w.Platform.Read("examples/flux/kustomization.yaml")
	require.NoError(t, err)
	without := strings.Replace(list, "- sales.yaml\n", "", 1)
	require.NotEqual(t, list, without)

	w.pushPlatform(t, "Lose sales", map[string]string{"examples/flux/kustomization.yaml": without})
	c.Check("its Kustomizations go", func(t *testing.T) { require.NoError(t, w.gone("tenant-sales", "tenant-sales-applications")) })
	w.CheckKept(c.Verify, before)
	commit := w.pushPlatform(t, "Find sales", map[string]string{"examples/flux/kustomization.yaml": list})
	c.Check("it is taken up again", func(t *testing.T) {
		require.NoError(t, cluster.Eventually(patience, func() error { return w.at("tenant-sales", commit) }))
	})
	w.CheckKept(c.Verify, before)

	w.pushPlatform(t, "Remove sales", map[string]string{"examples/flux/kustomization.yaml": without, "examples/flux/sales.yaml": ""})
	c.Check("its Kustomizations go for good", func(t *testing.T) { require.NoError(t, w.gone("tenant-sales", "tenant-sales-applications")) })
	c.Check("what they made is deleted", func(t *testing.T) { require.NoError(t, w.DeleteTenant("sales")) })
	w.CheckGone(c.Verify, patience, before)
	w.checkSame(c.T, c.Verify, others)
	c.Check("the other tenant's istiod is available", func(t *testing.T) {
		require.NoError(t, w.Node.Available(gitops.ControlPlanes["dev"], "istiod-dev", patience))
	})
}

// gone waits until Kustomizations are.
func (w *world) gone(names ...string) error {
	return cluster.Eventually(patience, func() error {
		var left error
		for _, name := range names {
			left = errors.Join(left, w.admin().Gone(kustomization(name)))
		}
		return left
	})
}
