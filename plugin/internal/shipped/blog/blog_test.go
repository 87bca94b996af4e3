// Package blog_test builds the tenants of the post with the real kustomize.
package blog_test

import (
	"bytes"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/clitest"
)

func TestMain(m *testing.M) {
	if err := os.Chdir("../../../../examples/blog"); err != nil {
		panic(err)
	}
	os.Exit(clitest.Main(m))
}

// build builds a kustomization as its README says.
func build(t *testing.T, dir string) map[object.ID]*yaml.RNode {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command("kustomize", "build", "--enable-alpha-plugins", "--enable-exec", dir)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	require.Empty(t, stderr.String(), "nothing to warn of")
	nodes, err := kio.FromBytes(out)
	require.NoError(t, err)
	objects := map[object.ID]*yaml.RNode{}
	for _, n := range nodes {
		objects[object.IDOf(n)] = n
	}
	return objects
}

// TestSalesIsTheTenantOfThePost holds the build against the post, to the letter.
func TestSalesIsTheTenantOfThePost(t *testing.T) {
	objects := build(t, "overlays/sales")
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
	dev, sales := build(t, "overlays/dev"), build(t, "overlays/sales")
	require.Len(t, sales, len(dev))
	for id := range dev {
		require.NotContains(t, sales, id)
	}
}

// TestTheCommonBase is applied once, and has nothing of a tenant's.
func TestTheCommonBase(t *testing.T) {
	for id := range build(t, "../../bases/classic/common") {
		require.Empty(t, id.Namespace, id)
	}
}
