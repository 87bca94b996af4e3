package e2e

import (
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/xds"
	"github.com/stretchr/testify/require"
)

// everything gives istiod something of every kind, in each of the tenant's
// namespaces, its own included, and in ns-0 as well; and returns the proxies
// that are to be told.
func (w *world) everything(t *testing.T, tenant *tenant) []xds.Node {
	t.Helper()
	var nodes []xds.Node
	for _, namespace := range append(tenant.namespaces(), "ns-0") {
		objects := parse(t, strings.ReplaceAll(everyKind, "NAMESPACE", namespace))
		_, err := w.cluster.Admin.Apply(objects)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, w.cluster.Admin.Delete(objects)) })
	}
	for _, namespace := range tenant.applications {
		deployBookinfo(t, w, namespace)
		require.NoError(t, w.cluster.RunPods())
		nodes = append(nodes, proxyOf(t, w, namespace, "details"), proxyOf(t, w, namespace, "reviews"))
		gateway := proxyOf(t, w, namespace, "productpage")
		gateway.Gateway, gateway.Pod, gateway.Labels = true, "gateway-in-"+namespace, map[string]string{"istio": "ingressgateway"}
		nodes = append(nodes, gateway)
	}
	return append(nodes, xds.Node{Gateway: true, Namespace: tenant.controlPlane, Pod: "gateway-in-" + tenant.controlPlane,
		IP: "10.97.99.97", Labels: map[string]string{"istio": "ingressgateway"}})
}

const everyKind = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: e2e, namespace: NAMESPACE}
spec:
  hosts: [reviews.NAMESPACE.svc.cluster.local, NAMESPACE.example]
  gateways: [mesh, NAMESPACE/e2e]
  http: [{route: [{destination: {host: reviews.NAMESPACE.svc.cluster.local, subset: v1}}]}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: e2e, namespace: NAMESPACE}
spec: {host: reviews.NAMESPACE.svc.cluster.local, subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: e2e, namespace: NAMESPACE}
spec: {hosts: [outside.NAMESPACE.example], location: MESH_EXTERNAL, resolution: STATIC, ports: [{name: tcp, number: 5432, protocol: TCP}], workloadSelector: {labels: {vm: NAMESPACE}}}
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: e2e, namespace: NAMESPACE}
spec: {address: 192.0.2.7, labels: {vm: NAMESPACE}}
---
apiVersion: networking.istio.io/v1
kind: WorkloadGroup
metadata: {name: e2e, namespace: NAMESPACE}
spec: {template: {serviceAccount: default}}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: e2e, namespace: NAMESPACE}
spec:
  selector: {istio: ingressgateway}
  servers:
  - {port: {number: 80, name: http, protocol: HTTP}, hosts: [NAMESPACE.example]}
  - {port: {number: 443, name: https, protocol: HTTPS}, hosts: [NAMESPACE.example], tls: {mode: SIMPLE, credentialName: e2e}}
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: e2e, namespace: NAMESPACE}
spec: {workloadSelector: {labels: {app: ratings}}, egress: [{hosts: [./*]}]}
---
apiVersion: networking.istio.io/v1beta1
kind: ProxyConfig
metadata: {name: e2e, namespace: NAMESPACE}
spec: {concurrency: 1}
---
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: e2e, namespace: NAMESPACE}
spec:
  workloadSelector: {labels: {app: details}}
  configPatches: [{applyTo: CLUSTER, match: {cluster: {service: reviews.NAMESPACE.svc.cluster.local}}, patch: {operation: MERGE, value: {connect_timeout: 7s}}}]
---
apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: {name: e2e, namespace: NAMESPACE}
spec: {selector: {matchLabels: {app: details}}, url: "https://NAMESPACE.example/plugin.wasm"}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: e2e, namespace: NAMESPACE}
spec: {selector: {matchLabels: {app: details}}, mtls: {mode: PERMISSIVE}}
---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: e2e, namespace: NAMESPACE}
spec: {selector: {matchLabels: {app: details}}, jwtRules: [{issuer: NAMESPACE.example, jwks: '{"keys":[]}'}]}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: e2e, namespace: NAMESPACE}
spec: {action: DENY, selector: {matchLabels: {app: details}}, rules: [{to: [{operation: {paths: [/NAMESPACE]}}]}]}
---
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: e2e, namespace: NAMESPACE}
spec: {accessLogging: [{providers: [{name: envoy}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: e2e, namespace: NAMESPACE}
spec: {clusterIP: None, ports: [{name: tcp, port: 7000}]}
---
apiVersion: v1
kind: Secret
metadata: {name: e2e, namespace: NAMESPACE}
stringData: {text: NAMESPACE}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: e2e, namespace: NAMESPACE, annotations: {kubernetes.io/ingress.class: istio}}
spec: {rules: [{host: ingress.NAMESPACE.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: e2e, port: {number: 7000}}}}]}}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: e2e, namespace: NAMESPACE}
spec: {parentRefs: [{group: "", kind: Service, name: reviews}], rules: [{backendRefs: [{name: reviews, port: 9080}]}]}
`
