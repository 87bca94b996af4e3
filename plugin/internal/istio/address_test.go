package istio_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// edit is what the catalogue makes of a configuration of an addon's, for sales.
func edit(t *testing.T, component, text string) (config *yaml.RNode, notes []string) {
	t.Helper()
	i := slices.IndexFunc(istio.Components, func(c istio.Component) bool { return c.Name == component })
	require.GreaterOrEqual(t, i, 0)
	config = yaml.MustParse(text)
	notes, err := istio.Components[i].Configurations[0].Edit(config, istio.Values{
		Tenant: "sales", ControlPlane: "istio-system1", Applications: []string{"ns-1", "ns-2"}, Revision: "sales",
	})
	require.NoError(t, err)
	return config, notes
}

// TestWhatAnAddonAsksIsTheTenants gives Kiali and Grafana every kind of address.
func TestWhatAnAddonAsksIsTheTenants(t *testing.T) {
	for found, want := range map[string]struct{ url, note string }{
		"http://prometheus.istio-system:9090":                       {url: "http://prometheus:9090"},
		"http://prometheus.istio-system.svc.cluster.local:9090/api": {url: "http://prometheus:9090/api"},
		"http://prometheus:9090":                                    {url: "http://prometheus:9090"},
		"http://prometheus.istio-system1:9090":                      {url: "http://prometheus.istio-system1:9090"},
		"http://prometheus.ns-2.svc:9090":                           {url: "http://prometheus.ns-2.svc:9090"},
		"http://me@prometheus.istio-system:9090":                    {url: "http://me@prometheus:9090"},
		"prometheus.istio-system:9090":                              {url: "prometheus:9090"},
		"http://10.96.0.7:9090":                                     {url: "http://10.96.0.7:9090"},
		"https://metrics.example.com/sales":                         {url: "https://metrics.example.com/sales"},
		"http://prometheus.monitoring:9090":                         {"http://prometheus.monitoring:9090", `namespace "monitoring", which is not the tenant's`},
		"http://prometheus.ns-0.svc.cluster.local:9090":             {"http://prometheus.ns-0.svc.cluster.local:9090", `namespace "ns-0", which is not the tenant's`},
	} {
		config, notes := edit(t, "Kiali", "external_services: {prometheus: {url: '"+found+"'}}")
		require.Equal(t, want.url, object.String(config, "external_services", "prometheus", "url"))
		sources, noted := edit(t, "Grafana", "datasources: [{name: a, url: '"+found+"'}]")
		require.Equal(t, want.url, object.String(object.List(sources, "datasources")[0], "url"))
		if want.note == "" {
			require.Empty(t, notes)
			require.Empty(t, noted)
			continue
		}
		require.Len(t, notes, 1)
		require.Contains(t, notes[0], "external_services.prometheus.url: found \""+found+"\", a Service of "+want.note)
		require.Len(t, noted, 1)
		require.Contains(t, noted[0], "datasources[0].url: found \""+found+"\"")
	}
}

// TestWhatKialiIsNotToldIsTheTenants: its defaults are Services of istio-system,
// which may be another tenant's.
func TestWhatKialiIsNotToldIsTheTenants(t *testing.T) {
	config, notes := edit(t, "Kiali", "external_services: {}")
	require.Empty(t, notes)
	for field, want := range map[string]string{
		"prometheus/url": "http://prometheus:9090", "grafana/internal_url": "http://grafana:3000", "grafana/in_cluster_url": "http://grafana:3000",
		"tracing/internal_url": "http://tracing:16685/jaeger", "istio/root_namespace": "istio-system1", "istio/istiod_deployment_name": "istiod-sales",
	} {
		service, key, _ := strings.Cut(field, "/")
		require.Equal(t, want, object.String(config, "external_services", service, key), field)
	}
	require.Equal(t, "ns-1", object.String(config, "deployment", "namespace"), "the first application namespace")
	again, _ := edit(t, "Kiali", config.MustString())
	require.Equal(t, config.MustString(), again.MustString(), "idempotent")
}

// TestKialisTwoNamesOfAnAddress: the older goes before the newer in 2.x, and is
// all that 1.x knows.
func TestKialisTwoNamesOfAnAddress(t *testing.T) {
	for _, told := range []string{"internal_url", "in_cluster_url"} {
		config, _ := edit(t, "Kiali", "external_services: {grafana: {"+told+": 'http://mine:3000'}}")
		for _, name := range []string{"internal_url", "in_cluster_url"} {
			require.Equal(t, "http://mine:3000", object.String(config, "external_services", "grafana", name), "told %s", told)
		}
	}
}

func TestWhatKialiIsToldAndWouldOpenIsSaid(t *testing.T) {
	config, notes := edit(t, "Kiali", "auth: {strategy: anonymous}\nexternal_services: {istio: {istio_api_enabled: true}}")
	require.Equal(t, "false", object.String(config, "external_services", "istio", "istio_api_enabled"))
	require.Len(t, notes, 2)
	require.Contains(t, notes[0], "istio_api_enabled: found true, and false is used")
	require.Contains(t, notes[1], `auth.strategy: found "anonymous"`)
}
