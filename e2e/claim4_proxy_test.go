package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

func TestTheClusterRolesBesideTheProxyNameNoNamespacedKind(t *testing.T) {
	c := claims(t, "With the API proxy, istiod's ClusterRoles contain no kind that has a namespace, and no nodes. They name only the tenant's own Namespaces and webhooks")
	w := theWorld(t)
	fin := w.tenants["fin"]
	resources, err := w.cluster.Admin.Resources()
	require.NoError(t, err)
	granted, err := rightsOf(fin)
	require.NoError(t, err)
	clusterWide := 0
	for _, right := range granted {
		if right.namespace != "" {
			c.verify(slices.Contains(fin.namespaces(), right.namespace), "%s: not a namespace of fin", right)
			continue
		}
		clusterWide++
		c.verify(right.resource != "*" && right.group != "*" && right.verb != "*", "%s: a wildcard", right)
		c.verify(right.resource != "nodes", "%s: nodes", right)
		for _, r := range resources {
			group, _, versioned := strings.Cut(r.APIVersion, "/")
			if !versioned {
				group = ""
			}
			if r.Name == right.resource && group == right.group {
				c.verify(!r.Namespaced, "%s: a kind that has a namespace", right)
			}
		}
		switch right.resource {
		case "namespaces":
			c.verify(len(right.names) > 0 && !slices.ContainsFunc(right.names, func(name string) bool { return !slices.Contains(fin.namespaces(), name) }), "%s", right)
		case "mutatingwebhookconfigurations", "validatingwebhookconfigurations":
			c.verify(len(right.names) == 1, "%s", right)
		}
	}
	c.verify(clusterWide > 0, "no cluster-wide right was found at all")
	c.note("istiod of fin has %d rights in its %d namespaces and %d without one.", len(granted)-clusterWide, len(fin.namespaces()), clusterWide)
}

func TestWithoutTheProxyTheSameRolesAreNotEnough(t *testing.T) {
	c := claims(t, "For comparison: the same istiod with the same Roles, without the API proxy, is refused every list of a kind that has a namespace, and is not ready after many times the time that it needs with the proxy")
	w := theWorld(t)
	fin := w.tenants["fin"]
	// Another ServiceAccount, so that what it is refused is told apart.
	w.copyRights(t, fin, "without-proxy")
	with, err := w.cluster.StartVariant(fin.objects, cluster.Variant{Pod: "with-proxy", Account: "without-proxy"})
	require.NoError(t, err)
	with.Stop()
	limit := max(10*with.Took, 20*time.Second)
	bare, err := w.cluster.Prepare(fin.objects, cluster.Variant{Pod: "without-proxy", Account: "without-proxy", Bare: true})
	require.NoError(t, err)
	defer bare.Stop()
	before, err := w.cluster.Requests(bare.User())
	require.NoError(t, err)
	c.check("with the proxy nothing is refused", func(t *testing.T) {
		require.Empty(t, forbidden(before))
	})
	// What the proxy makes of kinds without a namespace is given to it as well.
	reads := parse(t, strings.ReplaceAll(readsWithoutNamespace, "NAMESPACE", fin.controlPlane))
	_, err = w.cluster.Admin.Apply(reads)
	require.NoError(t, err)
	defer w.cluster.Admin.Delete(reads)
	require.NoError(t, bare.Discovery.Start())
	c.check("without it, it is not ready", func(t *testing.T) {
		err := bare.Ready(limit)
		require.ErrorContains(t, err, "is not ready after")
	})
	c.check("what it is refused are lists of kinds that have a namespace", func(t *testing.T) {
		all, err := w.cluster.Requests(bare.User())
		require.NoError(t, err)
		kinds := map[string]bool{}
		for _, r := range forbidden(all[len(before):]) {
			require.True(t, isRead(r.Verb), "%s %s", r.Verb, r.Resource)
			require.Empty(t, r.Namespace, "%s %s", r.Verb, r.Resource)
			kinds[r.Resource+"."+r.Group] = true
		}
		require.Greater(t, len(kinds), 10)
		c.note("With the API proxy istiod of fin is ready in %.1f s; without it, not in %.0f s: it is refused the lists of %d kinds.",
			with.Took.Seconds(), limit.Seconds(), len(kinds))
	})
}

const readsWithoutNamespace = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: without-proxy-reads}
rules:
- {apiGroups: [""], resources: [namespaces, nodes], verbs: [get, list, watch]}
- {apiGroups: [admissionregistration.k8s.io], resources: [mutatingwebhookconfigurations, validatingwebhookconfigurations], verbs: [get, list, watch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: without-proxy-reads}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: without-proxy-reads}
subjects: [{kind: ServiceAccount, name: without-proxy, namespace: NAMESPACE}]
`

// forbidden are those requests that the API server answered by 403.
func forbidden(requests []cluster.Request) (refused []cluster.Request) {
	for _, r := range requests {
		if r.Code == 403 && r.Agent != cluster.Agent {
			refused = append(refused, r)
		}
	}
	return refused
}

// copyRights gives everything that a tenant's istiod may do to another
// ServiceAccount beside it, until the test ends.
func (w *world) copyRights(t *testing.T, tenant *tenant, account string) {
	t.Helper()
	from := tenant.istiod.ServiceAccount
	copies := parse(t, fmt.Sprintf("{apiVersion: v1, kind: ServiceAccount, metadata: {name: %s, namespace: %s}}", account, tenant.controlPlane))
	for _, object := range tenant.objects {
		if !strings.HasSuffix(object.GetKind(), "RoleBinding") {
			continue
		}
		subjects, _ := object.Object["subjects"].([]any)
		for _, subject := range subjects {
			if s := subject.(map[string]any); s["kind"] == "ServiceAccount" && s["name"] == from && s["namespace"] == tenant.controlPlane {
				role := object.Object["roleRef"].(map[string]any)
				copied := parse(t, fmt.Sprintf("{apiVersion: rbac.authorization.k8s.io/v1, kind: %s, metadata: {name: %s-%s},"+
					" roleRef: {apiGroup: rbac.authorization.k8s.io, kind: %s, name: %s},"+
					" subjects: [{kind: ServiceAccount, name: %s, namespace: %s}]}",
					object.GetKind(), account, role["name"], role["kind"], role["name"], account, tenant.controlPlane))[0]
				copied.SetNamespace(object.GetNamespace())
				copies = append(copies, copied)
			}
		}
	}
	_, err := w.cluster.Admin.Apply(copies)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.cluster.Admin.Delete(copies)) })
}

// The proxy has no credential, so that it can give nothing away: what it sends
// on, the API server decides by the token that came.
func TestTheProxyOpensNothing(t *testing.T) {
	c := claims(t, "Through the API proxy, istiod's token also reads and writes nothing outside the tenant, and a cluster-wide list contains only the tenant's objects. Other tokens have the same access as without the proxy, and a request without a token has no access")
	w := theWorld(t)
	fin := w.tenants["fin"]
	through, err := fin.istiod.Through(fin.istiod.Token)
	require.NoError(t, err)
	resources, err := w.cluster.Admin.Resources()
	require.NoError(t, err)
	lists := 0
	for _, r := range resources {
		if !r.Namespaced {
			continue
		}
		for _, namespace := range w.outside("fin") {
			for _, request := range requests(r, namespace) {
				answer, err := through.Do(request.method, request.path, request.body)
				require.NoError(t, err, "%s %s", request.method, request.path)
				c.verify(answer.Code == 403, "%s %s: %d %s", request.method, request.path, answer.Code, answer.Message())
			}
		}
		if !r.Can("list") {
			continue
		}
		answer, err := through.Do("GET", r.Collection(""), "")
		require.NoError(t, err)
		if answer.Code == 403 {
			continue // istiod has no use for it
		}
		require.NoError(t, answer.Error(), r.Collection(""))
		lists++
		items, err := through.Items(r.Collection(""))
		require.NoError(t, err)
		got := map[string]bool{}
		for _, item := range items {
			c.verify(slices.Contains(fin.namespaces(), item.GetNamespace()), "%s of the cluster hold one of %s", r.Name, item.GetNamespace())
			got[item.GetNamespace()+"/"+item.GetName()] = true
		}
		for _, namespace := range fin.namespaces() {
			own, err := w.cluster.Admin.Items(r.Collection(namespace))
			require.NoError(t, err)
			for _, item := range own {
				c.verify(got[namespace+"/"+item.GetName()], "%s of the cluster lack %s/%s", r.Name, namespace, item.GetName())
			}
		}
	}
	c.verify(lists > 10, "%d kinds were listed", lists)

	const services = "/api/v1/services"
	for _, row := range []struct {
		name, token string
		code        int
	}{
		{"no token", "", 401},
		{"text", "let-me-in", 401},
		{"a token of an application", mustToken(t, w, "ns-6", "default"), 403},
		{"a token of another tenant's istiod", w.tenants["dev"].istiod.Token, 403},
	} {
		c.check(row.name, func(t *testing.T) {
			client, err := fin.istiod.Through(row.token)
			require.NoError(t, err)
			for _, path := range []string{services, "/api/v1/namespaces/ns-6/services", services + "?watch=1", "/apis/apps/v1/deployments"} {
				answer, err := client.Do("GET", path, "")
				require.NoError(t, err)
				require.Equal(t, row.code, answer.Code, "%s: %s", path, answer.Message())
			}
		})
	}
	c.check("from outside of the Pod it is not reached", func(t *testing.T) {
		require.Error(t, fin.istiod.Dial("16443"))
		require.NoError(t, fin.istiod.Dial("15012"))
	})
}

func mustToken(t *testing.T, w *world, namespace, account string) string {
	t.Helper()
	token, err := w.cluster.ServiceAccountToken(namespace, account)
	require.NoError(t, err)
	return token
}
