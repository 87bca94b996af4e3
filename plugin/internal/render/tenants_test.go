package render_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render"
)

func TestWhatATenantHasNoOtherTakes(t *testing.T) {
	const copied = "{admins: [{kind: User, name: jo}], applicationNamespaces: [sales]}"
	r := newRepo(t)
	r.teams("devel", "sales")
	r.overlay("payroll", "payroll", copied, kustomization)
	summary, _, err := r.render()
	require.ErrorContains(t, err, "namespace sales: has two owners, tenant payroll (")
	require.Equal(t, 2, summary.Failed, "nobody here knows which of the two is right")
	require.NoDirExists(t, r.path("rendered/sales"))
	r.same("devel")

	r.overlay("payroll", "payroll", "{admins: [{kind: User, name: jo}]}", kustomization)
	_, _, err = r.render()
	require.NoError(t, err)
	before := r.read("rendered/sales/manifests.yaml")
	r.overlay("thief", "thief", copied, kustomization)
	_, _, err = r.render()
	require.ErrorContains(t, err, "namespace sales: has two owners, tenant sales (")
	require.NoDirExists(t, r.path("rendered/thief"))
	require.Equal(t, before, r.read("rendered/sales/manifests.yaml"), "what was there stays")
}

func TestNoRunTakesWhatAnEarlierOneRendered(t *testing.T) {
	r := newRepo(t)
	const spec = "{admins: [{kind: User, name: jo}]}"
	deeper := strings.Replace(kustomization, "../../", "../../../", 1)
	r.overlay("teamA/stores", "stores", spec, deeper)
	r.overlay("teamB/web", "stores", spec, deeper)
	of := func(dir string) error {
		_, _, err := r.render(func(o *render.Options) { o.Overlays = []string{r.path("overlays", dir)} })
		return err
	}
	require.NoError(t, of("teamA"))
	before := r.outputs([]string{"stores"})
	err := of("teamB")
	require.ErrorContains(t, err, "has two owners")
	require.ErrorContains(t, err, r.path("overlays/teamA/stores"))
	require.NoDirExists(t, r.path("rendered/web"))
	require.NoError(t, of("teamA"), "who has it keeps it")
	require.Equal(t, before, r.outputs([]string{"stores"}))

	require.NoError(t, os.RemoveAll(r.path("overlays/teamA/stores")))
	require.NoError(t, of("teamB"), "what is gone has nothing")
}
