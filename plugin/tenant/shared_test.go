package tenant_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/controlplane"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
	"github.com/istio-tenancy/istio-tenancy/plugin/tenant"
)

// ofMesh is a valid tenant of a mesh, with an application namespace or several.
func ofMesh(mesh v1alpha1.Mesh, name string, namespaces ...string) v1alpha1.IstioTenant {
	t := v1alpha1.IstioTenant{Metadata: v1alpha1.Metadata{Name: name}}
	t.Spec.Mesh = mesh
	t.Spec.ApplicationNamespaces = namespaces
	t.Spec.Admins = []v1alpha1.Subject{{Kind: "User", Name: name + "-admin"}}
	return t
}

// TestATenantOfASharedMesh has all that the tenant gets, over nothing and over
// applications, in its namespaces and nowhere else.
func TestATenantOfASharedMesh(t *testing.T) {
	of := ofMesh(v1alpha1.MeshShared, "orders", "orders-web", "orders-db")
	of.Spec.Network.AllowFrom = []string{"istio-ingress"}
	of.Spec.Quota = map[string]string{"pods": "50"}
	of.Spec.Viewers = []v1alpha1.Subject{{Kind: "Group", Name: "orders"}}
	marker := func() []*yaml.RNode { return part(t, v1alpha1.ReleaseSpec{Part: v1alpha1.PartShared}) }

	got, err := tenant.Transformer{Tenant: of}.Filter(marker())
	require.NoError(t, err)
	expect(t, filepath.Join("testdata", "shared.expected.yaml"), objecttest.String(t, got))
	requireLaid(t, of, got)

	brought := objecttest.Parse(t, strings.ReplaceAll(someApplications, "ns-1", "orders-db"))
	var warnings []string
	all, err := tenant.Transformer{Tenant: of, Warn: func(w string) { warnings = append(warnings, w) }}.Filter(slices.Concat(brought, part(t, v1alpha1.ReleaseSpec{Part: v1alpha1.PartGateway}), marker()))
	require.NoError(t, err)
	text := objecttest.String(t, all)
	for _, o := range all {
		id := object.IDOf(o)
		if id.Kind != "Namespace" {
			require.Contains(t, of.Spec.ApplicationNamespaces, id.Namespace, id)
		}
		require.Equal(t, "orders", o.GetLabels()[v1alpha1.TenantLabel], id)
	}
	require.Contains(t, strings.Join(warnings, "\n"), `Ingress orders-web/web: found the class "istio", which no control plane serves where tenants share one`)
	require.Contains(t, text, "audience: shared.istio-tenancy.dev, path", "the mesh's")
	require.NotContains(t, text, "audience: istio-ca")
	require.Contains(t, text, "istiod.istio-shared.svc:15012", "as a base names it")
	require.Contains(t, text, "name: allow-ingress-istio-ingressgateway\n", "a gateway of its own")
	require.NotContains(t, text, v1alpha1.BaseNamespace)
	for _, o := range got {
		require.Contains(t, text, objecttest.String(t, []*yaml.RNode{o}), "as without applications")
	}

	closed := ofMesh(v1alpha1.MeshShared, "orders")
	closed.Spec.Network.WithinTenant = v1alpha1.WithinTenantDeny
	got, err = tenant.Transformer{Tenant: closed}.Filter(marker())
	require.NoError(t, err)
	policies := object.Of("NetworkPolicy", got)
	i := slices.IndexFunc(policies, func(o *yaml.RNode) bool { return o.GetName() == "deny-all" })
	require.GreaterOrEqual(t, i, 0)
	require.Empty(t, object.List(policies[i], "spec", "ingress"))
}

// TestApplicationsApartOfASharedMesh: a tenant's own team builds them as it does where
// the control plane is the tenant's.
func TestApplicationsApartOfASharedMesh(t *testing.T) {
	got, err := tenant.Transformer{Tenant: ofMesh(v1alpha1.MeshShared, "orders")}.Filter(append(
		objecttest.Parse(t, strings.ReplaceAll(someApplications, "ns-1", "orders")), part(t, v1alpha1.ReleaseSpec{Part: v1alpha1.PartApplications})...))
	require.NoError(t, err)
	require.Len(t, got, 4)
	require.Contains(t, objecttest.String(t, got), "audience: shared.istio-tenancy.dev, path")
}

// TestAgain: what has no control plane among it stays what it is, too.
func TestAgain(t *testing.T) {
	shared := ofMesh(v1alpha1.MeshShared, "orders")
	for name, in := range map[string][]*yaml.RNode{
		"shared": append(objecttest.Parse(t, strings.ReplaceAll(someApplications, "ns-1", "orders")), part(t, v1alpha1.ReleaseSpec{Part: v1alpha1.PartShared})...),
		"apart":  append(objecttest.Parse(t, strings.ReplaceAll(someApplications, "ns-1", "orders")), part(t, v1alpha1.ReleaseSpec{Part: v1alpha1.PartApplications})...),
	} {
		got, err := tenant.Transformer{Tenant: shared}.Filter(in)
		require.NoError(t, err, name)
		once, stated := objecttest.String(t, got), map[string]string{controlplane.VersionAnnotation: istio.Release}
		again, err := tenant.Transformer{Tenant: shared}.Again(objecttest.Parse(t, once), stated)
		require.NoError(t, err, name)
		require.Equal(t, once, objecttest.String(t, again), name)
		_, err = tenant.Transformer{Tenant: shared}.Again(objecttest.Parse(t, once+"---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: istio-shared}}"), stated)
		require.ErrorContains(t, err, "where the control plane is", name)
		_, err = tenant.Transformer{}.Again(objecttest.Parse(t, once), stated)
		require.Error(t, err, "of no tenant")
	}
}

// TestTheControlPlaneOfASharedMesh is one that selects by a label what it discovers,
// injects, validates and lets in, and whose ClusterRole for members is bound to nobody.
func TestTheControlPlaneOfASharedMesh(t *testing.T) {
	of := ofMesh(v1alpha1.MeshHost, "shared", "istio-ingress")
	in := base(t)
	before := copies(in)
	got, err := tenant.Transformer{Tenant: of}.Filter(slices.Clone(in))
	require.NoError(t, err)
	expect(t, filepath.Join("testdata", "host.expected.made.yaml"), objecttest.String(t, made(in, got)))
	expect(t, filepath.Join("testdata", "host.expected.changed.txt"), changes(before, in, got))
	requireLaid(t, of, got)
	once := objecttest.String(t, got)
	again, err := tenant.Transformer{Tenant: of}.Filter(objecttest.Parse(t, once))
	require.NoError(t, err)
	require.Equal(t, once, objecttest.String(t, again), "idempotent")
	for _, o := range got {
		require.NotEqual(t, "istiod-member-shared-istio-shared", object.String(o, "roleRef", "name"))
	}
}

func TestTheBaseIsThatOfTheMesh(t *testing.T) {
	marker := func() []*yaml.RNode { return part(t, v1alpha1.ReleaseSpec{Part: v1alpha1.PartShared}) }
	old := part(t, v1alpha1.ReleaseSpec{Part: v1alpha1.PartShared, Tag: "1.28.0"})
	parse := func(text string) []*yaml.RNode { return append(marker(), objecttest.Parse(t, text)...) }
	shared := ofMesh(v1alpha1.MeshShared, "orders")
	for _, row := range []struct {
		name    string
		tenant  v1alpha1.IstioTenant
		objects []*yaml.RNode
		want    string
	}{
		{"a control plane's base", shared, base(t), `spec.mesh: found "shared", with which the tenant brings no control plane, and Deployment ISTIO_TENANT_NAMESPACE/istiod is among the objects: list bases/istio/shared under resources`},
		{"no base", shared, objecttest.Parse(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}"), "and no base is among the objects: list bases/istio/shared under resources"},
		{"both bases", shared, append(marker(), base(t)...), "Deployment ISTIO_TENANT_NAMESPACE/istiod is among the objects, beside the base of bases/istio/shared"},
		{"a dedicated tenant", ofMesh(v1alpha1.MeshDedicated, "orders"), marker(), `spec.mesh: found "dedicated", and the base among the objects is for a tenant that shares a control plane: list bases/istio/control-plane`},
		{"a host", ofMesh(v1alpha1.MeshHost, "shared"), marker(), `spec.mesh: found "host", and the base`},
		{"a host that everybody may have", ofMesh(v1alpha1.MeshHost, "shared", "istio-ingress"), append(base(t), objecttest.Parse(t,
			"{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: a, namespace: istio-ingress}, spec: {selector: {istio: a}, servers: [{hosts: [parcel/a.example.com]}, {hosts: ['*']}]}}")...),
			`Gateway istio-ingress/a: spec.servers[1].hosts[0]: found "*", and every tenant of the mesh could have that host: write the namespace that it is for`},
		{"an old Istio", shared, old, `spec.mesh: found "shared", and the control plane is Istio 1.28.0: several tenants can share a control plane of Istio 1.29 or later only`},
		{"what is beside the control plane", shared, parse("{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: istio-shared}}"), "metadata.namespace: found istio-shared, where the control plane is"},
		{"another's namespace", shared, parse("{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: billing}}"), `metadata.namespace: found "billing"; must be one of the tenant's namespaces, orders`},
		{"another's Namespace", shared, parse("{apiVersion: v1, kind: Namespace, metadata: {name: billing}}"), "is not one of the tenant's namespaces, orders"},
		{"a ClusterRole", shared, parse("{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: a-istio-shared}}"), "has no namespace, and is no application"},
		{"a Sidecar of its name", shared, parse("{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: tenant-partition}, spec: {workloadSelector: {labels: {a: b}}}}"),
			"istio-tenancy generates a Sidecar of this name: rename yours"},
		{"a Sidecar of the namespace", shared, parse("{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: mine}, spec: {egress: [{hosts: ['*/*']}]}}"),
			"Sidecar orders/mine: spec.workloadSelector: is missing"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := tenant.Transformer{Tenant: row.tenant}.Filter(row.objects)
			require.ErrorContains(t, err, row.want)
		})
	}
}
