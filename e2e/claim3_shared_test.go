package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/xds"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
)

// The control plane is nobody's of the tenant, who has no right beside it at all.
func TestEveryAttackOfATenantAdministratorOfASharedMeshIsRefused(t *testing.T) {
	c := claims(t, "Every attack of an administrator whose tenant shares a control plane, on that control plane, the cluster and other tenants, is refused")
	w, m := theMesh(t)
	client, sales := w.cluster.As("billing-admin"), w.tenants["sales"]
	on := target{
		tenant: "billing", app: "billing", plane: "istio-shared", other: "orders", otherApp: "orders-web", otherPlane: sales.controlPlane, otherAdmin: "orders-admin",
		istiod: "istiod-shared", otherIstiod: "istiod-sales", pod: m.host.istiod.Pod, mesh: "istio-shared", injector: "istio-sidecar-injector-shared",
		validator: nameOf(t, m.host.objects, "ValidatingWebhookConfiguration"), otherHook: nameOf(t, sales.objects, "MutatingWebhookConfiguration"),
		clusterRole: "istiod-clusterrole-shared-istio-shared", memberRole: "istiod-member-shared-istio-shared",
		adminRole: "ns-access-for-shared-admin-istio-shared", policy: "allow-members",
	}
	for _, attack := range append([]attack{
		{name: "be its own istiod, by the rights that this has in every tenant's namespace", method: "POST", path: rbac + "/namespaces/$APP/rolebindings",
			body: object("rbac.authorization.k8s.io/v1", "RoleBinding", "attack-11", me+","+roleRef("ClusterRole", "$MEMBERROLE"))},
		{name: "be nobody's istiod any more", method: "DELETE", path: rbac + "/namespaces/$APP/rolebindings/istiod-member-shared"},
		{name: "take the mesh's label off the own Namespace", method: "PATCH", path: inApp, body: `{"metadata":{"labels":{"istio-tenancy.dev/mesh":null}}}`},
		{name: "say that the other's namespace is the own", method: "PATCH", path: inApp, body: `{"metadata":{"annotations":{"istio-tenancy.dev/namespaces":"billing,orders-web"}}}`},
		{name: "delete the policy of the own namespace", method: "DELETE", path: "/apis/security.istio.io/v1/namespaces/$APP/authorizationpolicies/deny-other-tenants"},
		{name: "configure the whole mesh", method: "POST", path: "/apis/networking.istio.io/v1/namespaces/$PLANE/sidecars", body: object("networking.istio.io/v1", "Sidecar", "attack", `"spec":{}`)},
		{name: "configure the shared gateway", method: "POST", path: "/apis/networking.istio.io/v1/namespaces/istio-ingress/gateways", body: object("networking.istio.io/v1", "Gateway", "attack", `"spec":{}`)},
	}, attacks...) {
		if attack.name == "bind istiod's Role in the own application namespace" {
			continue // which is a ClusterRole: the first of the table
		}
		c.check(attack.name, func(t *testing.T) {
			refused, answer, err := attack.try(client, on)
			require.NoError(t, err)
			require.True(t, refused, "%d %s", answer.Code, answer.Message())
		})
	}
}

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
		spec: `{exportTo: ["*"], hosts: [reviews.orders-web.svc.cluster.local], http: [{directResponse: {status: 418}}]}`},
	{name: "a VirtualService for the other's namespace", kind: "networking.istio.io/v1 VirtualService", refused: refusedByPolicy,
		spec: `{exportTo: [orders-web], hosts: [reviews.orders-web.svc.cluster.local], http: [{directResponse: {status: 418}}]}`},
	{name: "one of an older version", kind: "networking.istio.io/v1alpha3 VirtualService", refused: refusedByPolicy,
		spec: `{exportTo: [billing, orders-web], hosts: [reviews.orders-web.svc.cluster.local], http: [{directResponse: {status: 418}}]}`},
	{name: "a DestinationRule for all", kind: "networking.istio.io/v1 DestinationRule", refused: refusedByPolicy,
		spec: `{exportTo: ["*"], host: reviews.orders-web.svc.cluster.local, trafficPolicy: {tls: {mode: DISABLE}}}`},
	{name: "a ServiceEntry for all", kind: "networking.istio.io/v1 ServiceEntry", refused: refusedByPolicy,
		spec: `{exportTo: ["*"], hosts: [pay.example.com], ports: [{number: 9080, name: http, protocol: HTTP}], resolution: STATIC, endpoints: [{address: 198.51.100.7}]}`},
	{name: "a ServiceEntry for the shared gateway", kind: "networking.istio.io/v1 ServiceEntry", refused: refusedByPolicy,
		spec: `{exportTo: [istio-ingress], hosts: [pay.example.com], ports: [{number: 80, name: http, protocol: HTTP}], resolution: STATIC, endpoints: [{address: 198.51.100.7}]}`},
	{name: "a ServiceEntry for the other's Service", kind: "networking.istio.io/v1 ServiceEntry", refused: refusedByPolicy,
		spec: `{hosts: [reviews.orders-web.svc.cluster.local], ports: [{number: 9080, name: http, protocol: HTTP}], resolution: STATIC, endpoints: [{address: 198.51.100.7}]}`},
	{name: "the same, in other letters", kind: "networking.istio.io/v1 ServiceEntry", refused: refusedByPolicy,
		spec: `{hosts: [Reviews.Orders-Web.SVC.Cluster.Local], ports: [{number: 9080, name: http, protocol: HTTP}], resolution: STATIC, endpoints: [{address: 198.51.100.7}]}`},
	{name: "a ServiceEntry for all Services", kind: "networking.istio.io/v1 ServiceEntry", refused: refusedByPolicy,
		spec: `{hosts: ["*.svc.cluster.local"], ports: [{number: 9080, name: http, protocol: HTTP}], resolution: NONE}`},
	{name: "a ServiceEntry for all that is local", kind: "networking.istio.io/v1 ServiceEntry", refused: refusedByPolicy,
		spec: `{hosts: [own.example.com, "*.local"], ports: [{number: 9080, name: http, protocol: HTTP}], resolution: NONE}`},
	{name: "a Service for all", kind: "v1 Service", noted: `networking.istio.io/exportTo: "*"`, refused: refusedByPolicy, spec: `{ports: [{port: 80}]}`},
	{name: "a Service for the other's namespace", kind: "v1 Service", noted: `networking.istio.io/exportTo: "., orders-db"`, refused: refusedByPolicy, spec: `{ports: [{port: 80}]}`},
	{name: "a Service that is another name for the other's", kind: "v1 Service", refused: refusedByPolicy, spec: `{type: ExternalName, externalName: reviews.orders-web.svc.cluster.local, ports: [{name: http, port: 9080}]}`},
	{name: "a Sidecar that imports all", kind: "networking.istio.io/v1 Sidecar", refused: refusedByPolicy,
		spec: `{workloadSelector: {labels: {app: details}}, egress: [{hosts: ["./*", "*/*"]}]}`},
	{name: "a Sidecar that imports the other's namespace", kind: "networking.istio.io/v1 Sidecar", refused: refusedByPolicy,
		spec: `{workloadSelector: {labels: {app: details}}, egress: [{hosts: ["orders-web/*"]}]}`},
	{name: "a Sidecar that imports the control plane's namespace", kind: "networking.istio.io/v1 Sidecar", refused: refusedByPolicy,
		spec: `{workloadSelector: {labels: {app: details}}, egress: [{hosts: ["istio-shared/*"]}]}`},
	{name: "a Sidecar for the whole namespace", kind: "networking.istio.io/v1 Sidecar", refused: refusedByPolicy, spec: `{egress: [{hosts: ["./*"]}]}`},

	{name: "a VirtualService for the other's host", kind: "networking.istio.io/v1 VirtualService",
		spec: `{hosts: [reviews.orders-web.svc.cluster.local], http: [{directResponse: {status: 418}}]}`},
	{name: "a VirtualService for the other's host at the shared gateway", kind: "networking.istio.io/v1 VirtualService",
		spec: `{exportTo: [istio-ingress], gateways: [istio-ingress/shared], hosts: [orders.example.com], http: [{directResponse: {status: 418}}]}`},
	{name: "a VirtualService for every host at the shared gateway", kind: "networking.istio.io/v1 VirtualService",
		spec: `{exportTo: [istio-ingress], gateways: [istio-ingress/shared, mesh], hosts: ["*.example.com"], http: [{directResponse: {status: 418}}]}`},
	{name: "a DestinationRule for the other's Service at the shared gateway", kind: "networking.istio.io/v1 DestinationRule",
		spec: `{exportTo: [istio-ingress], host: web.orders-web.svc.cluster.local, trafficPolicy: {tls: {mode: DISABLE}, connectionPool: {tcp: {maxConnections: 7}}}}`},
	{name: "a Gateway that selects the shared gateway", kind: "networking.istio.io/v1 Gateway",
		spec: `{selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]}`},
	{name: "an Ingress for the other's host", kind: "networking.k8s.io/v1 Ingress", noted: "kubernetes.io/ingress.class: istio",
		spec: `{rules: [{host: orders.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: reviews, port: {number: 9080}}}}]}}], tls: [{hosts: [orders.example.com], secretName: attack}]}`},
	{name: "a Gateway of the Gateway API at the shared gateway's Service", kind: "gateway.networking.k8s.io/v1 Gateway",
		spec: `{gatewayClassName: istio-shared, addresses: [{type: Hostname, value: istio-ingressgateway.istio-ingress.svc.cluster.local}], listeners: [{name: http, port: 80, protocol: HTTP}]}`},
	{name: "an HTTPRoute for the other's Service", kind: "gateway.networking.k8s.io/v1 HTTPRoute",
		spec: `{parentRefs: [{group: "", kind: Service, name: reviews, namespace: orders-web}], rules: [{backendRefs: [{name: details, port: 9080}]}]}`},
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

// view is what others of the mesh are told: a proxy in each namespace of the other
// tenant, and of the shared gateway the routes, the listeners and the other's clusters.
func (m *sharedMesh) view(t *testing.T, w *world) (map[string]string, error) {
	seen := map[string]string{}
	for _, namespace := range m.tenants["orders"].applications {
		_, text, err := m.seen(t, w, namespace, false)
		if err != nil {
			return nil, err
		}
		seen[namespace] = text
	}
	snapshot, err := m.atGateway(t, w)
	if err != nil {
		return nil, err
	}
	for _, kind := range []string{xds.Routes, xds.Listeners, xds.Clusters} {
		for _, name := range snapshot.Names(kind) {
			if kind == xds.Clusters && !strings.Contains(name, "orders-web") {
				continue
			}
			text, err := proto.MarshalOptions{Deterministic: true}.Marshal(snapshot[kind][name])
			if err != nil {
				return nil, err
			}
			seen["the gateway"] += name + string(text)
		}
	}
	return seen, nil
}

// settled is the view when it is the same twice: what proxies are told changes for a while
// after Pods are there.
func (m *sharedMesh) settled(t *testing.T, w *world) (seen map[string]string) {
	t.Helper()
	require.NoError(t, cluster.Eventually(patience, func() error {
		last := seen
		var err error
		if seen, err = m.view(t, w); err == nil && !maps.Equal(last, seen) {
			err = errors.New("what orders' proxies are told changes all the time")
		}
		return errors.Join(err, contains(seen["the gateway"], "orders.example.com"))
	}))
	return seen
}

// What is accepted has arrived when a Service made after it has.
func TestWhatATenantConfiguresInASharedMeshReachesNoOther(t *testing.T) {
	c := claims(t, "What a tenant's administrator configures in a shared mesh is refused, or changes nothing for another tenant's proxies and for its route at the shared gateway, and shows nothing of it")
	w, m := theMesh(t)
	admin := w.cluster.As("billing-admin")
	pod := proxyOf(t, w, "orders-web", "reviews")
	for i, row := range configurations {
		c.check(row.name, func(t *testing.T) {
			objects := row.in(t, "billing", pod.IP)
			if row.refused != "" {
				_, err := admin.Apply(objects)
				require.ErrorContains(t, err, row.refused)
				_, err = w.cluster.Admin.Apply(objects)
				if row.name != "a Sidecar for the whole namespace" {
					require.ErrorContains(t, err, row.refused, "the cluster administrator's, too")
				} else {
					require.NoError(t, errors.Join(err, w.cluster.Admin.Delete(objects)))
				}
				return
			}
			before := m.settled(t, w)
			_, err := admin.Apply(objects)
			require.NoError(t, err)
			marker := parse(t, fmt.Sprintf("{apiVersion: v1, kind: Service, metadata: {name: after-%d, namespace: billing}, spec: {ports: [{name: http, port: 80}]}}", i))
			_, err = admin.Apply(marker)
			require.NoError(t, err)
			defer func() { require.NoError(t, admin.Delete(append(objects, marker...))) }()
			for _, gateway := range []bool{false, true} {
				var text string
				require.NoError(t, cluster.Eventually(patience, func() (err error) {
					if _, text, err = m.seen(t, w, "billing", gateway); err == nil {
						err = contains(text, fmt.Sprintf("after-%d.billing", i))
					}
					return err
				}))
				if !strings.Contains(row.spec, "orders-web") {
					require.NoError(t, names(m.others("billing"), text), "gateway: %t", gateway)
				}
				if !strings.Contains(row.spec, "PODIP") {
					require.NotContains(t, text, pod.IP, "gateway: %t", gateway)
				}
			}
			after, err := m.view(t, w)
			require.NoError(t, err)
			for of, text := range before {
				require.Equal(t, text, after[of], "of %s", of)
			}
		})
	}
	own := "/apis/networking.istio.io/v1/namespaces/billing/sidecars/tenant-partition"
	for _, row := range []struct{ name, method, body string }{
		{"change the rendered Sidecar", "PATCH", `{"spec":{"egress":[{"hosts":["./*"]}]}}`},
		{"narrow it to other Pods", "PATCH", `{"spec":{"workloadSelector":{"labels":{"app":"nobody"}}}}`},
		{"delete it", "DELETE", ""},
	} {
		c.check(row.name, func(t *testing.T) {
			answer, err := admin.Do(row.method, own, row.body)
			require.NoError(t, err)
			require.Equal(t, 403, answer.Code, answer.Message())
		})
	}
	for _, row := range []configuration{
		{name: "for comparison: a Sidecar of one's own for some Pods", kind: "networking.istio.io/v1 Sidecar", spec: `{workloadSelector: {labels: {app: details}}, egress: [{hosts: ["./reviews.billing.svc.cluster.local", "billing/*", "~/*"]}]}`},
		{name: "for comparison: what is exported to one's own", kind: "networking.istio.io/v1 VirtualService", spec: `{exportTo: [billing], hosts: [reviews], http: [{route: [{destination: {host: reviews}}]}]}`},
		{name: "for comparison: a ServiceEntry for the Internet, and for a Service of one's own", kind: "networking.istio.io/v1 ServiceEntry", spec: `{hosts: [api.example.com, "*.svc.example.com", details.billing.svc.cluster.local], ports: [{number: 443, name: tls, protocol: TLS}], resolution: NONE}`},
		{name: "for comparison: a Service for the shared gateway", kind: "v1 Service", noted: `networking.istio.io/exportTo: " . ,istio-ingress,"`, spec: `{ports: [{port: 80}]}`},
	} {
		c.check(row.name, func(t *testing.T) {
			objects := row.in(t, "billing", "")
			_, err := admin.Apply(objects)
			require.NoError(t, err)
			require.NoError(t, admin.Delete(objects))
		})
	}
	c.check("for comparison: what is refused is not where the control plane is the tenant's own", func(t *testing.T) {
		for _, row := range configurations {
			if objects := row.in(t, "ns-1", ""); row.refused != "" {
				_, err := w.cluster.As("sales-admin").Apply(objects)
				require.NoError(t, err, row.name)
				require.NoError(t, w.cluster.As("sales-admin").Delete(objects))
			}
		}
	})
}

func TestAProxyOfASharedMeshIsToldNothingOfAnother(t *testing.T) {
	c := claims(t, "A proxy of a shared mesh gets no certificate, no configuration, no Secret, no debug page and no API of another tenant, whatever it says that it is; tokens for the mesh are had in its tenants' namespaces alone")
	w, m := theMesh(t)
	istiod, others := m.host.istiod, m.others("billing")
	w.make(t, strings.ReplaceAll(credentialOfAGateway(t), "ns-1", "orders-web"))
	for _, namespace := range []string{"orders-web", "billing"} {
		caller, err := proxyIn(istiod, namespace)
		require.NoError(t, err)
		node := somebody(namespace)
		node.Pod, node.Listed = "member", true
		stop, err := caller.Stay(t.Context(), node)
		require.NoError(t, err)
		defer stop()
	}
	caller, err := proxyIn(istiod, "billing")
	require.NoError(t, err)
	victim := "spiffe://shared.mesh/ns/orders-web/sa/default"
	first := func(node xds.Node, kind string, names ...string) (string, error) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		response, err := caller.First(ctx, node, kind, names...)
		if err != nil {
			return "", err
		}
		var text strings.Builder
		for _, resource := range response.Resources {
			text.Write(resource.Value)
		}
		return text.String(), nil
	}
	c.check("no certificate of another namespace", func(t *testing.T) {
		_, err := caller.Sign(t.Context(), victim)
		require.ErrorContains(t, err, "Unauthenticated")
	})
	c.check("as a proxy of another namespace it is told nothing", func(t *testing.T) {
		for _, gateway := range []bool{false, true} {
			node := somebody("orders-web")
			node.Gateway = gateway
			_, err := first(node, xds.Clusters)
			require.ErrorContains(t, err, "PermissionDenied")
		}
	})
	c.check("on every port: what it gets is its own namespace's", func(t *testing.T) {
		given, err := join(istiod, "orders-web", credentials{metadata: caller.Metadata, impersonated: victim})
		require.NoError(t, err)
		require.Empty(t, given)
	})
	for _, name := range []string{"kubernetes://credential", "kubernetes://orders-web/credential", "kubernetes-gateway://orders-web/credential"} {
		c.check("the Secret "+name, func(t *testing.T) {
			node := somebody("billing")
			node.Gateway = true
			text, err := secretsOf(istiod, "default", node, name)
			require.NoError(t, err)
			require.NotContains(t, text, "PRIVATE KEY")
		})
	}
	c.check("for comparison: of its own namespace", func(t *testing.T) {
		node := somebody("orders-web")
		node.Gateway = true
		text, err := secretsOf(istiod, "default", node, "kubernetes://credential")
		require.NoError(t, err)
		require.Contains(t, text, "PRIVATE KEY")
	})
	c.check("the proxies, over xDS", func(t *testing.T) {
		text, err := first(somebody("billing"), xds.Statuses)
		require.NoError(t, err)
		require.Contains(t, text, "member.billing")
		require.NotContains(t, text, "member.orders-web")
	})
	for _, page := range []string{"config_dump?proxyID=member.orders-web", "registryz", "configz", "endpointz", "syncz", "edsz?proxyID=member.orders-web", "mesh", "adsz"} {
		c.check("a page over xDS: "+page, func(t *testing.T) {
			text, err := first(somebody("billing"), xds.Debug, page)
			if err == nil {
				err = names(others, text)
				require.NotContains(t, text, "member.orders-web")
				require.NoError(t, err)
			}
		})
	}
	for _, kind := range []string{"networking.istio.io/v1/VirtualService", "networking.istio.io/v1/ServiceEntry", "security.istio.io/v1/AuthorizationPolicy", "core/v1alpha1/MeshConfig"} {
		c.check("istiod's API: "+kind, func(t *testing.T) {
			node := somebody("billing")
			node.Generator = "api"
			_, err := first(node, kind)
			require.ErrorContains(t, err, "PermissionDenied")
		})
	}
	for _, as := range []string{"sidecar", "router", "waypoint", "ztunnel"} {
		c.check("as a "+as+": names, addresses, workloads and clusters", func(t *testing.T) {
			node := somebody("billing")
			node.Kind = as
			for _, kind := range []string{xds.Names, xds.Clusters, xds.Listeners, "type.googleapis.com/istio.workload.Address", "type.googleapis.com/istio.workload.Workload", "type.googleapis.com/istio.security.Authorization"} {
				if text, err := first(node, kind); err == nil {
					require.NoError(t, names(others, text), kind)
				}
			}
		})
	}
	for _, row := range []struct {
		namespace, audience string
		had                 bool
	}{
		{"billing", "shared.istio-tenancy.dev", true},
		{"istio-ingress", "shared.istio-tenancy.dev", true},
		{"billing", "billing.istio-tenancy.dev", false},
		{"billing", "orders.istio-tenancy.dev", false},
		{"billing", "sales.istio-tenancy.dev", false},
		{"ns-1", "shared.istio-tenancy.dev", false},
		{"default", "shared.istio-tenancy.dev", false},
	} {
		c.check(fmt.Sprintf("a token for %s in %s: %t", row.audience, row.namespace, row.had), func(t *testing.T) {
			_, err := w.cluster.ServiceAccountToken(row.namespace, "default", row.audience)
			if row.had {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, "istio-tenancy-tokens")
		})
	}
}

// Whoever may make Namespaces, and is no cluster administrator, makes none of a mesh.
func TestTheLabelOfAMeshBelongsToTheClusterAdministrator(t *testing.T) {
	c := claims(t, "The label of a mesh is the cluster administrator's, on whatever Namespace, even where somebody else may write it")
	w, _ := theMesh(t)
	w.make(t, `
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: e2e-namespaces}, rules: [{apiGroups: [""], resources: [namespaces], verbs: [create, patch, get]}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: e2e-namespaces}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: e2e-namespaces}
subjects: [{kind: User, name: lab-admin, apiGroup: rbac.authorization.k8s.io}]
`)
	w.granted(t, "lab-admin", "", "patch", "", "namespaces", "")
	client := w.cluster.As("lab-admin")
	for _, row := range []struct{ name, method, path, body string }{
		{"a Namespace of the mesh", "POST", "/api/v1/namespaces", `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"e2e-lab","labels":{"istio-tenancy.dev/mesh":"shared"}}}`},
		{"one that is there", "PATCH", "/api/v1/namespaces/default", `{"metadata":{"labels":{"istio-tenancy.dev/mesh":"shared"}}}`},
		{"one of a dedicated tenant", "PATCH", "/api/v1/namespaces/ns-1", `{"metadata":{"labels":{"istio-tenancy.dev/mesh":"shared"}}}`},
		{"out of the mesh", "PATCH", "/api/v1/namespaces/billing", `{"metadata":{"labels":{"istio-tenancy.dev/mesh":null}}}`},
		{"what the policies read", "PATCH", "/api/v1/namespaces/billing", `{"metadata":{"annotations":{"istio-tenancy.dev/namespaces":"billing,orders-web"}}}`},
		{"whom they let in", "PATCH", "/api/v1/namespaces/billing", `{"metadata":{"annotations":{"istio-tenancy.dev/allow-from":"orders-web"}}}`},
	} {
		c.check(row.name, func(t *testing.T) {
			answer, err := client.Do(row.method, row.path, row.body)
			require.NoError(t, err)
			require.Equal(t, 403, answer.Code, answer.Message())
			require.Contains(t, answer.Message(), "istio-tenancy-namespaces")
		})
	}
	c.check("for comparison: a label of no meaning", func(t *testing.T) {
		answer, err := client.Do("PATCH", "/api/v1/namespaces/default", `{"metadata":{"labels":{"harmless":null}}}`)
		require.NoError(t, err)
		require.NoError(t, answer.Error())
	})
}
