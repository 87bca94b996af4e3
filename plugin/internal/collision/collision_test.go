package collision_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/collision"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

func TestOfTenant(t *testing.T) {
	const (
		name     = "tenant sales: has two owners, tenant sales (a: metadata.name) and tenant sales (b: metadata.name): must have one: change metadata.name in the copy"
		revision = "revision sales: has two owners, tenant sales (a: spec.controlPlane.revision) and tenant hr (b: spec.controlPlane.revision): must have one"
		plane    = "namespace istio-sales: has two owners, tenant sales (a: spec.controlPlane.namespace) and tenant hr (b: spec.controlPlane.namespace): must have one"
		crossed  = "namespace istio-sales: has two owners, tenant sales (a: spec.controlPlane.namespace) and tenant hr (b: spec.applicationNamespaces[1]): must have one"
	)
	for what, c := range map[string]struct {
		tenant string
		spec   v1alpha1.TenantSpec
		want   []string
	}{
		"nothing in common": {tenant: "hr"},
		"the name":          {tenant: "sales", want: []string{name}},
		"the revision":      {"hr", v1alpha1.TenantSpec{ControlPlane: v1alpha1.ControlPlane{Revision: "sales"}}, []string{revision}},
		"the trust domain": {"hr", v1alpha1.TenantSpec{ControlPlane: v1alpha1.ControlPlane{TrustDomain: "sales.mesh"}}, []string{
			"trust domain sales.mesh: has two owners, tenant sales (a: spec.controlPlane.trustDomain) and tenant hr (b: spec.controlPlane.trustDomain): must have one",
		}},
		"a shared control plane": {"hr", v1alpha1.TenantSpec{Mesh: v1alpha1.MeshShared, ControlPlane: v1alpha1.ControlPlane{Revision: "sales", Namespace: "istio-sales"}}, nil},
		"a namespace, and a shared control plane": {"hr", v1alpha1.TenantSpec{Mesh: v1alpha1.MeshShared, ApplicationNamespaces: []string{"istio-sales"}}, []string{
			"namespace istio-sales: has two owners, tenant sales (a: spec.controlPlane.namespace) and tenant hr (b: spec.applicationNamespaces[0]): must have one",
		}},
		"the control plane's namespace":  {"hr", v1alpha1.TenantSpec{ControlPlane: v1alpha1.ControlPlane{Namespace: "istio-sales"}}, []string{plane}},
		"another's application's":        {"hr", v1alpha1.TenantSpec{ApplicationNamespaces: []string{"x", "istio-sales"}}, []string{crossed}},
		"the name, in another namespace": {"sales", v1alpha1.TenantSpec{ApplicationNamespaces: []string{"x"}}, []string{name}},
	} {
		t.Run(what, func(t *testing.T) {
			a := v1alpha1.IstioTenant{Metadata: v1alpha1.Metadata{Name: "sales"}}
			b := v1alpha1.IstioTenant{Metadata: v1alpha1.Metadata{Name: c.tenant}, Spec: c.spec}
			a.Default()
			b.Default()
			check(t, append(collision.OfTenant("a", a), collision.OfTenant("b", b)...), c.want)
		})
	}
}

func TestOfListed(t *testing.T) {
	sales := v1alpha1.IstioTenant{Metadata: v1alpha1.Metadata{Name: "sales"}}
	sales.Default()
	own, listed := collision.OfTenant("b", sales), collision.OfListed("a", "../b", sales)
	check(t, append(listed, own...), []string{
		"tenant sales: has two owners, tenant sales (a: resources: ../b) and tenant sales (b: metadata.name): must have one: " +
			"render only one of the two, and do not render a directory that another one lists",
	})
	check(t, append(listed, listed...), nil)
	check(t, append(collision.OfTenant("a", sales), listed...), nil)
}

func TestRevisionAndNamespaceMakeTheNamesOfWhatHasNoNamespace(t *testing.T) {
	tenant := func(name, revision, namespace string) v1alpha1.IstioTenant {
		t := v1alpha1.IstioTenant{Metadata: v1alpha1.Metadata{Name: name}}
		t.Spec.ControlPlane.Revision, t.Spec.ControlPlane.Namespace = revision, namespace
		t.Default()
		return t
	}
	check(t, append(collision.OfTenant("a", tenant("x", "a", "b-c")), collision.OfTenant("b", tenant("y", "a-b", "c"))...), []string{
		"cluster-wide name *-a-b-c: has two owners, tenant x (a: spec.controlPlane) and tenant y (b: spec.controlPlane): must have one",
	})
}

func TestOfObjects(t *testing.T) {
	const (
		sales  = "labels: {istio-tenancy.dev/tenant: sales}"
		hr     = "labels: {istio-tenancy.dev/tenant: hr}"
		first  = "kind: ConfigMap\nmetadata: {name: x, namespace: ns-1, " + sales + "}\n"
		port   = "kind: Service\nmetadata: {name: web, namespace: ns-1, " + sales + "}\nspec: {ports: [{port: 80}, {port: 443, nodePort: 30443}, {port: 53, nodePort: 0}]}\n"
		global = "kind: ClusterRole\nmetadata: {name: x, " + sales + "}\n---\nkind: ClusterRole\nmetadata: {name: y, " + sales + "}\n"
	)
	for what, c := range map[string]struct {
		a, b string
		want []string
	}{
		"nothing in common":       {first, "kind: ConfigMap\nmetadata: {name: x, namespace: ns-2, " + hr + "}\n", nil},
		"one tenant in two files": {first, "kind: ConfigMap\nmetadata: {name: y, namespace: ns-1, " + sales + "}\n", nil},
		"a namespace": {first, strings.ReplaceAll(first, "sales", "hr"),
			[]string{"namespace ns-1: has two owners, tenant sales (a) and tenant hr (b): must have one"}},
		"a Namespace": {first, "kind: Namespace\nmetadata: {name: ns-1, " + hr + "}\n",
			[]string{"namespace ns-1: has two owners, tenant sales (a) and tenant hr (b): must have one"}},
		"objects": {global, strings.ReplaceAll(global, "sales", "hr"),
			[]string{"ClusterRole x (and 1 more): has two owners, tenant sales (a) and tenant hr (b): must have one"}},
		"a class of Gateways, which the cluster administrator has, too": {
			"apiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata: {name: istio-sales, " + sales + "}\n",
			"apiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata: {name: istio-sales}\n",
			[]string{"GatewayClass istio-sales: has two owners, tenant sales (a) and no tenant (b): must have one"}},
		"one tenant's objects twice": {first, first,
			[]string{"ConfigMap ns-1/x: has two owners, tenant sales (a) and tenant sales (b): must have one"}},
		"a port of the nodes": {port, strings.NewReplacer("sales", "hr", "ns-1", "ns-2").Replace(port),
			[]string{"node port 30443/TCP: has two owners, tenant sales (a: Service ns-1/web) and tenant hr (b: Service ns-2/web): must have one"}},
		"a port of the nodes, another protocol": {port,
			strings.NewReplacer("sales", "hr", "ns-1", "ns-2", "nodePort: 30443", "nodePort: 30443, protocol: UDP").Replace(port), nil},
		"no tenant's": {first, "kind: ConfigMap\nmetadata: {name: x, namespace: ns-1}\n",
			[]string{"ConfigMap ns-1/x: has two owners, tenant sales (a) and no tenant (b): must have one"}},
	} {
		t.Run(what, func(t *testing.T) {
			check(t, append(collision.OfObjects("a", objecttest.Parse(t, c.a)), collision.OfObjects("b", objecttest.Parse(t, c.b))...), c.want)
		})
	}
}

func check(t *testing.T, claims []collision.Claim, want []string) {
	t.Helper()
	err := collision.Check(claims)
	if want == nil {
		require.NoError(t, err)
		return
	}
	require.EqualError(t, err, strings.Join(want, "\n"))
}
