package scope_test

import (
	"fmt"

	"sigs.k8s.io/kustomize/kyaml/kio"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/scope"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/tenancy"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/tenancytest"
)

// The tenant has its control plane in istio-system1 and its applications in
// ns-1. Two namespaces have discoverySelectors in place of the variable.
func Example() {
	step := tenancytest.Step{
		Tenant: tenancytest.Sales("ns-1"), Version: "1.31.0",
		New: func(t tenancy.Tenant) kio.Filter { return scope.Filter{Tenant: t} },
	}
	objecttest.Print(step, `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: istiod-sales
  namespace: istio-system1
spec:
  template:
    spec:
      containers:
      - name: discovery
        image: docker.io/istio/pilot:1.31.0
        args: [discovery]
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: istio-sales
  namespace: istio-system1
data:
  mesh: |-
    trustDomain: cluster.local
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata:
  name: istio-sidecar-injector-sales-istio-system1
webhooks:
- name: rev.namespace.sidecar-injector.istio.io
  clientConfig:
    service: {name: istiod-sales, namespace: istio-system1, path: /inject}
  namespaceSelector:
    matchLabels: {istio.io/rev: sales}
`)
	// Output:
	// apiVersion: apps/v1
	// kind: Deployment
	// metadata:
	//   name: istiod-sales
	//   namespace: istio-system1
	// spec:
	//   template:
	//     spec:
	//       containers:
	//       - name: discovery
	//         image: docker.io/istio/pilot:1.31.0
	//         args: [discovery]
	//         env:
	//         - name: ISTIO_WATCH_NAMESPACE
	//           value: "ns-1"
	//         - name: PILOT_ENABLE_GATEWAY_API_GATEWAYCLASS_CONTROLLER
	//           value: "false"
	//         - name: PILOT_GATEWAY_API_DEFAULT_GATEWAYCLASS_NAME
	//           value: "istio-sales"
	//         - name: PILOT_GATEWAY_API_CONTROLLER_NAME
	//           value: "sales.istio-tenancy.dev/gateway-controller"
	//         - name: PILOT_SCOPE_GATEWAY_TO_NAMESPACE
	//           value: "true"
	//         - name: BLOCKED_CIDRS_IN_JWKS_URIS
	//           value: "0.0.0.0/8,127.0.0.0/8,169.254.0.0/16,::/127,fe80::/10,fd00:ec2::254/128"
	//         - name: K8S_INGRESS_NS
	//           value: "ns-1"
	// ---
	// apiVersion: v1
	// kind: ConfigMap
	// metadata:
	//   name: istio-sales
	//   namespace: istio-system1
	// data:
	//   mesh: |-
	//     trustDomain: sales.mesh
	//     rootNamespace: istio-system1
	// ---
	// apiVersion: admissionregistration.k8s.io/v1
	// kind: MutatingWebhookConfiguration
	// metadata:
	//   name: istio-sidecar-injector-sales-istio-system1
	// webhooks:
	// - name: rev.namespace.sidecar-injector.istio.io
	//   clientConfig:
	//     service: {name: istiod-sales, namespace: istio-system1, path: /inject}
	//   namespaceSelector:
	//     matchLabels: {istio.io/rev: sales}
	//     matchExpressions:
	//     - key: kubernetes.io/metadata.name
	//       operator: In
	//       values:
	//       - ns-1
}

// What is for the whole mesh moves to the one namespace that istiod watches,
// where it says the same.
func Example_rootNamespace() {
	step := tenancytest.Step{
		Tenant: tenancytest.Sales("ns-1"), Version: "1.31.0",
		Warn: func(w string) { fmt.Println("warning:", w) },
		New:  func(t tenancy.Tenant) kio.Filter { return scope.Filter{Tenant: t} },
	}
	objecttest.Print(step, `
apiVersion: v1
kind: ConfigMap
metadata:
  name: istio-sales
  namespace: istio-system1
data:
  mesh: "{}"
---
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata:
  name: access-log
  namespace: istio-system1
spec:
  accessLogging: [{providers: [{name: envoy}]}]
`)
	// Output:
	// warning: Telemetry istio-system1/access-log: metadata.namespace: the tenant's control plane watches ns-1 alone (spec.discovery), so that this is moved there, where it means the same: write namespace: ns-1
	// apiVersion: v1
	// kind: ConfigMap
	// metadata:
	//   name: istio-sales
	//   namespace: istio-system1
	// data:
	//   mesh: "{rootNamespace: istio-system1, trustDomain: sales.mesh}"
	// ---
	// apiVersion: telemetry.istio.io/v1
	// kind: Telemetry
	// metadata:
	//   name: access-log
	//   namespace: ns-1
	// spec:
	//   accessLogging: [{providers: [{name: envoy}]}]
}
