package tenant_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/relocate"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/upstreamtest"
)

// addon returns the objects of an addon of current Istio, as a base.
func addon(t *testing.T, name string) []*yaml.RNode {
	t.Helper()
	var found []*yaml.RNode
	for _, o := range files(t, upstreamtest.Path(t, "samples-1.31/addons")) {
		if o.GetLabels()["app.kubernetes.io/name"] == name {
			found = append(found, o)
		}
	}
	require.NotEmpty(t, found)
	found, err := relocate.Filter{From: "istio-system", To: v1alpha1.BaseNamespace}.Filter(found)
	require.NoError(t, err)
	return found
}

// TestThePrometheusOfTodayIsTheTenants lays the addon of current Istio beside
// a tenant's istiod.
func TestThePrometheusOfTodayIsTheTenants(t *testing.T) {
	discoveries := 0
	for _, o := range lay(t, "shipped-sales", append(base(t), addon(t, "prometheus")...)) {
		if kind := o.GetKind(); kind == "ClusterRole" || kind == "ClusterRoleBinding" {
			require.NotContains(t, o.GetName(), "prometheus", "all its rights are the tenant's")
		}
		config, err := yaml.Parse(object.String(o, "data", "prometheus.yml"))
		if err != nil {
			continue
		}
		for _, job := range object.List(config, "scrape_configs") {
			for _, d := range object.List(job, "kubernetes_sd_configs") {
				require.NotEqual(t, "node", object.String(d, "role"))
				require.Equal(t, []string{"istio-system1", "ns-1"}, object.Strings(d, "namespaces", "names"))
				discoveries++
			}
		}
	}
	require.NotZero(t, discoveries)
}

// TestTheKialiOfTodayIsTheTenants: it looks at the tenant's namespaces, has
// rights nowhere else, and writes nowhere. Neither does it reach into istiod's Pod.
func TestTheKialiOfTodayIsTheTenants(t *testing.T) {
	var config *yaml.RNode
	roles := map[string]int{}
	for _, o := range lay(t, "shipped-sales", append(base(t), addon(t, "kiali")...)) {
		switch {
		case o.GetKind() == "ClusterRole" || o.GetKind() == "ClusterRoleBinding":
			require.NotContains(t, o.GetName(), "kiali", "all its rights are the tenant's")
		case o.GetKind() == "Role" && o.GetName() == "istio-system1-kiali-confined":
			for _, rule := range object.List(o, "rules") {
				require.Subset(t, []string{"get", "list", "watch"}, object.Strings(rule, "verbs"))
				require.NotContains(t, object.Strings(rule, "resources"), "secrets")
				require.NotContains(t, object.Strings(rule, "resources"), "pods/portforward")
				roles[o.GetNamespace()]++
			}
		case o.GetKind() == "ConfigMap" && o.GetName() == "kiali":
			config = yaml.MustParse(object.String(o, "data", "config.yaml"))
		}
	}
	require.Len(t, roles, 2)
	require.NotNil(t, config)
	require.Equal(t, "false", object.String(config, "deployment", "cluster_wide_access"))
	require.Equal(t, "false", object.String(config, "external_services", "istio", "istio_api_enabled"))
	require.Equal(t, "istio-system1", object.String(config, "deployment", "namespace"))
	var names []string
	for _, selector := range object.List(config, "deployment", "discovery_selectors", "default") {
		names = append(names, object.String(selector, "matchLabels", "kubernetes.io/metadata.name"))
	}
	require.Equal(t, []string{"istio-system1", "ns-1"}, names)
}
