package scope_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

const pilot = `apiVersion: apps/v1
kind: Deployment
metadata: {name: istio-pilot, namespace: istio-system1}
spec: {template: {spec: {containers: [{name: discovery, image: docker.io/istio/pilot:0.7.1, args: [discovery, -a, ns-0]}]}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system1}
data:
  mesh: |
    # how proxies find Mixer
    mixerCheckServer: istio-mixer.istio-system1:15004
    configSources:
    - address: istio-galley.istio-system1.svc:9901
---
`

func TestPilotWatchesTheTenantsNamespace(t *testing.T) {
	got := objecttest.Run(t, filter(t, "0.7.1", "auto", "ns-1"), pilot)
	require.Contains(t, got, "args: [discovery, --appNamespace, ns-1]")
	require.NotContains(t, got, "env:", "0.7 knows none of istiod's")
	require.Contains(t, got, `
  mesh: |
    # how proxies find Mixer
    mixerCheckServer: istio-mixer.istio-system1:15004
    ingressControllerMode: STRICT
    ingressClass: istio-sales
`)
}

func TestTheMeshHasTheFieldsOfItsVersion(t *testing.T) {
	for version, want := range map[string][]string{
		"1.0.9":  {"ingressClass"},
		"1.4.10": {"ingressClass", "rootNamespace: istio-system1"},
		"1.6.0":  {"ingressClass", "rootNamespace: istio-system1", "trustDomain: sales.mesh"},
		"1.10.6": {"ingressClass", "rootNamespace: istio-system1", "trustDomain: sales.mesh", "discoverySelectors"},
		"1.17.0": {"ingressClass", "rootNamespace: istio-system1", "trustDomain: sales.mesh", "discoverySelectors"},
		"1.18.0": {"rootNamespace: istio-system1", "trustDomain: sales.mesh"},
	} {
		got := objecttest.Run(t, filter(t, version, "auto", "ns-1"), pilot)
		for _, field := range []string{"ingressClass", "rootNamespace: istio-system1", "trustDomain: sales.mesh", "discoverySelectors"} {
			require.Equal(t, contains(want, field), strings.Contains(got, field), "%s: %s", version, field)
		}
	}
}

func contains(list []string, s string) bool { return strings.Contains(strings.Join(list, "|"), s) }

func TestGalleysWebhooksAreTheTenantsAndAmongTheObjects(t *testing.T) {
	f := filter(t, "1.4.10", "auto", "ns-1")
	text := pilot + `apiVersion: v1
kind: ConfigMap
metadata: {name: istio-galley-configuration, namespace: istio-system1}
data:
  validatingwebhookconfiguration.yaml: |
    apiVersion: admissionregistration.k8s.io/v1beta1
    kind: ValidatingWebhookConfiguration
    metadata: {name: istio-galley}
    webhooks:
    - name: pilot.validation.istio.io
      clientConfig: {service: {name: istio-galley, namespace: istio-system1, path: /admitpilot}, caBundle: ""}
      failurePolicy: Fail
`
	once := objecttest.Run(t, f, text)
	require.Equal(t, 2, strings.Count(once, "name: istio-galley-istio-system1"), "as text and as an object")
	require.Equal(t, 2, strings.Count(once, "- istio-system1\n"), once)
	require.NotContains(t, once, "caBundle")
	require.Equal(t, once, objecttest.Run(t, f, once))
}

func TestACABundleOfAScriptIsTakenAway(t *testing.T) {
	got := objecttest.Run(t, filter(t, "0.7.1", "auto", "ns-1"), pilot+`
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: istio-sidecar-injector-istio-system1}
webhooks:
- name: sidecar-injector.istio.io
  clientConfig: {service: {name: istio-sidecar-injector, namespace: istio-system1}, caBundle: "${CA_BUNDLE}"}
  namespaceSelector: {matchLabels: {istio-injection: enabled}}
`)
	require.NotContains(t, got, "caBundle")
	require.Contains(t, got, "istio-injection: enabled")
	require.Contains(t, got, "key: kubernetes.io/metadata.name")
}

func TestPrometheusDiscoversTheTenantsNamespaces(t *testing.T) {
	f := filter(t, "0.7.1", "auto", "ns-1")
	config := func(job string) string {
		return pilot + "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: p, namespace: istio-system1}\ndata:\n  prometheus.yml: |\n" +
			"    scrape_configs:\n    - job_name: other\n      static_configs: []\n    - job_name: x\n" +
			strings.ReplaceAll("      "+job, "\n", "\n      ") + "\n"
	}
	all := "namespaces:\n          names:\n          - istio-system1\n          - ns-1\n"
	for name, test := range map[string]struct{ job, want string }{
		"everything":              {"kubernetes_sd_configs:\n- role: pod", all},
		"own_namespace":           {"kubernetes_sd_configs:\n- role: pod\n  namespaces: {own_namespace: true}", "namespaces: {names: [istio-system1, ns-1]}"},
		"some of the tenant's":    {"kubernetes_sd_configs:\n- role: pod\n  namespaces: {names: [ns-1, ns-0]}", "namespaces: {names: [ns-1]}"},
		"none of the tenant's":    {"kubernetes_sd_configs:\n- role: pod\n  namespaces: {names: [ns-0]}", ""},
		"nodes":                   {"kubernetes_sd_configs:\n- role: node", ""},
		"nodes beside a target":   {"kubernetes_sd_configs:\n- role: node\nstatic_configs:\n- targets: [a]", "targets: [a]"},
		"labels of nodes":         {"kubernetes_sd_configs:\n- role: pod\n  attach_metadata: {node: true}", "attach_metadata: {}"},
		"keeps the API server":    {"kubernetes_sd_configs:\n- role: pod\nrelabel_configs:\n- {source_labels: [__meta_kubernetes_namespace, b], action: keep, regex: default;kubernetes}", ""},
		"keeps the control plane": {"kubernetes_sd_configs:\n- role: pod\nrelabel_configs:\n- {source_labels: [__meta_kubernetes_namespace, b], action: keep, regex: istio-system1;a}", all},
		"keeps by a pattern":      {"kubernetes_sd_configs:\n- role: pod\nrelabel_configs:\n- {source_labels: [__meta_kubernetes_namespace], action: keep, regex: ns-.*}", all},
	} {
		t.Run(name, func(t *testing.T) {
			got := objecttest.Run(t, f, config(test.job))
			require.Contains(t, got, "job_name: other")
			require.Equal(t, test.want != "", strings.Contains(got, "job_name: x"), got)
			require.Contains(t, got, test.want)
			require.Equal(t, got, objecttest.Run(t, f, got))
		})
	}
}
