package shipped_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// byID builds a kustomization of the post as its README says.
func byID(t *testing.T, dir string) map[object.ID]*yaml.RNode {
	t.Helper()
	objects := map[object.ID]*yaml.RNode{}
	for _, n := range build(t, dir) {
		objects[object.IDOf(n)] = n
	}
	return objects
}

// TestSalesIsTheTenantOfThePost holds the build against the post, to the letter.
func TestSalesIsTheTenantOfThePost(t *testing.T) {
	objects := byID(t, "examples/blog/overlays/sales")
	const rbac = "rbac.authorization.k8s.io"
	for _, id := range []object.ID{
		{Kind: "Namespace", Name: "istio-system1"},
		{Kind: "Namespace", Name: "ns-1"},
		{Group: rbac, Kind: "Role", Namespace: "istio-system1", Name: "ns-access-for-sales-admin-istio-system1"},
		{Group: rbac, Kind: "RoleBinding", Namespace: "istio-system1", Name: "access-all-istio-system1"},
		{Kind: "Service", Namespace: "ns-1", Name: "details"},
		{Group: "config.istio.io", Kind: "RouteRule", Namespace: "ns-1", Name: "reviews-default"},
	} {
		require.Contains(t, objects, id)
	}
	pilot := objects[object.ID{Group: "apps", Kind: "Deployment", Namespace: "istio-system1", Name: "istio-pilot"}]
	require.NotNil(t, pilot)
	discovery := object.List(pilot, "spec", "template", "spec", "containers")[0]
	require.Equal(t, "discovery", object.String(discovery, "name"))
	require.Equal(t, []string{"discovery", "-v", "2", "--admission-service", "istio-pilot", "--appNamespace", "ns-1"},
		object.Strings(discovery, "args"))
	binding := objects[object.ID{Group: rbac, Kind: "RoleBinding", Namespace: "istio-system1", Name: "access-all-istio-system1"}]
	subject := object.List(binding, "subjects")[0]
	require.Equal(t, "User sales-admin", object.String(subject, "kind")+" "+object.String(subject, "name"))
	require.Equal(t, "details", objects[object.ID{Kind: "Service", Namespace: "ns-1", Name: "details"}].GetName())
}

func TestDevAndSalesShareNothing(t *testing.T) {
	dev, sales := byID(t, "examples/blog/overlays/dev"), byID(t, "examples/blog/overlays/sales")
	require.Len(t, sales, len(dev))
	for id := range dev {
		require.NotContains(t, sales, id)
	}
}

// TestTheCommonBase is applied once, and has nothing of a tenant's.
func TestTheCommonBase(t *testing.T) {
	for id := range byID(t, "bases/classic/common") {
		require.Empty(t, id.Namespace, id)
	}
}
