package render_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render"
)

func TestAnOverlayWithoutATenantIsAnErrorAndLeavesTheOldOutput(t *testing.T) {
	r := newPlainRepo(t)
	r.teams("alpha", "beta")
	_, _, err := r.render()
	require.NoError(t, err)
	before := r.outputs([]string{"alpha"})
	tenant := r.read("overlays/alpha/tenant.yaml")
	const base = "resources: [../../bases/istio/control-plane]\n"
	for name, c := range map[string]struct{ kustomization, tenant, want string }{
		"an empty tenant": {
			kustomization, "# later\n---\n",
			": holds ISTIO_TENANT_NAMESPACE, which a base has until a tenant is laid over it, as .+ other objects do: " +
				"tenant.yaml is empty: must hold an IstioTenant",
		},
		"no transformers": {
			base, tenant,
			": kustomization.yaml has no transformers: .+ such as: transformers: \\[tenant.yaml\\]$",
		},
		"a tenant among the resources": {
			"resources: [../../bases/istio/control-plane, tenant.yaml]\n", tenant,
			"IstioTenant alpha: is printed as an object, and no cluster has this kind: list its file under transformers" +
				"(.|\n)+: kustomization.yaml lists tenant.yaml under resources: move it to transformers$",
		},
		"a transformer that is no tenant": {
			base + "transformers: [tenant.yaml]\n",
			"apiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: a}\nlabels: {a: b}\nfieldSpecs: [{path: metadata/labels, create: true}]\n",
			": kustomization.yaml lists no IstioTenant under transformers: ",
		},
		"what comes after the tenant": {
			kustomization[:len(kustomization)-2] + ", late.yaml]\n", tenant,
			"Namespace alpha: metadata.annotations.late: holds ISTIO_TENANT_NAMESPACE.+: something adds it after the tenant is laid",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r.write("overlays/alpha/kustomization.yaml", c.kustomization)
			r.write("overlays/alpha/tenant.yaml", c.tenant)
			r.write("overlays/alpha/late.yaml", "apiVersion: builtin\nkind: AnnotationsTransformer\nmetadata: {name: a}\n"+
				"annotations: {late: in-ISTIO_TENANT_NAMESPACE}\nfieldSpecs: [{path: metadata/annotations, create: true}]\n")
			summary, _, err := r.render()
			require.Error(t, err)
			require.Regexp(t, c.want, err.Error())
			require.Contains(t, err.Error(), r.path("overlays/alpha")+": ")
			require.Equal(t, 1, summary.Failed)
			require.Equal(t, before, r.outputs([]string{"alpha"}))
			_, printed, err := r.render(func(o *render.Options) { o.Output = "" })
			require.Error(t, err)
			require.Empty(t, printed)
		})
	}
	require.NoError(t, os.RemoveAll(r.path("overlays")))
	_, _, err = r.render(func(o *render.Options) {
		o.Overlays = []string{r.path("bases/istio/common")}
	})
	require.NoError(t, err, "the common base needs no tenant")
	require.FileExists(t, r.path("rendered/common/manifests.yaml"))
}
