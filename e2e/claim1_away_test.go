package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
)

// A GitOps tool tries everything before it applies anything: whatever istiod has
// to be asked about would keep it from mending istiod.
func TestATenantIsAppliedWhileItsIstiodIsAway(t *testing.T) {
	c := claims(t, "While istiod is down, a tenant's rendered objects apply, including those that repair istiod. No subject of the tenant can bypass its validator, and it validates as before when it is back")
	w := theWorld(t)
	hr := w.tenants["hr"]
	admin, own := w.cluster.Admin, w.cluster.As(hr.admin)
	const (
		routes   = "/apis/networking.istio.io/v1/namespaces/ns-2/virtualservices"
		gateways = "/apis/networking.istio.io/v1/namespaces/ns-2/gateways"
		peers    = "/apis/security.istio.io/v1/namespaces/ns-2/peerauthentications"
		policies = "/apis/security.istio.io/v1/namespaces/ns-2/authorizationpolicies"
		mutual   = `"spec":{"mtls":{"mode":"STRICT"}}`
		denied   = `"spec":{"action":"DENY","rules":[{"from":[{"source":{"notNamespaces":["ns-2"]}}]}]}`
		route    = `"spec":{"hosts":["a"],"http":[{"route":[{"destination":{"host":"a"}}]}]}`
		wrong    = `"spec":{"hosts":["a"],"http":[{"route":[{"destination":{"host":"a"},"weight":-1}]}]}`
		labelled = `,"labels":{"istio-tenancy.dev/tenant":"hr"}}`
	)
	virtual := func(name, spec string) string { return object("networking.istio.io/v1", "VirtualService", name, spec) }
	peer := func(name, metadata string) string {
		return `{"apiVersion":"security.istio.io/v1","kind":"PeerAuthentication","metadata":{"name":"` + name + `"` + metadata + `,` + mutual + `}`
	}
	policy := func(name, metadata string) string {
		return `{"apiVersion":"security.istio.io/v1","kind":"AuthorizationPolicy","metadata":{"name":"` + name + `"` + metadata + `,` + denied + `}`
	}
	settled(t, w.cluster, hr)
	answer, err := own.Do("POST", routes, virtual("there", route))
	require.NoError(t, err)
	require.NoError(t, answer.Error())
	defer admin.Do("DELETE", routes+"/there", "")

	hr.istiod.Stop()
	back := func() {
		hr.istiod, err = w.cluster.StartIstiod(hr.objects)
		require.NoError(t, err)
	}
	defer func() {
		if t.Failed() {
			back()
		}
	}()
	c.check("everything again", func(t *testing.T) { unchanged(t, w.cluster, hr.objects) })
	type request struct{ name, method, path, body string }
	refused := func(client *cluster.Client, of string, rows []request, by string) {
		for _, row := range rows {
			c.check(of+row.name, func(t *testing.T) {
				answer, err := client.Do(row.method, row.path, row.body)
				require.NoError(t, err)
				require.NotEqual(t, 2, answer.Code/100)
				require.Contains(t, answer.Message(), by)
			})
		}
	}
	passes := func(client *cluster.Client, of string, rows []request) {
		for _, row := range rows {
			c.check(of+row.name, func(t *testing.T) {
				answer, err := client.Do(row.method, row.path, row.body)
				require.NoError(t, err)
				require.NoError(t, answer.Error())
			})
		}
	}
	changes := []request{
		{"makes a VirtualService", "POST", routes, virtual("new", route)},
		{"makes a wrong VirtualService", "POST", routes, virtual("new", wrong)},
		{"changes a VirtualService", "PATCH", routes + "/there", `{"spec":{"hosts":["b"]}}`},
		{"changes a VirtualService and its labels", "PATCH", routes + "/there", `{"metadata":{"labels":{"istio-tenancy.dev/tenant":"hr"}},"spec":{"hosts":["b"]}}`},
		{"gives a VirtualService what istiod always rejects", "PATCH", routes + "/there", `{"metadata":{"annotations":{"internal.istio.io/webhook-always-reject":"true"}}}`},
		{"gives a VirtualService an annotation that changes what is right in it", "PATCH", routes + "/there", `{"metadata":{"annotations":{"internal.istio.io/route-semantics":"gateway"}}}`},
		{"gives a VirtualService a label of Istio's", "PATCH", routes + "/there", `{"metadata":{"labels":{"istio.io/use-waypoint":"x"}}}`},
		{"makes a PeerAuthentication", "POST", peers, peer("mine", "}")},
	}
	seeming := []request{
		{"gives a VirtualService the name and the label of what is generated", "POST", routes, `{"apiVersion":"networking.istio.io/v1","kind":"VirtualService","metadata":{"name":"default"` + labelled + `,` + route + `}`},
		{"makes a PeerAuthentication with the label", "POST", peers, peer("mine", labelled)},
		{"makes an AuthorizationPolicy with the label and the other name", "POST", policies, policy("default", labelled)},
		{"makes a PeerAuthentication with the other name and the label", "POST", peers, peer("deny-other-tenants", labelled)},
	}
	refused(own, "the tenant's administrator ", changes, "failed calling webhook")
	refused(admin, "even the cluster administrator ", append(changes, seeming...), "failed calling webhook")
	passes(own, "the tenant's administrator ", []request{
		{"gives a VirtualService an annotation", "PATCH", routes + "/there", `{"metadata":{"annotations":{"example.com/a":"b"}}}`},
		{"gives a VirtualService a label", "PATCH", routes + "/there", `{"metadata":{"labels":{"team":"b"}}}`},
		{"takes the label away", "PATCH", routes + "/there", `{"metadata":{"labels":{"team":null}}}`},
	})
	refused(own, "the tenant's administrator ", append(seeming,
		request{"changes the generated PeerAuthentication", "PATCH", peers + "/default", `{"spec":{"mtls":{"mode":"PERMISSIVE"}}}`},
		request{"changes the generated AuthorizationPolicy", "PATCH", policies + "/deny-other-tenants", `{"spec":{"action":"ALLOW"}}`},
		request{"deletes the generated PeerAuthentication", "DELETE", peers + "/default", ""},
		request{"deletes the generated AuthorizationPolicy", "DELETE", policies + "/deny-other-tenants", ""},
	), "istio-tenancy-rendered")
	for _, path := range []string{peers + "/default", policies + "/deny-other-tenants"} {
		answer, err := admin.Do("DELETE", path, "")
		require.NoError(t, err)
		require.NoError(t, answer.Error())
	}
	refused(own, "the tenant's administrator ", []request{
		{"makes what was generated anew", "POST", peers, peer("default", labelled)},
		{"makes the other anew", "POST", policies, policy("deny-other-tenants", labelled)},
	}, "istio-tenancy-rendered")
	refused(admin, "without the label, the cluster administrator ", []request{
		{"makes a PeerAuthentication of that name", "POST", peers, peer("default", "}")},
		{"makes an AuthorizationPolicy of that name", "POST", policies, policy("deny-other-tenants", "}")},
	}, "failed calling webhook")
	c.check("what mends istiod, with policies that are new", func(t *testing.T) {
		mended := make([]*cluster.Object, len(hr.objects))
		for i, o := range hr.objects {
			mended[i] = o.DeepCopy()
			if o.GetKind() == "Deployment" {
				require.NoError(t, unstructured.SetNestedField(mended[i].Object, int64(601), "spec", "progressDeadlineSeconds")) // and no new Pod
			}
		}
		_, err := admin.Apply(mended)
		require.NoError(t, err)
		_, err = admin.Apply(hr.objects)
		require.NoError(t, err)
	})

	back()
	settled(t, w.cluster, hr)
	c.check("everything again, with istiod back", func(t *testing.T) { unchanged(t, w.cluster, hr.objects) })
	refused(own, "with istiod back, the tenant's administrator ", []request{
		{"makes a wrong VirtualService", "POST", routes, virtual("new", wrong)},
		{"makes a VirtualService wrong", "PATCH", routes + "/there", `{` + wrong + `}`},
		{"makes a Gateway that istiod always rejects", "POST", gateways, `{"apiVersion":"networking.istio.io/v1","kind":"Gateway","metadata":{"name":"g","annotations":{"internal.istio.io/webhook-always-reject":"true"}},"spec":{"servers":[{"port":{"number":80,"name":"http","protocol":"HTTP"},"hosts":["a.example"]}]}}`},
	}, "denied the request")
	passes(own, "with istiod back, the tenant's administrator ", []request{
		{"makes a right VirtualService", "POST", routes + "?dryRun=All", virtual("new", route)},
	})
}
