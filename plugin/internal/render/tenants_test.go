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
	r := newPlainRepo(t)
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
	r := newPlainRepo(t)
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
	require.ErrorContains(t, of("teamB"), "has an output of another name", "what is gone may be in the cluster")
	require.NoError(t, os.RemoveAll(r.path("rendered/stores")))
	require.NoError(t, of("teamB"), "what is gone has nothing")
}

// TestATenantIsRenderedOnce lists an overlay, as is the way to change what the
// tenant adds, and leaves it among those that are rendered.
func TestATenantIsRenderedOnce(t *testing.T) {
	const patched = "resources: [../sales]\ncommonAnnotations: {a: b}\n"
	r := newPlainRepo(t)
	r.teams("devel", "sales")
	twice := func(name, resource string) {
		t.Helper()
		_, printed, err := r.render()
		require.ErrorContains(t, err, r.path("overlays", name)+": tenant sales: has two owners, tenant sales (", printed)
		require.ErrorContains(t, err, "tenant sales ("+r.path("overlays", name)+": resources: "+resource+")")
		require.ErrorContains(t, err, "must have one: render only one of the two, and do not render a directory that another one lists")
		require.NoDirExists(t, r.path("rendered", name))
		require.FileExists(t, r.path("rendered/devel/manifests.yaml"))
		require.NoError(t, os.RemoveAll(r.path("overlays", name)))
	}
	for name, text := range map[string]string{
		"kustomization.yaml": patched,
		"kustomization.yml":  patched,
		"Kustomization":      "bases: [../sales]\n",
	} {
		r.write("overlays/over/"+name, text)
		twice("over", "../sales")
	}
	r.write("between/kustomization.yaml", "resources: [../overlays/sales]\n")
	r.write("overlays/over/kustomization.yaml", "components: []\nresources: [../../between]\n")
	twice("over", "../../between")

	r.run()
	r.write("overlays/zover/kustomization.yaml", patched)
	twice("zover", "../sales")

	// The way out.
	require.NoError(t, os.Rename(r.path("overlays/sales"), r.path("sales")))
	r.write("sales/kustomization.yaml", strings.ReplaceAll(kustomization, "../../", "../"))
	r.write("overlays/over/kustomization.yaml", strings.ReplaceAll(patched, "../", "../../"))
	r.run(func(o *render.Options) { o.Prune = true })
	r.same("over")

	// Who was there first is known from an earlier run.
	r.write("overlays/other/kustomization.yaml", strings.ReplaceAll(patched, "../", "../../"))
	twice("other", "../../sales")
}
