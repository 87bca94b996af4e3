package isolate_test

import (
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/isolate"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/tenancy"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/tenancytest"
)

// The tenant has its control plane in istio-system1, its applications in ns-1
// and a quota; its network is open, so that this shows all that is added.
func Example() {
	tenant := tenancytest.Sales("ns-1")
	tenant.Spec.Network.Policy = v1alpha1.NetworkOpen
	tenant.Spec.Quota = map[string]string{"pods": "50"}
	step := tenancytest.Step{
		Tenant: tenant, Version: "1.31.0",
		New: func(t tenancy.Tenant) kio.Filter { return isolate.Filter{Tenant: t} },
	}
	objecttest.Print(step, "")
	// Output:
	// apiVersion: v1
	// kind: Namespace
	// metadata:
	//   name: istio-system1
	//   labels:
	//     istio-tenancy.dev/tenant: sales
	//   annotations:
	//     argocd.argoproj.io/sync-options: Prune=false
	//     kustomize.toolkit.fluxcd.io/prune: disabled
	// ---
	// apiVersion: v1
	// kind: Namespace
	// metadata:
	//   name: ns-1
	//   labels:
	//     istio-tenancy.dev/injection: on-request
	//     istio-tenancy.dev/tenant: sales
	//     istio.io/rev: sales
	//   annotations:
	//     argocd.argoproj.io/sync-options: Prune=false
	//     kustomize.toolkit.fluxcd.io/prune: disabled
	// ---
	// apiVersion: security.istio.io/v1
	// kind: PeerAuthentication
	// metadata:
	//   name: default
	//   namespace: ns-1
	//   labels:
	//     istio-tenancy.dev/tenant: sales
	// spec:
	//   mtls:
	//     mode: STRICT
	// ---
	// apiVersion: v1
	// kind: ResourceQuota
	// metadata:
	//   name: tenant-quota
	//   namespace: ns-1
	//   labels:
	//     istio-tenancy.dev/tenant: sales
	// spec:
	//   hard:
	//     pods: "50"
}

// An isolated network, beside what the first example shows.
func Example_network() {
	step := tenancytest.Step{Tenant: tenancytest.Sales("ns-1"), Version: "1.31.0", New: func(t tenancy.Tenant) kio.Filter {
		return kio.FilterFunc(func(objects []*yaml.RNode) ([]*yaml.RNode, error) {
			objects, err := isolate.Filter{Tenant: t}.Filter(objects)
			return append(object.Of("NetworkPolicy", objects), object.Of("AuthorizationPolicy", objects)...), err
		})
	}}
	objecttest.Print(step, `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: istiod-sales
  namespace: istio-system1
spec:
  selector:
    matchLabels: {app: istiod}
  template:
    spec:
      containers: [{name: discovery, image: "docker.io/istio/pilot:1.31.0", args: [discovery]}]
`)
	// Output:
	// apiVersion: networking.k8s.io/v1
	// kind: NetworkPolicy
	// metadata:
	//   name: allow-tenant
	//   namespace: istio-system1
	//   labels:
	//     istio-tenancy.dev/tenant: sales
	// spec:
	//   ingress:
	//   - from:
	//     - namespaceSelector:
	//         matchExpressions:
	//         - key: kubernetes.io/metadata.name
	//           operator: In
	//           values:
	//           - istio-system1
	//           - ns-1
	//   podSelector: {}
	//   policyTypes:
	//   - Ingress
	// ---
	// apiVersion: networking.k8s.io/v1
	// kind: NetworkPolicy
	// metadata:
	//   name: allow-tenant
	//   namespace: ns-1
	//   labels:
	//     istio-tenancy.dev/tenant: sales
	// spec:
	//   ingress:
	//   - from:
	//     - namespaceSelector:
	//         matchExpressions:
	//         - key: kubernetes.io/metadata.name
	//           operator: In
	//           values:
	//           - istio-system1
	//           - ns-1
	//   podSelector: {}
	//   policyTypes:
	//   - Ingress
	// ---
	// apiVersion: networking.k8s.io/v1
	// kind: NetworkPolicy
	// metadata:
	//   name: allow-webhooks
	//   namespace: istio-system1
	//   labels:
	//     istio-tenancy.dev/tenant: sales
	// spec:
	//   ingress:
	//   - ports:
	//     - port: 15017
	//       protocol: TCP
	//   podSelector:
	//     matchLabels:
	//       app: istiod
	//   policyTypes:
	//   - Ingress
	// ---
	// apiVersion: networking.k8s.io/v1
	// kind: NetworkPolicy
	// metadata:
	//   name: allow-deployed-gateways
	//   namespace: ns-1
	//   labels:
	//     istio-tenancy.dev/tenant: sales
	// spec:
	//   ingress:
	//   - ports:
	//     - endPort: 14999
	//       port: 1
	//       protocol: TCP
	//     - port: 15021
	//       protocol: TCP
	//     - endPort: 65535
	//       port: 15091
	//       protocol: TCP
	//   podSelector:
	//     matchExpressions:
	//     - key: gateway.networking.k8s.io/gateway-name
	//       operator: Exists
	//     - key: gateway.istio.io/managed
	//       operator: NotIn
	//       values:
	//       - istio.io-mesh-controller
	//       - istio.io-agentgateway-waypoint-controller
	//   policyTypes:
	//   - Ingress
	// ---
	// apiVersion: security.istio.io/v1
	// kind: AuthorizationPolicy
	// metadata:
	//   name: deny-other-tenants
	//   namespace: ns-1
	//   labels:
	//     istio-tenancy.dev/tenant: sales
	// spec:
	//   action: DENY
	//   rules:
	//   - from:
	//     - source:
	//         notNamespaces:
	//         - istio-system1
	//         - ns-1
	//         principals:
	//         - '*'
}
