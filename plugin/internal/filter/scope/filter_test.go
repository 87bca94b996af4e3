package scope_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/kio"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/scope"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/tenancy"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/tenancytest"
)

func filter(_ *testing.T, version string, asked v1alpha1.Discovery, namespaces ...string) tenancytest.Step {
	tenant := tenancytest.Sales(namespaces...)
	tenant.Spec.Discovery = asked
	return tenancytest.Step{Tenant: tenant, Version: version, New: func(t tenancy.Tenant) kio.Filter { return scope.Filter{Tenant: t} }}
}

const istiod = `apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod-sales, namespace: istio-system1}
spec:
  template:
    metadata: {labels: {app: istiod}}
    spec:
      containers:
      - name: discovery
        image: docker.io/istio/pilot:1.31.0
        args: [discovery]
        env:
        - name: CA_TRUSTED_NODE_ACCOUNTS
          value: istio-system1/ztunnel
---
apiVersion: v1
kind: ConfigMap
metadata: {name: istio-sales, namespace: istio-system1}
data:
  mesh: |-
    # which configuration holds for the whole mesh
    rootNamespace: istio-system1
    trustDomain: cluster.local
    discoverySelectors:
    - matchLabels: {team: all}
---
`

const webhooks = `apiVersion: v1
kind: Service
metadata: {name: istiod-sales, namespace: istio-system1}
spec: {selector: {app: istiod}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: istio-sidecar-injector-sales-istio-system1}
webhooks:
- name: rev.namespace.sidecar-injector.istio.io
  clientConfig:
    caBundle: ""
    service: {name: istiod-sales, namespace: istio-system1}
  namespaceSelector:
    matchExpressions:
    - {key: istio.io/rev, operator: In, values: [sales]}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: istiod-default-validator}
webhooks:
- name: validation.istio.io
  clientConfig: {service: {name: istiod, namespace: istio-system1}}
  failurePolicy: Ignore
---
`

const ownValidator = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: istio-validator-sales-istio-system1}
webhooks:
- name: rev.validation.istio.io
  clientConfig: {service: {name: istiod-sales, namespace: istio-system1}}
  failurePolicy: Ignore
  objectSelector:
    matchExpressions: [{key: istio.io/rev, operator: In, values: [sales]}]
`

func TestOneNamespaceIsWatchedByName(t *testing.T) {
	got := objecttest.Run(t, filter(t, "1.31.0", "auto", "ns-1"), istiod+webhooks+ownValidator)
	require.Contains(t, got, `
        - name: CA_TRUSTED_NODE_ACCOUNTS
          value: ""
        - name: ISTIO_WATCH_NAMESPACE
          value: "ns-1"
        - name: PILOT_ENABLE_GATEWAY_API_GATEWAYCLASS_CONTROLLER
          value: "false"
        - name: PILOT_GATEWAY_API_DEFAULT_GATEWAYCLASS_NAME
          value: "istio-sales"
        - name: PILOT_GATEWAY_API_CONTROLLER_NAME
          value: "sales.istio-tenancy.dev/gateway-controller"
        - name: PILOT_SCOPE_GATEWAY_TO_NAMESPACE
          value: "true"
`)
	require.Contains(t, got, `
  mesh: |-
    # which configuration holds for the whole mesh
    rootNamespace: istio-system1
    trustDomain: sales.mesh
---
`)
	require.Contains(t, got, `
- name: rev.namespace.sidecar-injector.istio.io
  clientConfig:
    service: {name: istiod-sales, namespace: istio-system1}
  namespaceSelector:
    matchExpressions:
    - {key: istio.io/rev, operator: In, values: [sales]}
    - key: kubernetes.io/metadata.name
      operator: In
      values:
      - ns-1
`)
	require.Contains(t, got, `
- name: rev.validation.istio.io
  clientConfig: {service: {name: istiod-sales, namespace: istio-system1}}
  failurePolicy: Fail
  namespaceSelector:
    matchExpressions:
    - key: kubernetes.io/metadata.name
      operator: In
      values:
      - istio-system1
      - ns-1
`)
	require.NotContains(t, got, "istiod-default-validator")
}

func TestSeveralNamespacesAreSelectedByName(t *testing.T) {
	got := objecttest.Run(t, filter(t, "1.31.0", "auto", "ns-1", "ns-2"), istiod+webhooks)
	require.Contains(t, got, `
    rootNamespace: istio-system1
    trustDomain: sales.mesh
    discoverySelectors:
    - matchExpressions:
      - key: kubernetes.io/metadata.name
        operator: In
        values:
        - istio-system1
        - ns-1
        - ns-2
`)
	require.NotContains(t, got, "ISTIO_WATCH_NAMESPACE")
	require.NotContains(t, got, "ENABLE_ENHANCED_RESOURCE_SCOPING")
}

func TestBefore122SelectorsNeedAVariable(t *testing.T) {
	got := objecttest.Run(t, filter(t, "1.21.0", "selectors", "ns-1"), istiod+webhooks)
	require.Contains(t, got, "name: ENABLE_ENHANCED_RESOURCE_SCOPING\n          value: \"true\"\n")
}

func TestIstiodFetchesNothingFromItself(t *testing.T) {
	const blocked = "0.0.0.0/8,127.0.0.0/8,169.254.0.0/16,::/127,fe80::/10,fd00:ec2::254/128"
	set := func(version, env string) string {
		return objecttest.Run(t, filter(t, version, "auto", "ns-1"), strings.Replace(istiod, "        env:\n", "        env:\n"+env, 1)+webhooks)
	}
	got := set("1.31.0", "")
	require.Contains(t, got, "- name: BLOCKED_CIDRS_IN_JWKS_URIS\n          value: \""+blocked+"\"\n")
	require.NotContains(t, got, "ENABLE_DEBUG_ON_HTTP")
	got = set("1.28.0", "        - {name: BLOCKED_CIDRS_IN_JWKS_URIS, value: \"10.0.0.0/8,127.0.0.0/8\"}\n")
	require.Contains(t, got, "\"10.0.0.0/8,127.0.0.0/8,"+strings.Replace(blocked, "127.0.0.0/8,", "", 1)+"\"")
	require.Contains(t, got, "- name: ENABLE_DEBUG_ON_HTTP\n          value: \"false\"\n")
}

func TestTheOnlyValidatorBecomesTheTenantsOwn(t *testing.T) {
	got := objecttest.Run(t, filter(t, "1.20.8", "auto", "ns-1"), istiod+webhooks)
	require.Contains(t, got, "name: istio-validator-sales-istio-system1, labels: {istio.io/rev: sales}")
	require.Contains(t, got, "clientConfig: {service: {name: istiod-sales, namespace: istio-system1}}\n  failurePolicy: Fail\n")
}

func TestIsIdempotent(t *testing.T) {
	for _, f := range []tenancytest.Step{filter(t, "1.31.0", "auto", "ns-1"), filter(t, "1.20.0", "selectors", "ns-1", "ns-2")} {
		once := objecttest.Run(t, f, istiod+webhooks+ownValidator)
		require.Equal(t, once, objecttest.Run(t, f, once))
	}
}

func TestErrors(t *testing.T) {
	f := filter(t, "1.31.0", "auto", "ns-1")
	require.Contains(t, objecttest.RunError(t, f, strings.Split(istiod, "---\n")[0]), "no ConfigMap in the control plane's namespace")
	require.Contains(t, objecttest.RunError(t, f, strings.Replace(istiod, "rootNamespace:", "- rootNamespace:", 1)),
		"ConfigMap istio-system1/istio-sales: data.mesh: ")
}
