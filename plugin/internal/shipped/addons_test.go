package shipped_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/clitest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/upstreamtest"
)

// addonsOf are namespaces of a tenant that has addons, the control plane's first.
func addonsOf(applications ...string) []string {
	return append([]string{"istio-orders"}, applications...)
}

func TestTheExampleWithAddons(t *testing.T) {
	objects := build(t, "examples/addons")
	addonsAreTheTenants(t, objects, addonsOf("orders"))
	require.NotNil(t, find(objects, "Telemetry", "orders", "traces"))
	mesh := object.String(find(objects, "ConfigMap", "istio-orders", "istio-orders"), "data", "mesh")
	require.Contains(t, mesh, "service: jaeger-collector.orders.svc.cluster.local", "a Service of the build")
	require.NotNil(t, find(objects, "Service", "orders", "jaeger-collector"))
}

// TestAddonsInEveryMode lays the tenant of the example in other ways: the
// namespaces are all that differs.
func TestAddonsInEveryMode(t *testing.T) {
	for _, mode := range []struct {
		name, spec string
		namespaces []string
	}{
		{"namespace", "discovery: namespace", addonsOf("orders")},
		{"selectors", "discovery: selectors\n  applicationNamespaces: [orders, carts]", addonsOf("orders", "carts")},
		{"proxy", "discovery: proxy\n  applicationNamespaces: [orders, carts]", addonsOf("orders", "carts")},
	} {
		t.Run(mode.name, func(t *testing.T) {
			dir := addonsExample(t, mode.spec)
			if mode.name == "proxy" {
				replaceIn(t, filepath.Join(dir, "control-plane/release.yaml"), "part: control-plane\n",
					"part: control-plane\n  apiProxy: {image: \"registry.example/istio-tenancy:1.0\"}\n")
			}
			addonsAreTheTenants(t, buildQuietly(t, dir), mode.namespaces)
		})
	}
}

// TestAddonsInClosedNamespaces has each policy of the component select Pods that
// the build has.
func TestAddonsInClosedNamespaces(t *testing.T) {
	dir := addonsExample(t, "network: {withinTenant: deny}")
	replaceIn(t, filepath.Join(dir, "kustomization.yaml"), "transformers:\n", "components: [closed]\ntransformers:\n")
	out, stderr, err := clitest.Kustomize(dir, clitest.Functions...)
	require.NoError(t, err, stderr)
	require.Empty(t, stderr)
	objects := objecttest.Parse(t, out)
	for _, name := range []string{"addons-scrape", "addons-ask", "addons-traces"} {
		policy := find(objects, "NetworkPolicy", "orders", name)
		require.NotNil(t, policy, name)
		for _, app := range append(appsOf(policy, "spec", "podSelector"), appsOf(policy, "spec", "ingress", "0", "from", "0", "podSelector")...) {
			require.NotNil(t, find(objects, "Deployment", "orders", app), "%s: %s", name, app)
		}
	}
}

// appsOf are the values of the label app that a selector names.
func appsOf(o *yaml.RNode, path ...string) []string {
	apps := slices.DeleteFunc([]string{object.String(o, append(path, "matchLabels", "app")...)}, func(s string) bool { return s == "" })
	for _, e := range object.List(o, append(path, "matchExpressions")...) {
		apps = append(apps, object.Strings(e, "values")...)
	}
	return apps
}

// TestAddonsOfUpstream lists Istio's own files, as docs/addons.md says: beside
// the applications, and beside the control plane.
func TestAddonsOfUpstream(t *testing.T) {
	kustomization := onPage(t, "docs/addons.md", "# upstream/kustomization.yaml")
	beside := strings.NewReplacer(
		"patches:\n- target: {namespace: istio-system}\n  patch: '[{\"op\": \"remove\", \"path\": \"/metadata/namespace\"}]'\n", "namespace: ISTIO_TENANT_NAMESPACE\npatches:\n",
		`{"op": "remove", "path": "/subjects/0/namespace"}`, `{"op": "replace", "path": "/subjects/0/namespace", "value": "ISTIO_TENANT_NAMESPACE"}`,
	).Replace(kustomization)
	require.Equal(t, 2, strings.Count(beside, "ISTIO_TENANT_NAMESPACE"))
	for _, place := range []struct{ name, namespace, kustomization string }{
		{"with the applications", "orders", kustomization},
		{"beside the control plane", "istio-orders", beside},
	} {
		t.Run(place.name, func(t *testing.T) {
			dir := addonsExample(t, "discovery: auto")
			addons := filepath.Join(filepath.Dir(dir), "upstream")
			require.NoError(t, os.CopyFS(addons, os.DirFS(upstreamtest.Module(t, "samples/addons"))))
			require.NoError(t, os.WriteFile(filepath.Join(addons, "kustomization.yaml"), []byte(place.kustomization), 0o600))
			replaceIn(t, filepath.Join(dir, "kustomization.yaml"), "../../bases/istio/addons", "../upstream")
			out, stderr, err := clitest.Kustomize(dir, clitest.Functions...)
			require.NoError(t, err, stderr)
			for _, warning := range []string{`auth.strategy: found "anonymous"`, `env GF_AUTH_ANONYMOUS_ORG_ROLE: found "Admin"`, `env GF_SECURITY_ADMIN_PASSWORD: found "admin"`} {
				require.Contains(t, stderr, warning)
			}
			objects := objecttest.Parse(t, out)
			addonsAreTheTenants(t, objects, addonsOf("orders"))
			for _, addon := range []string{"prometheus", "grafana", "kiali", "jaeger"} {
				require.NotNil(t, find(objects, "Deployment", place.namespace, addon), addon)
			}
			require.NotNil(t, find(objects, "Service", place.namespace, "tracing"), "whom Kiali and Grafana ask")
		})
	}
}

// onPage is the block of a page that begins with a line.
func onPage(t *testing.T, page, first string) string {
	t.Helper()
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	_, block, found := strings.Cut(string(text), "```yaml\n"+first)
	require.True(t, found, "%s has no block %q", page, first)
	_, block, _ = strings.Cut(block, "\n")
	block, _, _ = strings.Cut(block, "```")
	return block
}

// addonsExample is a copy of the example with further lines in the tenant's spec.
func addonsExample(t *testing.T, spec string) string {
	t.Helper()
	root := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(root, "bases"), os.DirFS("bases")))
	dir := filepath.Join(root, "examples/addons")
	require.NoError(t, os.CopyFS(dir, os.DirFS("examples/addons")))
	replaceIn(t, filepath.Join(dir, "tenant.yaml"), "spec:\n", "spec:\n  "+spec+"\n")
	return dir
}

func replaceIn(t *testing.T, file, from, to string) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Contains(t, string(text), from)
	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(text), from, to, 1)), 0o600))
}

// buildQuietly builds what may give warnings.
func buildQuietly(t *testing.T, dir string) []*yaml.RNode {
	t.Helper()
	out, stderr, err := clitest.Kustomize(dir, clitest.Functions...)
	require.NoError(t, err, stderr)
	return objecttest.Parse(t, out)
}

// addonsAreTheTenants holds what each addon looks at and asks, and its rights.
func addonsAreTheTenants(t *testing.T, objects []*yaml.RNode, namespaces []string) {
	t.Helper()
	read := map[string]bool{}
	for _, o := range objects {
		id := object.IDOf(o)
		if id.Kind == "ClusterRole" || id.Kind == "ClusterRoleBinding" {
			require.NotRegexp(t, "kiali|prometheus|grafana|jaeger", id.Name, "all their rights are the tenant's")
		}
		if id.Kind == "Role" && strings.HasSuffix(id.Name, "-confined") && strings.Contains(id.Name, "kiali") || strings.Contains(id.Name, "prometheus") {
			for _, rule := range object.List(o, "rules") {
				require.Subset(t, []string{"get", "list", "watch"}, object.Strings(rule, "verbs"), id)
				require.NotContains(t, object.Strings(rule, "resources"), "secrets", id)
			}
		}
		for key, text := range object.StringMap(o, "data") {
			switch {
			case id.Name == "prometheus" && key == "prometheus.yml":
				discoversIn(t, yaml.MustParse(text), namespaces)
			case id.Name == "kiali" && key == "config.yaml":
				kialiIsOf(t, yaml.MustParse(text), id.Namespace, namespaces)
			case id.Name == "grafana" && key == "datasources.yaml":
				for _, source := range object.List(yaml.MustParse(text), "datasources") {
					require.Regexp(t, `^http://[a-z]+(:\d+)?(/jaeger)?$`, object.String(source, "url"), "a Service of Grafana's own namespace")
				}
			case strings.HasSuffix(key, ".json"):
				require.True(t, json.Valid([]byte(text)), "%s: %s", id, key)
				continue
			default:
				continue
			}
			read[id.Name] = true
		}
	}
	require.Equal(t, map[string]bool{"prometheus": true, "kiali": true, "grafana": true}, read)
}

func discoversIn(t *testing.T, config *yaml.RNode, namespaces []string) {
	t.Helper()
	discoveries := 0
	for _, job := range object.List(config, "scrape_configs") {
		for _, d := range object.List(job, "kubernetes_sd_configs") {
			require.NotEqual(t, "node", object.String(d, "role"))
			require.Equal(t, namespaces, object.Strings(d, "namespaces", "names"))
			discoveries++
		}
	}
	require.NotZero(t, discoveries)
}

// kialiIsOf holds what Kiali's configuration says of the tenant orders.
func kialiIsOf(t *testing.T, config *yaml.RNode, here string, namespaces []string) {
	t.Helper()
	for path, want := range map[string]string{
		"istio_namespace":                                                "istio-orders",
		"deployment.namespace":                                           here,
		"deployment.cluster_wide_access":                                 "false",
		"external_services.istio.root_namespace":                         "istio-orders",
		"external_services.istio.config_map_name":                        "istio-orders",
		"external_services.istio.istio_sidecar_injector_config_map_name": "istio-sidecar-injector-orders",
		"external_services.istio.istiod_deployment_name":                 "istiod-orders",
		"external_services.istio.url_service_version":                    "http://istiod-orders.istio-orders:15014/version",
		"external_services.istio.istio_api_enabled":                      "false",
		"external_services.prometheus.url":                               "http://prometheus:9090",
		"external_services.grafana.internal_url":                         "http://grafana:3000",
		"external_services.tracing.internal_url":                         "http://tracing:16685/jaeger",
	} {
		require.Equal(t, want, object.String(config, strings.Split(path, ".")...), path)
	}
	var selected []string
	for _, selector := range object.List(config, "deployment", "discovery_selectors", "default") {
		labels := object.StringMap(selector, "matchLabels")
		require.Len(t, labels, 1)
		selected = append(selected, labels[object.NameLabel])
	}
	require.Equal(t, namespaces, selected)
	require.Equal(t, namespaces, object.Strings(config, "deployment", "accessible_namespaces"))
}

func find(objects []*yaml.RNode, kind, namespace, name string) *yaml.RNode {
	for _, o := range object.Of(kind, objects) {
		if o.GetNamespace() == namespace && o.GetName() == name {
			return o
		}
	}
	return nil
}

// TestEveryDashboardAsksThePrometheusThatIsProvisioned: a dashboard names its
// data source by uid.
func TestEveryDashboardAsksThePrometheusThatIsProvisioned(t *testing.T) {
	objects := build(t, "examples/addons")
	var provisioned []string
	for _, source := range object.List(yaml.MustParse(object.String(find(objects, "ConfigMap", "orders", "grafana"), "data", "datasources.yaml")), "datasources") {
		provisioned = append(provisioned, object.String(source, "uid"))
	}
	for name, text := range object.StringMap(find(objects, "ConfigMap", "orders", "grafana-mesh"), "data") {
		var dashboard struct {
			Panels []struct {
				Title      string
				Datasource struct{ UID string }
				Targets    []struct{ Expr string }
			}
		}
		require.NoError(t, json.Unmarshal([]byte(text), &dashboard), name)
		require.NotEmpty(t, dashboard.Panels)
		for _, panel := range dashboard.Panels {
			require.Contains(t, provisioned, panel.Datasource.UID, panel.Title)
			require.NotEmpty(t, panel.Targets, panel.Title)
		}
	}
	// What a Pod mounts is there, but for what the page has people make.
	mounted := map[string]bool{}
	for _, d := range object.Of("Deployment", objects) {
		for _, v := range object.List(d, "spec", "template", "spec", "volumes") {
			if name := object.String(v, "configMap", "name"); name != "" && d.GetNamespace() == "orders" {
				mounted[name] = find(objects, "ConfigMap", "orders", name) != nil
			}
		}
	}
	require.Equal(t, map[string]bool{"prometheus": true, "grafana": true, "grafana-mesh": true, "grafana-dashboards": false, "kiali": true, "jaeger": true}, mounted,
		fmt.Sprint(mounted))
}
