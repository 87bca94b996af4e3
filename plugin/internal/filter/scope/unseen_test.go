package scope_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/kio"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/scope"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/tenancy"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/tenancytest"
)

// rootMesh is the ConfigMap without which there is no control plane.
func rootMesh(text string) string {
	return "{apiVersion: v1, kind: ConfigMap, metadata: {name: istio-sales, namespace: istio-system1}, data: {mesh: '" + text + "'}}\n---\n"
}

// rooted is the step for a tenant of these namespaces, which collects warnings.
func rooted(version string, warnings *[]string, namespaces ...string) tenancytest.Step {
	s := tenancytest.Step{
		Tenant: tenancytest.Sales(namespaces...), Version: version,
		Warn: func(w string) { *warnings = append(*warnings, w) },
		New:  func(t tenancy.Tenant) kio.Filter { return scope.Filter{Tenant: t} },
	}
	if len(namespaces) > 1 {
		s.Tenant.Spec.Discovery = "selectors" // by name: no warning of it
	}
	return s
}

const (
	in1     = "istio-system1"
	istioV1 = "networking.istio.io/v1"
)

// written is an object of a kind, in flow style.
func written(apiVersion, kind, namespace, spec string) string {
	return "{apiVersion: " + apiVersion + ", kind: " + kind + ", metadata: {name: a, namespace: " + namespace + "}, spec: " + spec + "}\n---\n"
}

func TestWhatIsForTheWholeMeshMovesToWhereIstiodLooks(t *testing.T) {
	for name, text := range map[string]string{
		"AuthorizationPolicy": written("security.istio.io/v1", "AuthorizationPolicy", in1,
			"{selector: {matchLabels: {app: b}}, rules: [{from: [{source: {namespaces: [x], serviceAccounts: [ns-1/b]}}]}]}"),
		"of an account by condition": written("security.istio.io/v1", "AuthorizationPolicy", in1,
			"{rules: [{when: [{key: source.serviceAccount, values: [ns-1/b]}, {key: 'request.headers[a]', values: [b]}]}]}"),
		"RequestAuthentication": written("security.istio.io/v1", "RequestAuthentication", in1, "{selector: {matchLabels: {app: b}}}"),
		"PeerAuthentication":    written("security.istio.io/v1", "PeerAuthentication", in1, "{mtls: {mode: PERMISSIVE}}"),
		"beside one with a selector": written("security.istio.io/v1", "PeerAuthentication", in1, "{mtls: {mode: PERMISSIVE}}") +
			strings.Replace(written("security.istio.io/v1", "PeerAuthentication", "ns-1", "{selector: {matchLabels: {app: b}}}"), "name: a", "name: b", 1),
		"Telemetry":   written("telemetry.istio.io/v1", "Telemetry", in1, "{accessLogging: [{providers: [{name: b}]}]}"),
		"ProxyConfig": written("networking.istio.io/v1beta1", "ProxyConfig", in1, "{concurrency: 1}"),
		"Sidecar":     written(istioV1, "Sidecar", in1, "{egress: [{hosts: [./*, istio-system1/*]}]}"),
		"EnvoyFilter": written("networking.istio.io/v1alpha3", "EnvoyFilter", in1, "{workloadSelector: {labels: {app: b}}, priority: 1}") +
			strings.Replace(written("networking.istio.io/v1alpha3", "EnvoyFilter", "ns-1", "{}"), "name: a", "name: b", 1),
		"WasmPlugin": written("extensions.istio.io/v1alpha1", "WasmPlugin", in1, "{selector: {matchLabels: {app: b}}, phase: AUTHN}") +
			strings.Replace(written("extensions.istio.io/v1alpha1", "WasmPlugin", "ns-1", "{phase: AUTHZ}"), "name: a", "name: b", 1),
		"DestinationRule": written(istioV1, "DestinationRule", in1, "{host: '*.local'}") +
			strings.Replace(written(istioV1, "DestinationRule", "ns-1", "{host: reviews}"), "name: a", "name: b", 1),
		"VirtualService": written(istioV1, "VirtualService", in1,
			"{hosts: ['*', b.example, 10.0.0.1], gateways: [mesh, ns-1/b], exportTo: ['*'], http: [{route: [{destination: {host: b.ns-1.svc.cluster.local}}]}]}") +
			strings.Replace(written(istioV1, "Sidecar", "ns-1", "{egress: [{hosts: ['*/*', '~/*']}]}"), "name: a", "name: b", 1),
		"ServiceEntry": written(istioV1, "ServiceEntry", in1, "{hosts: [b.example]}"),
	} {
		t.Run(name, func(t *testing.T) {
			var warnings []string
			got := objecttest.Run(t, rooted("1.31.0", &warnings), rootMesh("{}")+text)
			require.Len(t, warnings, 1)
			require.Contains(t, warnings[0], " istio-system1/a: metadata.namespace: the tenant's control plane watches ns-1 alone (spec.discovery), "+
				"so that this is moved there, where it means the same: write namespace: ns-1")
			require.Contains(t, got, "metadata: {name: a, namespace: ns-1}")
			require.NotContains(t, got, "metadata: {name: a, namespace: istio-system1}")
			again := objecttest.Run(t, rooted("1.31.0", &warnings), got)
			require.Equal(t, got, again, "idempotent")
			require.Len(t, warnings, 1)
			for _, both := range [][]string{{"ns-1", "ns-2"}} { // whose istiod watches its own namespace
				warnings = nil
				require.Contains(t, objecttest.Run(t, rooted("1.31.0", &warnings, both...), rootMesh("{}")+text), "metadata: {name: a, namespace: istio-system1}")
				require.Empty(t, warnings)
			}
		})
	}
}

func TestWhatWouldMeanSomethingElseIsAnError(t *testing.T) {
	const alone = "; the tenant's control plane watches ns-1 alone (spec.discovery), where this would not mean the same: write namespace: ns-1"
	for name, test := range map[string]struct{ text, mesh, want string }{
		"a policy of a Gateway": {text: written("security.istio.io/v1", "AuthorizationPolicy", in1, "{targetRefs: [{kind: Gateway, name: b}]}"),
			want: "AuthorizationPolicy istio-system1/a: spec.targetRefs: names objects of the policy's own namespace" + alone},
		"an account of the policy's namespace": {text: written("security.istio.io/v1", "AuthorizationPolicy", in1, "{rules: [{from: [{source: {notServiceAccounts: [b/c, d]}}]}]}"),
			want: `AuthorizationPolicy istio-system1/a: spec.rules[0].from[0].source.notServiceAccounts[1]: found "d", which is a ServiceAccount of the policy's own namespace` + alone + ", or ns-1/d"},
		"by a condition": {text: written("security.istio.io/v1", "AuthorizationPolicy", in1, "{rules: [{when: [{key: source.serviceAccount, values: [d]}]}]}"),
			want: `spec.rules[0].when[0].values[0]: found "d", which is a ServiceAccount of the policy's own namespace`},
		"a selector that counts for nothing": {text: written("security.istio.io/v1", "PeerAuthentication", in1, "{selector: {matchLabels: {app: b}}}"),
			want: "PeerAuthentication istio-system1/a: spec.selector: has no effect in the root namespace" + alone},
		"two for a namespace": {text: written("security.istio.io/v1", "PeerAuthentication", in1, "{mtls: {mode: PERMISSIVE}}") +
			"{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: b}}",
			want: "PeerAuthentication istio-system1/a: spec.selector: is as in PeerAuthentication b, and of two without a selector in a namespace Istio uses the older" +
				alone + " if that is meant, or change one of them"},
		"a selector of the root namespace": {text: written("telemetry.istio.io/v1", "Telemetry", in1, "{selector: {matchLabels: {app: b}}}"),
			want: "Telemetry istio-system1/a: spec.selector: selects Pods of its own namespace only" + alone},
		"a short host": {text: written(istioV1, "VirtualService", in1, "{hosts: [reviews], http: [{mirrors: [{destination: {host: b}}]}]}"),
			want: `VirtualService istio-system1/a: spec.hosts[0]: found "reviews", which is short for reviews.istio-system1.svc.cluster.local` + alone +
				", or the whole name, such as reviews.ns-1.svc.cluster.local\n" +
				`VirtualService istio-system1/a: spec.http[0].mirrors[0].destination.host: found "b", which is short for`},
		"a Gateway that is not there": {text: written(istioV1, "VirtualService", in1, "{hosts: [b.example], gateways: [mesh, my]}"),
			want: `VirtualService istio-system1/a: spec.gateways[1]: found "my", a Gateway of the control plane's namespace that is not among the objects` + alone +
				", or the namespace of one that is there"},
		"for its own namespace": {text: written(istioV1, "ServiceEntry", in1, "{hosts: [b.example], exportTo: [.]}"),
			want: "ServiceEntry istio-system1/a: spec.exportTo: spec.exportTo: found ., which is relative to the object's namespace, or excludes others" + alone + `, or exportTo: ["*"]`},
		"as the mesh says": {text: written(istioV1, "ServiceEntry", in1, "{hosts: [b.example]}"), mesh: "{defaultServiceExportTo: [.]}",
			want: "spec.exportTo: spec.exportTo is missing, and the mesh's defaultServiceExportTo: found ., "},
		"a Sidecar that tells namespaces apart": {text: written(istioV1, "ServiceEntry", in1, "{hosts: [b.example]}") +
			strings.Replace(written(istioV1, "Sidecar", "ns-1", "{egress: [{hosts: [./*]}]}"), "name: a", "name: b", 1),
			want: `ServiceEntry istio-system1/a: metadata.namespace: Sidecar ns-1/b takes objects by their namespace (spec.egress[0].hosts[0]: found "./*")` + alone + " if that is meant"},
		"two entries of a host": {text: written(istioV1, "ServiceEntry", in1, "{hosts: [b.example, c.example]}") + strings.Replace(written(istioV1, "ServiceEntry", "ns-1", "{hosts: [c.example]}"), "name: a", "name: b", 1),
			want: "ServiceEntry istio-system1/a: spec.hosts: is as in ServiceEntry ns-1/b, and Istio prefers"},
		"a rule for more": {text: written(istioV1, "DestinationRule", in1, "{host: reviews.ns-1.svc.cluster.local}") + strings.Replace(written(istioV1, "DestinationRule", "ns-1", "{host: '*.local'}"), "name: a", "name: b", 1),
			want: "DestinationRule istio-system1/a: spec.host: is as in DestinationRule ns-1/b, and Istio takes"},
		"a rule for the same, short": {text: written(istioV1, "DestinationRule", in1, "{host: reviews.ns-1.svc.cluster.local}") + strings.Replace(written(istioV1, "DestinationRule", "ns-1", "{host: reviews}"), "name: a", "name: b", 1),
			want: "DestinationRule istio-system1/a: spec.host: is as in DestinationRule ns-1/b, and Istio takes"},
		"an order": {text: written("networking.istio.io/v1alpha3", "EnvoyFilter", in1, "{priority: 0}") + strings.Replace(written("networking.istio.io/v1alpha3", "EnvoyFilter", "ns-1", "{}"), "name: a", "name: b", 1),
			want: "EnvoyFilter istio-system1/a: spec.priority: is as in EnvoyFilter ns-1/b, and of two with the same priority"},
		"a plugin's Secret": {text: written("extensions.istio.io/v1alpha1", "WasmPlugin", in1, "{imagePullSecret: b}"),
			want: "WasmPlugin istio-system1/a: spec.imagePullSecret: names a Secret of its own namespace" + alone},
		"a machine": {text: written(istioV1, "WorkloadEntry", in1, "{address: 10.0.0.1}"),
			want: "WorkloadEntry istio-system1/a: metadata.namespace: its identity and the names by which it is reached have its namespace" + alone},
		"the Gateway API": {text: written("gateway.networking.k8s.io/v1", "HTTPRoute", in1, "{}"),
			want: "HTTPRoute istio-system1/a: metadata.namespace: parentRefs, backendRefs, allowedRoutes and ReferenceGrants of the Gateway API count from its namespace"},
		"a Gateway without gateways": {text: written(istioV1, "Gateway", in1, "{selector: {istio: b}}"),
			want: "Gateway istio-system1/a: spec.selector: selects gateways of its own namespace, and no gateway workload of this overlay that moves from there has these labels"},
		"or for all": {text: written(istioV1, "Gateway", in1, "{}"), want: "Gateway istio-system1/a: spec.selector: selects gateways of its own namespace"},
	} {
		t.Run(name, func(t *testing.T) {
			var warnings []string
			if test.mesh == "" {
				test.mesh = "{}"
			}
			require.Contains(t, objecttest.RunError(t, rooted("1.31.0", &warnings), rootMesh(test.mesh)+test.text), test.want)
		})
	}
}

const edge = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: edge, namespace: istio-system1}, spec: {template: {metadata: {labels: {istio: edge}, annotations: {inject.istio.io/templates: gateway}}}}}
---
{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: a, namespace: istio-system1}, spec: {selector: {istio: edge}, servers: [{hosts: [b.example, '*/c.example'], tls: {credentialName: b}}]}}
---
`

func TestAGatewayMovesWithItsPodsAndIsNamedSo(t *testing.T) {
	var warnings []string
	got := objecttest.Run(t, rooted("1.31.0", &warnings), rootMesh("{}")+edge+`
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: near, namespace: istio-system1}, spec: {hosts: [b.example], gateways: [a, ./a], http: [{match: [{gateways: [istio-system1/a]}], delegate: {name: part}}]}}
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: part, namespace: istio-system1}, spec: {http: [{route: [{destination: {host: b.example}}]}]}}
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: far, namespace: ns-1}, spec: {hosts: [reviews], gateways: [istio-system1/a, a], http: [{delegate: {name: part, namespace: istio-system1}}]}}
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: old}, spec: {hosts: [reviews], gateways: [a.istio-system1.svc.cluster.local, mesh]}}
`)
	for _, want := range []string{
		"kind: Gateway, metadata: {name: a, namespace: ns-1}",
		"name: near, namespace: ns-1}, spec: {hosts: [b.example], gateways: [a, ns-1/a], http: [{match: [{gateways: [ns-1/a]}], delegate: {name: part}}]}}",
		"name: far, namespace: ns-1}, spec: {hosts: [reviews], gateways: [ns-1/a, a], http: [{delegate: {name: part, namespace: ns-1}}]}}",
		"name: old}, spec: {hosts: [reviews], gateways: [ns-1/a, mesh]}}",
	} {
		require.Contains(t, got, want)
	}
	require.Contains(t, warnings, "VirtualService ns-1/far: spec.gateways[0]: found a Gateway of namespace istio-system1, which is moved to ns-1, and "+
		"this field names the old namespace: write namespace ns-1")
	require.Contains(t, warnings, "VirtualService ns-1/far: spec.http[0].delegate.name: found a VirtualService of namespace istio-system1, which is moved to ns-1, and "+
		"this field names the old namespace: write namespace ns-1")
}

func TestAGatewayStaysWithWhatItWouldLose(t *testing.T) {
	var warnings []string
	require.Contains(t, objecttest.RunError(t, rooted("1.31.0", &warnings), rootMesh("{}")+edge+
		"{apiVersion: v1, kind: Secret, metadata: {name: b, namespace: istio-system1}}"),
		`Gateway istio-system1/a: spec.servers[0].tls.credentialName: found "b", which is a Secret of the control plane's namespace, and a gateway reads those of the namespace where it runs`)
	require.Contains(t, objecttest.RunError(t, rooted("1.31.0", &warnings), rootMesh("{}")+edge+
		"{apiVersion: apps/v1, kind: Deployment, metadata: {name: b, namespace: ns-1}, spec: {template: {metadata: {labels: {istio: edge}}}}}"),
		"selects gateways of its own namespace, and selects Deployment ns-1/b of another namespace, too")
	require.Contains(t, objecttest.RunError(t, rooted("1.31.0", &warnings), rootMesh("{}")+strings.Replace(edge, "*/c.example", "./c.example", 1)),
		`Gateway istio-system1/a: spec.servers[0].hosts[1]: found "./c.example", which takes VirtualServices of one namespace`)
	require.Empty(t, warnings, "what does not move is not said to move")
}

func TestWhatIstiodDoesNotReadStays(t *testing.T) {
	for name, text := range map[string]string{
		"another kind":     "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: istio-system1}}",
		"another revision": "{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: a, namespace: istio-system1, labels: {istio.io/rev: blue}}}",
		"the tenant's":     "{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: a, namespace: istio-system1, labels: {istio-tenancy.dev/tenant: sales}}}",
	} {
		t.Run(name, func(t *testing.T) {
			var warnings []string
			require.Contains(t, objecttest.Run(t, rooted("1.31.0", &warnings), rootMesh("{}")+text), "name: a, namespace: istio-system1")
			require.Empty(t, warnings)
		})
	}
}

// TestTheChartsFiltersMoveInSilence: nobody who reads a warning wrote them.
func TestTheChartsFiltersMoveInSilence(t *testing.T) {
	const text = "{apiVersion: networking.istio.io/v1alpha3, kind: EnvoyFilter, metadata: {name: a, namespace: istio-system1, labels: {istio.io/rev: sales}}, spec: {priority: -1}}"
	var warnings []string
	require.Contains(t, objecttest.Run(t, rooted("1.18.0", &warnings), rootMesh("{}")+text), "name: a, namespace: ns-1")
	require.Empty(t, warnings)
}
