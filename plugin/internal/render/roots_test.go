package render_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/catest"
)

// published is what a control plane would publish of its root.
func published(root string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio-ca-root-cert, namespace: ISTIO_TENANT_NAMESPACE}\ndata:\n  root-cert.pem: |\n    " +
		strings.ReplaceAll(strings.TrimSpace(root), "\n", "\n    ") + "\n"
}

func TestTwoMeshesHaveNoRootInCommon(t *testing.T) {
	r := newPlainRepo(t)
	roots := func(name, root string) {
		t.Helper()
		r.overlay(name, name, "{admins: [{kind: User, name: jo}]}", strings.Replace(kustomization, "[", "[root.yaml, ", 1))
		r.write("overlays/"+name+"/root.yaml", published(root))
	}
	first, second := catest.Root(t, "first"), catest.Root(t, "second")
	r.teams("devel")
	roots("sales", first)
	roots("payroll", first)
	const refused = `root certificate "CN=first" (public key `
	for _, with := range []func(*render.Options){
		func(*render.Options) {}, func(o *render.Options) { o.Split = true }, func(o *render.Options) { o.Verify = true }, func(o *render.Options) { o.Diff = true },
		func(o *render.Options) { o.Output = "" },
	} {
		summary, _, err := r.render(with)
		require.ErrorContains(t, err, r.path("overlays/sales")+": "+refused)
		require.ErrorContains(t, err, r.path("overlays/payroll")+": "+refused)
		require.ErrorContains(t, err, "ConfigMap istio-sales/istio-ca-root-cert: data.root-cert.pem")
		require.Equal(t, 2, summary.Failed)
		require.NoDirExists(t, r.path("rendered/sales"))
		require.NoDirExists(t, r.path("rendered/payroll"))
	}

	roots("payroll", second)
	r.run()
	r.same("devel")
	r.same("sales")
	r.same("payroll")
	before := r.outputs([]string{"sales", "payroll"})
	require.Zero(t, r.run().Built, "what is current is not built for its root")

	// One changes, and the other is known from the run before.
	roots("payroll", first)
	summary, _, err := r.render()
	require.ErrorContains(t, err, r.path("overlays/payroll")+": "+refused)
	require.Equal(t, 2, summary.Failed)
	_, _, err = r.render(func(o *render.Options) { o.Overlays = []string{r.path("overlays/payroll")} })
	require.ErrorContains(t, err, refused, "not only of this run")
	require.Equal(t, before, r.outputs([]string{"sales", "payroll"}), "what was there stays")
}

func TestABaseWithARootIsForOneTenant(t *testing.T) {
	r := newPlainRepo(t)
	r.teams(many()...)
	r.write("bases/istio/control-plane/root.yaml", published(catest.Root(t, "shared")))
	r.write("bases/istio/control-plane/kustomization.yaml", "resources: [generated.yaml, root.yaml]\n")
	summary, _, err := r.render()
	require.Equal(t, len(many()), summary.Failed, "%v", err)
	require.NotZero(t, summary.Filled, "from a template")
	require.Equal(t, len(many()), strings.Count(err.Error(), "\n")+1, "a line each")
	require.NoDirExists(t, r.path("rendered/group-aaa"))

	for _, name := range many()[1:] {
		require.NoError(t, os.RemoveAll(r.path("overlays", name)))
	}
	r.run()
	r.same("group-aaa")
}
