package render_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestATenantInTwoOverlays: one with the control plane, and others with
// applications alone.
func TestATenantInTwoOverlays(t *testing.T) {
	const (
		spec  = "{admins: [{kind: User, name: jo}]}"
		apart = "resources: [../../bases/istio/applications, web.yaml]\ntransformers: [tenant.yaml]\n"
		web   = "{apiVersion: v1, kind: ConfigMap, metadata: {name: web}}\n"
	)
	r := newPlainRepo(t)
	r.overlay("sales", "sales", spec, kustomization)
	r.overlay("sales-web", "sales", spec, apart)
	r.write("overlays/sales-web/web.yaml", web)
	summary := r.run()
	require.Equal(t, 2, summary.Overlays)
	r.same("sales")
	r.same("sales-web")
	text := r.read("rendered/sales-web/manifests.yaml")
	require.Equal(t, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  labels:\n    istio-tenancy.dev/part: applications\n    istio-tenancy.dev/tenant: sales\n  name: web\n  namespace: sales\n", text)

	// The same object is in both.
	before := r.read("rendered/sales/manifests.yaml")
	r.overlay("sales", "sales", spec, strings.Replace(kustomization, "]\n", ", web.yaml]\n", 1))
	r.write("overlays/sales/web.yaml", web)
	_, _, err := r.render()
	require.ErrorContains(t, err, "ConfigMap sales/web: has two owners, tenant sales (")
	require.Equal(t, before, r.read("rendered/sales/manifests.yaml"))
	r.overlay("sales", "sales", spec, kustomization)
	r.run()

	// The files differ.
	r.overlay("sales-web", "sales", "{admins: [{kind: User, name: jo}], applicationNamespaces: [web-sales]}", apart)
	_, _, err = r.render()
	require.ErrorContains(t, err, `tenant sales: spec.applicationNamespaces: found ["sales"] and ["web-sales"]: differs in `)
	require.Equal(t, text, r.read("rendered/sales-web/manifests.yaml"))
	r.overlay("sales-web", "sales", spec, apart)
	r.run()

	// Others may have more of them, and none may have a second control plane.
	r.overlay("sales-shop", "sales", spec, strings.Replace(apart, "web.yaml", "shop.yaml", 1))
	r.write("overlays/sales-shop/shop.yaml", strings.Replace(web, "web", "shop", 1))
	r.run()
	r.overlay("sales-copy", "sales", spec, kustomization)
	_, _, err = r.render()
	require.ErrorContains(t, err, "tenant sales: has two owners")
	require.NoError(t, os.RemoveAll(r.path("overlays/sales-copy")))

	// Without a control plane, they are rendered as well.
	require.NoError(t, os.RemoveAll(r.path("overlays/sales")))
	require.NoError(t, os.RemoveAll(r.path("rendered")))
	r.run()
	require.Equal(t, text, r.read("rendered/sales-web/manifests.yaml"))
}
