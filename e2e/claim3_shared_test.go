package e2e

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/xds"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
)

// The control plane is nobody's of the tenant, who has no right beside it at all.
func TestEveryAttackOfATenantAdministratorOfASharedMeshIsRefused(t *testing.T) {
	c := claims(t, "Every attack of an administrator whose tenant shares a control plane is refused: on that control plane, on the cluster and on other tenants")
	w, m := theMesh(t)
	client, sales := w.cluster.As("invoices-admin"), w.tenants["sales"]
	on := target{
		tenant: "invoices", app: "invoices", plane: "istio-shared", other: "parcel", otherApp: "parcel-web", otherPlane: sales.controlPlane, otherAdmin: "parcel-admin",
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
		{name: "say that the other's namespace is the own", method: "PATCH", path: inApp, body: `{"metadata":{"annotations":{"istio-tenancy.dev/namespaces":"invoices,parcel-web"}}}`},
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

// view is what others of the mesh are told: a proxy in each namespace of the other
// tenant, and of the shared gateway the routes, the listeners and the other's clusters.
func (m *sharedMesh) view(t *testing.T, w *world) (map[string]string, error) {
	seen := map[string]string{}
	for _, namespace := range m.tenants["parcel"].applications {
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
			if kind == xds.Clusters && !strings.Contains(name, "parcel-web") {
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
			err = errors.New("what parcel's proxies are told changes all the time")
		}
		return errors.Join(err, contains(seen["the gateway"], "parcel.example.com"))
	}))
	return seen
}

// What is accepted has arrived when a Service made after it has.
func TestWhatATenantConfiguresInASharedMeshReachesNoOther(t *testing.T) {
	c := claims(t, "Configuration of a tenant's administrator in a shared mesh is refused, or changes nothing for another tenant's proxies and for its route at the shared gateway, and shows nothing of that tenant")
	w, m := theMesh(t)
	admin := w.cluster.As("invoices-admin")
	pod := proxyOf(t, w, "parcel-web", "reviews")
	for i, row := range configurations {
		c.check(row.name, func(t *testing.T) {
			objects := row.in(t, "invoices", pod.IP)
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
			marker := parse(t, fmt.Sprintf("{apiVersion: v1, kind: Service, metadata: {name: after-%d, namespace: invoices}, spec: {ports: [{name: http, port: 80}]}}", i))
			_, err = admin.Apply(marker)
			require.NoError(t, err)
			defer func() { require.NoError(t, admin.Delete(append(objects, marker...))) }()
			for _, gateway := range []bool{false, true} {
				var text string
				require.NoError(t, cluster.Eventually(patience, func() (err error) {
					if _, text, err = m.seen(t, w, "invoices", gateway); err == nil {
						err = contains(text, fmt.Sprintf("after-%d.invoices", i))
					}
					return err
				}))
				if !strings.Contains(row.spec, "parcel-web") {
					require.NoError(t, names(m.others("invoices"), text), "gateway: %t", gateway)
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
	own := "/apis/networking.istio.io/v1/namespaces/invoices/sidecars/tenant-partition"
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
		{name: "for comparison: a Sidecar of one's own for some Pods", kind: "networking.istio.io/v1 Sidecar", spec: `{workloadSelector: {labels: {app: details}}, egress: [{hosts: ["./reviews.invoices.svc.cluster.local", "invoices/*", "~/*"]}]}`},
		{name: "for comparison: what is exported to one's own", kind: "networking.istio.io/v1 VirtualService", spec: `{exportTo: [invoices], hosts: [reviews], http: [{route: [{destination: {host: reviews}}]}]}`},
		{name: "for comparison: a ServiceEntry for the Internet", kind: "networking.istio.io/v1 ServiceEntry", spec: `{hosts: [api.example.com, "*.svc.example.com"], ports: [{number: 443, name: tls, protocol: TLS}], resolution: NONE}`},
		{name: "for comparison: a route at the shared gateway to Services of one's own", kind: "networking.istio.io/v1 VirtualService",
			spec: `{exportTo: [istio-ingress], gateways: [istio-ingress/shared], hosts: [invoices.example.com], http: [{route: [{weight: 50, destination: {host: details}}, {weight: 50, destination: {host: reviews.invoices.svc.cluster.local}}], mirror: {host: reviews}}]}`},
		{name: "for comparison: a Service for the shared gateway", kind: "v1 Service", noted: `networking.istio.io/exportTo: " . ,istio-ingress,"`, spec: `{ports: [{port: 80}]}`},
	} {
		c.check(row.name, func(t *testing.T) {
			objects := row.in(t, "invoices", "")
			_, err := admin.Apply(objects)
			require.NoError(t, err)
			require.NoError(t, admin.Delete(objects))
		})
	}
	c.check("a WorkloadEntry for a Service that is exported to the shared gateway has that connect nowhere", func(t *testing.T) {
		objects := parse(t, strings.ReplaceAll(`
{apiVersion: v1, kind: Service, metadata: {name: steal, namespace: invoices, annotations: {networking.istio.io/exportTo: ".,istio-ingress"}}, spec: {selector: {app: steal}, ports: [{name: grpc, port: 80, targetPort: 15012}]}}
---
{apiVersion: networking.istio.io/v1, kind: WorkloadEntry, metadata: {name: steal, namespace: invoices}, spec: {address: PODIP, labels: {app: steal}}}
---
{apiVersion: v1, kind: Service, metadata: {name: after-steal, namespace: invoices, annotations: {networking.istio.io/exportTo: ".,istio-ingress"}}, spec: {ports: [{name: http, port: 80}]}}
`, "PODIP", pod.IP))
		_, err := admin.Apply(objects)
		require.NoError(t, err)
		defer func() { require.NoError(t, admin.Delete(objects)) }()
		require.NoError(t, cluster.Eventually(patience, func() error {
			snapshot, err := m.atGateway(t, w)
			if err != nil {
				return err
			}
			for _, name := range []string{"steal", "after-steal"} {
				if cluster := "outbound|80||" + name + ".invoices.svc.cluster.local"; snapshot.Cluster(cluster) == nil {
					return errors.New("no cluster " + cluster)
				}
			}
			require.Empty(t, snapshot.Addresses("outbound|80||steal.invoices.svc.cluster.local"))
			return nil
		}))
	})
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

// Whoever may make Namespaces, and is no cluster administrator, makes none of a mesh.
func TestTheLabelOfAMeshBelongsToTheClusterAdministrator(t *testing.T) {
	c := claims(t, "Only the cluster administrator may write the label of a mesh, on every Namespace, even if somebody else may write the Namespace")
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
		{"out of the mesh", "PATCH", "/api/v1/namespaces/invoices", `{"metadata":{"labels":{"istio-tenancy.dev/mesh":null}}}`},
		{"what the policies read", "PATCH", "/api/v1/namespaces/invoices", `{"metadata":{"annotations":{"istio-tenancy.dev/namespaces":"invoices,parcel-web"}}}`},
		{"whom they let in", "PATCH", "/api/v1/namespaces/invoices", `{"metadata":{"annotations":{"istio-tenancy.dev/allow-from":"parcel-web"}}}`},
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
