package isolate_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// injector is the webhook of sales' istiod as the step before leaves it, with its
// configuration.
const injector = `
apiVersion: v1
kind: Service
metadata: {name: istiod-sales, namespace: istio-system1}
spec: {selector: {app: istiod}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: istio-sidecar-injector-sales, namespace: istio-system1}
data:
  config: |
    policy: enabled
    neverInjectSelector:
      []
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: istio-sidecar-injector-sales-istio-system1}
webhooks:
- name: rev.namespace.sidecar-injector.istio.io
  clientConfig: {service: {name: istiod-sales, namespace: istio-system1, path: /inject}}
  rules:
  - {apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}
  namespaceSelector:
    matchExpressions:
    - {key: istio.io/rev, operator: In, values: [sales]}
    - {key: istio-injection, operator: DoesNotExist}
    - {key: kubernetes.io/metadata.name, operator: In, values: [ns-1]}
  objectSelector:
    matchExpressions:
    - {key: sidecar.istio.io/inject, operator: NotIn, values: ["false"]}
---
`

// TestWhereNotEveryPodIsInjected: the Namespaces say so, for the policy that
// refuses Pods without a proxy.
func TestWhereNotEveryPodIsInjected(t *testing.T) {
	pod := strings.Replace(istiod, "template:\n", "template:\n    metadata: {labels: {app: istiod}}\n", 1)
	for _, row := range []struct {
		name, old, new string
		marked         bool
	}{
		{"every Pod is", "", "", false},
		{"no configuration is among the objects", "name: istio-sidecar-injector-sales,", "name: others,", false},
		{"a selector that is empty", "      []\n", "      - {}\n", false},
		{"the policy is disabled", "policy: enabled", "policy: disabled", true},
		{"the policy is no word that istiod knows", "policy: enabled", "policy: enable", true},
		{"Pods are left out by a label", "      []\n", "      - matchLabels: {job: batch}\n", true},
		{"Pods are left out by an expression", "      []\n", "      - matchExpressions: [{key: job, operator: Exists}]\n", true},
		{"only Pods with a label are sent", `operator: NotIn, values: ["false"]`, `operator: In, values: ["true"]`, true},
		{"only Pods with some label are sent", `operator: NotIn, values: ["false"]`, `operator: Exists`, true},
		{"only Pods with this label are sent", "  objectSelector:\n", "  objectSelector:\n    matchLabels: {a: b}\n", true},
		{"only what a condition takes is sent", "  objectSelector:\n", "  matchConditions: [{name: some, expression: \"true\"}]\n  objectSelector:\n", true},
		{"another namespace is", "values: [ns-1]", "values: [ns-2]", true},
		{"no Pod is", "resources: [pods]", "resources: [services]", true},
		{"no Pod is when it is made", "operations: [CREATE]", "operations: [UPDATE]", true},
		{"another program is asked", "{name: istiod-sales, namespace: istio-system1, path", "{name: istiod-sales, namespace: ns-1, path", true},
	} {
		t.Run(row.name, func(t *testing.T) {
			text := strings.Replace(injector, row.old, row.new, 1)
			require.True(t, row.old == "" || text != injector)
			got := run(t, filter(t, nil), text+pod)
			if row.marked {
				require.Contains(t, got("Namespace ns-1"), "istio-tenancy.dev/injection: on-request\n")
			} else {
				require.NotContains(t, got("Namespace ns-1"), "istio-tenancy.dev/injection")
			}
			require.NotContains(t, got("Namespace istio-system1"), "istio-tenancy.dev/injection")
		})
	}
}
