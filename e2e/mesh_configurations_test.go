package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
)

// configuration is what a tenant's administrator writes to reach another tenant of the
// mesh. PODIP is a Pod of that one.
type configuration struct {
	name, kind, spec string
	// noted are annotations of the object.
	noted string
	// refused says by what; "": it is accepted, and must change nothing of the other.
	refused string
}

const refusedByPolicy = "istio-tenancy-mesh"

var configurations = []configuration{
	{name: "a VirtualService for all", kind: "networking.istio.io/v1 VirtualService", refused: refusedByPolicy,
		spec: `{exportTo: ["*"], hosts: [reviews.parcel-web.svc.cluster.local], http: [{directResponse: {status: 418}}]}`},
	{name: "a VirtualService for the other's namespace", kind: "networking.istio.io/v1 VirtualService", refused: refusedByPolicy,
		spec: `{exportTo: [parcel-web], hosts: [reviews.parcel-web.svc.cluster.local], http: [{directResponse: {status: 418}}]}`},
	{name: "one of an older version", kind: "networking.istio.io/v1alpha3 VirtualService", refused: refusedByPolicy,
		spec: `{exportTo: [invoices, parcel-web], hosts: [reviews.parcel-web.svc.cluster.local], http: [{directResponse: {status: 418}}]}`},
	{name: "a DestinationRule for all", kind: "networking.istio.io/v1 DestinationRule", refused: refusedByPolicy,
		spec: `{exportTo: ["*"], host: reviews.parcel-web.svc.cluster.local, trafficPolicy: {tls: {mode: DISABLE}}}`},
	{name: "a ServiceEntry for all", kind: "networking.istio.io/v1 ServiceEntry", refused: refusedByPolicy,
		spec: `{exportTo: ["*"], hosts: [pay.example.com], ports: [{number: 9080, name: http, protocol: HTTP}], resolution: STATIC, endpoints: [{address: 198.51.100.7}]}`},
	{name: "a ServiceEntry for the shared gateway", kind: "networking.istio.io/v1 ServiceEntry", refused: refusedByPolicy,
		spec: `{exportTo: [istio-ingress], hosts: [pay.example.com], ports: [{number: 80, name: http, protocol: HTTP}], resolution: STATIC, endpoints: [{address: 198.51.100.7}]}`},
	{name: "a ServiceEntry for the other's Service", kind: "networking.istio.io/v1 ServiceEntry", refused: refusedByPolicy,
		spec: `{hosts: [reviews.parcel-web.svc.cluster.local], ports: [{number: 9080, name: http, protocol: HTTP}], resolution: STATIC, endpoints: [{address: 198.51.100.7}]}`},
	{name: "the same, in other letters", kind: "networking.istio.io/v1 ServiceEntry", refused: refusedByPolicy,
		spec: `{hosts: [Reviews.Parcel-Web.SVC.Cluster.Local], ports: [{number: 9080, name: http, protocol: HTTP}], resolution: STATIC, endpoints: [{address: 198.51.100.7}]}`},
	{name: "a ServiceEntry for a Service of one's own, whose endpoints the shared gateway would get", kind: "networking.istio.io/v1 ServiceEntry", refused: refusedByPolicy,
		spec: `{exportTo: ["."], hosts: [details.invoices.svc.cluster.local], ports: [{number: 9080, name: grpc, protocol: GRPC}], resolution: STATIC, endpoints: [{address: 198.51.100.7, ports: {grpc: 15012}}]}`},
	{name: "a route at the shared gateway to the other's Service", kind: "networking.istio.io/v1 VirtualService", refused: refusedByPolicy,
		spec: `{exportTo: [istio-ingress], gateways: [istio-ingress/shared], hosts: [invoices.example.com], http: [{route: [{destination: {host: web.parcel-web.svc.cluster.local}}]}]}`},
	{name: "one that copies to it", kind: "networking.istio.io/v1 VirtualService", refused: refusedByPolicy,
		spec: `{exportTo: [istio-ingress], gateways: [istio-ingress/shared], hosts: [invoices.example.com], http: [{route: [{destination: {host: details}}], mirrors: [{destination: {host: web.parcel-web.svc.cluster.local}}]}]}`},
	{name: "one of TCP", kind: "networking.istio.io/v1 VirtualService", refused: refusedByPolicy,
		spec: `{exportTo: [istio-ingress], gateways: [istio-ingress/shared], hosts: [invoices.example.com], tcp: [{route: [{destination: {host: Web.Parcel-Web.svc}}]}]}`},
	{name: "one that leaves it to another route", kind: "networking.istio.io/v1 VirtualService", refused: refusedByPolicy,
		spec: `{exportTo: [istio-ingress], gateways: [istio-ingress/shared], hosts: [invoices.example.com], http: [{delegate: {name: other}}]}`},
	{name: "a Sidecar that does not say what it imports", kind: "networking.istio.io/v1 Sidecar", refused: refusedByPolicy,
		spec: `{workloadSelector: {labels: {app: details}}, outboundTrafficPolicy: {mode: ALLOW_ANY}}`},
	{name: "a ServiceEntry for all Services", kind: "networking.istio.io/v1 ServiceEntry", refused: refusedByPolicy,
		spec: `{hosts: ["*.svc.cluster.local"], ports: [{number: 9080, name: http, protocol: HTTP}], resolution: NONE}`},
	{name: "a ServiceEntry for all that is local", kind: "networking.istio.io/v1 ServiceEntry", refused: refusedByPolicy,
		spec: `{hosts: [own.example.com, "*.local"], ports: [{number: 9080, name: http, protocol: HTTP}], resolution: NONE}`},
	{name: "a Service for all", kind: "v1 Service", noted: `networking.istio.io/exportTo: "*"`, refused: refusedByPolicy, spec: `{ports: [{port: 80}]}`},
	{name: "a Service for the other's namespace", kind: "v1 Service", noted: `networking.istio.io/exportTo: "., parcel-db"`, refused: refusedByPolicy, spec: `{ports: [{port: 80}]}`},
	{name: "a Service that is another name for the other's", kind: "v1 Service", refused: refusedByPolicy, spec: `{type: ExternalName, externalName: reviews.parcel-web.svc.cluster.local, ports: [{name: http, port: 9080}]}`},
	{name: "a Sidecar that imports all", kind: "networking.istio.io/v1 Sidecar", refused: refusedByPolicy,
		spec: `{workloadSelector: {labels: {app: details}}, egress: [{hosts: ["./*", "*/*"]}]}`},
	{name: "a Sidecar that imports the other's namespace", kind: "networking.istio.io/v1 Sidecar", refused: refusedByPolicy,
		spec: `{workloadSelector: {labels: {app: details}}, egress: [{hosts: ["parcel-web/*"]}]}`},
	{name: "a Sidecar that imports the control plane's namespace", kind: "networking.istio.io/v1 Sidecar", refused: refusedByPolicy,
		spec: `{workloadSelector: {labels: {app: details}}, egress: [{hosts: ["istio-shared/*"]}]}`},
	{name: "a Sidecar for the whole namespace", kind: "networking.istio.io/v1 Sidecar", refused: refusedByPolicy, spec: `{egress: [{hosts: ["./*"]}]}`},

	{name: "a VirtualService for the other's host", kind: "networking.istio.io/v1 VirtualService",
		spec: `{hosts: [reviews.parcel-web.svc.cluster.local], http: [{directResponse: {status: 418}}]}`},
	{name: "a VirtualService for the other's host at the shared gateway", kind: "networking.istio.io/v1 VirtualService",
		spec: `{exportTo: [istio-ingress], gateways: [istio-ingress/shared], hosts: [parcel.example.com], http: [{directResponse: {status: 418}}]}`},
	{name: "a VirtualService for every host at the shared gateway", kind: "networking.istio.io/v1 VirtualService",
		spec: `{exportTo: [istio-ingress], gateways: [istio-ingress/shared, mesh], hosts: ["*.example.com"], http: [{directResponse: {status: 418}}]}`},
	{name: "a DestinationRule for the other's Service at the shared gateway", kind: "networking.istio.io/v1 DestinationRule",
		spec: `{exportTo: [istio-ingress], host: web.parcel-web.svc.cluster.local, trafficPolicy: {tls: {mode: DISABLE}, connectionPool: {tcp: {maxConnections: 7}}}}`},
	{name: "a Gateway that selects the shared gateway", kind: "networking.istio.io/v1 Gateway",
		spec: `{selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]}`},
	{name: "an Ingress for the other's host", kind: "networking.k8s.io/v1 Ingress", noted: "kubernetes.io/ingress.class: istio",
		spec: `{rules: [{host: parcel.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: reviews, port: {number: 9080}}}}]}}], tls: [{hosts: [parcel.example.com], secretName: attack}]}`},
	{name: "a Gateway of the Gateway API at the shared gateway's Service", kind: "gateway.networking.k8s.io/v1 Gateway",
		spec: `{gatewayClassName: istio-shared, addresses: [{type: Hostname, value: istio-ingressgateway.istio-ingress.svc.cluster.local}], listeners: [{name: http, port: 80, protocol: HTTP}]}`},
	{name: "an HTTPRoute for the other's Service", kind: "gateway.networking.k8s.io/v1 HTTPRoute",
		spec: `{parentRefs: [{group: "", kind: Service, name: reviews, namespace: parcel-web}], rules: [{backendRefs: [{name: details, port: 9080}]}]}`},
	{name: "an EnvoyFilter", kind: "networking.istio.io/v1alpha3 EnvoyFilter",
		spec: `{configPatches: [{applyTo: CLUSTER, match: {context: ANY}, patch: {operation: MERGE, value: {connect_timeout: 7s}}}]}`},
	{name: "a PeerAuthentication", kind: "security.istio.io/v1 PeerAuthentication", spec: `{mtls: {mode: PERMISSIVE}, selector: {matchLabels: {app: reviews}}}`},
	{name: "an AuthorizationPolicy", kind: "security.istio.io/v1 AuthorizationPolicy", spec: `{action: DENY, rules: [{}], selector: {matchLabels: {app: reviews}}}`},
	{name: "a RequestAuthentication", kind: "security.istio.io/v1 RequestAuthentication", spec: `{jwtRules: [{issuer: attack.example, jwks: '{"keys":[]}'}]}`},
	{name: "a Telemetry", kind: "telemetry.istio.io/v1 Telemetry", spec: `{accessLogging: [{providers: [{name: envoy}]}]}`},
	{name: "a WasmPlugin", kind: "extensions.istio.io/v1alpha1 WasmPlugin", spec: `{url: "oci://registry.example/attack:1"}`},
	{name: "a Service that is another name for one outside", kind: "v1 Service", spec: `{type: ExternalName, externalName: reviews.example.com, ports: [{name: http, port: 9080}]}`},
	{name: "a ServiceEntry of the other's Pods", kind: "networking.istio.io/v1 ServiceEntry",
		spec: `{hosts: [stolen.example.com], ports: [{number: 9080, name: http, protocol: HTTP}], resolution: STATIC, endpoints: [{address: PODIP}]}`},
	{name: "a WorkloadEntry of the other's Pod, as the other's account", kind: "networking.istio.io/v1 WorkloadEntry", spec: `{address: PODIP, labels: {app: reviews}, serviceAccount: default}`},
}

// in is the object, in a namespace.
func (o configuration) in(t *testing.T, namespace, ip string) []*cluster.Object {
	version, kind, _ := strings.Cut(o.kind, " ")
	return parse(t, fmt.Sprintf("{apiVersion: %s, kind: %s, metadata: {name: attack, namespace: %s, annotations: {%s}}, spec: %s}",
		version, kind, namespace, o.noted, strings.ReplaceAll(o.spec, "PODIP", ip)))
}
