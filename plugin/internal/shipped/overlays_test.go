package shipped_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/clitest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

// newTenant copies the sales overlay beside it, in a copy of the repository,
// and edits tenant.yaml and nothing else.
func newTenant(t testing.TB, name string, edit *strings.Replacer) string {
	t.Helper()
	root := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(root, "bases"), os.DirFS("bases")))
	dir := filepath.Join(root, "overlays", name)
	require.NoError(t, os.CopyFS(dir, os.DirFS("overlays/sales")))
	file := filepath.Join(dir, "tenant.yaml")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, []byte(edit.Replace(string(text))), 0o600))
	return dir
}

func TestACopiedDirectoryIsATenant(t *testing.T) {
	hr := newTenant(t, "hr", strings.NewReplacer("name: sales-admin", "name: hr-admin",
		"name: sales", "name: hr", "istio-system1", "istio-system2", "ns-1", "ns-2"))

	owners := map[object.ID]string{}
	for tenant, dir := range map[string]string{"dev": "overlays/dev", "sales": "overlays/sales", "hr": hr} {
		for _, o := range build(t, dir) {
			id := object.IDOf(o)
			require.Empty(t, owners[id], "%s is %s's too", id, tenant)
			owners[id] = tenant
			require.Equal(t, tenant, o.GetLabels()[v1alpha1.TenantLabel], id)
			require.NotContains(t, o.MustString(), v1alpha1.BaseNamespace, id)
			if tenant == "hr" {
				require.NotRegexp(t, `\b(sales|istio-system1|ns-1)\b`, o.MustString(), id)
			}
		}
	}
}

// Applied from top to bottom, no object comes before what it needs: a Pod that
// is made before the injector's webhook never gets a proxy, and one that is made
// before the policies is open until they are there.
func TestTheOrderIsOneToApplyIn(t *testing.T) {
	for _, dir := range []string{"overlays/dev", "overlays/sales", "examples/bookinfo", "examples/complete"} {
		var kinds []string
		for _, o := range build(t, dir) {
			kinds = append(kinds, o.GetKind())
		}
		require.Equal(t, []string{"Namespace", "Namespace"}, kinds[:2], dir)
		require.Less(t, slices.Index(kinds, "MutatingWebhookConfiguration"), slices.Index(kinds, "Deployment"), dir)
		for _, policy := range []string{"NetworkPolicy", "PeerAuthentication", "AuthorizationPolicy"} {
			require.Contains(t, kinds, policy, dir)
			require.NotContains(t, kinds[slices.Index(kinds, "Deployment"):], policy, dir)
		}
		require.Equal(t, "ValidatingWebhookConfiguration", kinds[len(kinds)-1], dir)
	}
}

func TestCommonIsClusterWide(t *testing.T) {
	for _, o := range build(t, "bases/istio/common") {
		require.Empty(t, o.GetNamespace())
		require.NotContains(t, o.MustString(), v1alpha1.BaseNamespace)
	}
}

func TestBookinfo(t *testing.T) {
	for _, o := range build(t, "examples/bookinfo") {
		if id := object.IDOf(o); !object.IsClusterScoped(o) {
			require.Contains(t, []string{"bookinfo", "istio-bookinfo"}, id.Namespace, id)
		}
	}
}

// TestGateways builds the example as its page says, and holds it to that.
func TestGateways(t *testing.T) {
	out := t.TempDir()
	cmd := exec.Command(filepath.Join(clitest.Bin(t), "istio-tenancy"), "render", "bases/istio/common", "examples/gateways", "-o", out)
	said, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", said)
	require.Equal(t, 1, strings.Count(string(said), "warning: "), "of the image alone, which the page says: %s", said)
	require.Contains(t, string(said), `found "registry.example/istio-tenancy:1.0"`)
	objects := read(t, filepath.Join(out, "gateways", "manifests.yaml"))
	printed, _, err := clitest.Kustomize("examples/gateways", clitest.Functions...)
	require.NoError(t, err)
	require.Equal(t, objecttest.String(t, objecttest.Parse(t, printed)), objecttest.String(t, objects), "kustomize prints the same")
	ids := map[string]*yaml.RNode{}
	for _, o := range objects {
		ids[object.IDOf(o).String()] = o
	}
	field := func(id string, path ...string) string {
		require.Contains(t, ids, id)
		return object.String(ids[id], path...)
	}
	for name, namespace := range map[string]string{"web": "market-edge", "egress": "market-apps"} {
		at := namespace + "/" + name
		for _, kind := range []string{"ServiceAccount", "Role", "RoleBinding", "HorizontalPodAutoscaler"} {
			require.Contains(t, ids, kind+" "+at)
		}
		require.Equal(t, name, field("Deployment "+at, "spec", "template", "metadata", "labels", "istio"))
		require.Equal(t, "market", field("Deployment "+at, "spec", "template", "metadata", "labels", "istio.io/rev"))
		require.Equal(t, map[string]string{"app": name, "istio": name}, object.StringMap(ids["Service "+at], "spec", "selector"))
		require.Equal(t, name, field("Gateway "+at, "spec", "selector", "istio"))
	}
	require.Equal(t, "LoadBalancer", field("Service market-edge/web", "spec", "type"))
	require.Equal(t, "ClusterIP", field("Service market-apps/egress", "spec", "type"))
	require.Contains(t, ids, "NetworkPolicy market-edge/allow-ingress-web")
	require.NotContains(t, ids, "NetworkPolicy market-apps/allow-ingress-egress", "which is for the tenant's own Pods")
	require.Equal(t, "istio-market", field("Gateway market-apps/partners", "spec", "gatewayClassName"))
	require.Equal(t, "market.istio-tenancy.dev/gateway-controller", field("GatewayClass istio-market", "spec", "controllerName"))
}

// Where it may not run programs, kustomize prints what is left and exits 0: an
// API server must refuse that, and it must not be empty either.
func TestWithoutEnableExec(t *testing.T) {
	classed := newTenant(t, "hr", strings.NewReplacer())
	file := filepath.Join(classed, "kustomization.yaml")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(text), "resources:\n", "resources:\n- ../../bases/istio/gateway-class\n", 1)), 0o600))
	for _, dir := range []string{"overlays/dev", "overlays/sales", "examples/bookinfo", "examples/complete", classed} {
		objects := objecttest.Parse(t, kustomize(t, dir, "--enable-alpha-plugins"))
		var refused int
		for _, o := range objects {
			if object.IsClusterScoped(o) {
				require.Contains(t, o.GetName(), v1alpha1.BaseNamespace, "%s: %s, which an API server takes", dir, object.IDOf(o))
			}
			if o.GetKind() == "Namespace" {
				require.Equal(t, v1alpha1.BaseNamespace, o.GetName(), dir)
				refused++
			}
		}
		require.Equal(t, 1, refused, dir)
	}
}
