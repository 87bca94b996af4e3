package e2e

import (
	"fmt"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

// Who takes rights away looks at the RoleBindings without the tenant's label, and
// deletes them.
func TestARoleBindingWithTheLabelWasRenderedForItsNamespace(t *testing.T) {
	c := claims(t, "A Role or RoleBinding with the tenant's label is in a Namespace of the tenant, and had the label when it was created. Other Roles and RoleBindings of a tenant have no finalizer that keeps them")
	w := theWorld(t)
	sales := w.tenants["sales"]
	admin := w.cluster.As(sales.admin)
	in := func(namespace string) string { return rbac + "/namespaces/" + namespace + "/rolebindings" }
	binding := func(name, metadata string) string {
		return `{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"` + name + `"` + metadata + `},` +
			me + "," + roleRef("ClusterRole", "view") + "}"
	}
	refused := func(name string, client *cluster.Client, method, path, body string, words ...string) {
		c.check(name, func(t *testing.T) {
			answer := send(t, client, method, path, body)
			require.Equal(t, 403, answer.Code, "%.300s", answer.Message())
			require.Contains(t, answer.Message(), "istio-tenancy-rolebindings")
			for _, word := range words {
				require.Contains(t, answer.Message(), word)
			}
		})
	}
	const label, finalizer = `,"labels":{"istio-tenancy.dev/tenant":"sales"}`, `,"finalizers":["attack.example/x"]`
	refused("the tool, in a Namespace of nobody", w.cluster.Admin, "POST", in("default"), binding("opens", label), "belongs to no tenant", "adopt=sales")
	refused("the tool, in another tenant's", w.cluster.Admin, "POST", in("ns-0"), binding("opens", label), "belongs to the tenant dev")
	refused("the tool, by server-side apply", w.cluster.Admin, "PATCH", in("default")+"/opens?fieldManager=x&force=true", binding("opens", label))
	refused("a finalizer on a RoleBinding of one's own", admin, "POST", in("ns-1"), binding("mine", finalizer), "metadata.finalizers", "attack.example/x")
	refused("a finalizer on a Role of one's own", admin, "POST", rbac+"/namespaces/ns-1/roles",
		`{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"mine"`+finalizer+`},"rules":[]}`)

	require.NoError(t, send(t, admin, "POST", in("ns-1"), binding("waits", `,"annotations":{"kustomize.toolkit.fluxcd.io/prune":"disabled"}`)).Error())
	defer admin.Do("DELETE", in("ns-1")+"/waits", "")
	refused("a finalizer, later", admin, "PATCH", in("ns-1")+"/waits", `{"metadata":{"finalizers":["attack.example/x"]}}`)
	refused("one that waited for its name to be rendered", w.cluster.Admin, "PATCH", in("ns-1")+"/waits?fieldManager=x&force=true",
		binding("waits", label), "was not rendered", "kubectl delete rolebindings -n ns-1 waits")
	c.check("after that command, what is rendered has nothing of it", func(t *testing.T) {
		require.NoError(t, send(t, w.cluster.Admin, "DELETE", in("ns-1")+"/waits", "").Error())
		require.NoError(t, send(t, w.cluster.Admin, "PATCH", in("ns-1")+"/waits?fieldManager=x&force=true", binding("waits", label)).Error())
		stored, err := w.cluster.Admin.Get(in("ns-1") + "/waits")
		require.NoError(t, err)
		require.Empty(t, stored.GetAnnotations())
	})
	for _, policy := range []string{"Background", "Foreground", "Orphan"} {
		c.check("one of the tenant's own is deleted: "+policy, func(t *testing.T) {
			require.NoError(t, send(t, admin, "POST", in("ns-1"), binding("own", "")).Error())
			require.NoError(t, send(t, admin, "DELETE", in("ns-1")+"/own", fmt.Sprintf(`{"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":%q}`, policy)).Error())
			require.NoError(t, cluster.Eventually(patience, func() error { return isGone(w, in("ns-1")+"/own") }))
		})
	}
}
