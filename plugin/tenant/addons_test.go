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

// TestThePrometheusOfTodayIsTheTenants lays the addon of current Istio beside
// a tenant's istiod.
func TestThePrometheusOfTodayIsTheTenants(t *testing.T) {
	addon := upstreamtest.Path(t, "samples-1.31/addons")
	var prometheus []*yaml.RNode
	for _, o := range files(t, addon) {
		if o.GetLabels()["app.kubernetes.io/name"] == "prometheus" {
			prometheus = append(prometheus, o)
		}
	}
	require.NotEmpty(t, prometheus)
	prometheus, err := relocate.Filter{From: "istio-system", To: v1alpha1.BaseNamespace}.Filter(prometheus)
	require.NoError(t, err)

	discoveries := 0
	for _, o := range lay(t, "sales", append(base(t), prometheus...)) {
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
