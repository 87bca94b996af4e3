package render_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatATenantHasNoOtherTakes(t *testing.T) {
	const copied = "{admins: [{kind: User, name: jo}], applicationNamespaces: [sales]}"
	r := newRepo(t)
	r.teams("dev", "sales")
	r.overlay("hr", "hr", copied, kustomization)
	summary, _, err := r.render()
	require.ErrorContains(t, err, "namespace sales: has two owners, tenant hr (")
	require.Equal(t, 2, summary.Failed, "nobody here knows which of the two is right")
	require.NoDirExists(t, r.path("rendered/sales"))
	r.same("dev")

	r.overlay("hr", "hr", "{admins: [{kind: User, name: jo}]}", kustomization)
	_, _, err = r.render()
	require.NoError(t, err)
	before := r.read("rendered/sales/manifests.yaml")
	r.overlay("thief", "thief", copied, kustomization)
	_, _, err = r.render()
	require.ErrorContains(t, err, "namespace sales: has two owners, tenant sales (")
	require.NoDirExists(t, r.path("rendered/thief"))
	require.Equal(t, before, r.read("rendered/sales/manifests.yaml"), "what was there stays")
}
