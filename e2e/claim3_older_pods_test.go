package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

// A Namespace that becomes a tenant's may have Pods that the policy would refuse
// today. They have to be able to end: a finalizer that nobody may remove keeps
// the Pod, its node and the Namespace.
func TestAPodOlderThanItsTenant(t *testing.T) {
	c := claims(t, "A Pod that is older than its namespace's tenant can end, and cannot change its containers")
	w := theWorld(t)
	admin := w.cluster.Admin
	const namespace = "/api/v1/namespaces/older"
	pods := namespace + "/pods"
	must := func(method, path, body string) cluster.Answer {
		answer, err := admin.Do(method, path, body)
		require.NoError(t, err)
		require.NoError(t, answer.Error())
		return answer
	}
	must("POST", "/api/v1/namespaces", object("v1", "Namespace", "older", ""))
	defer admin.Do("DELETE", namespace, "")
	require.NoError(t, cluster.Eventually(patience, func() error {
		_, err := admin.Get(namespace + "/serviceaccounts/default")
		return err
	}))
	older := object("v1", "Pod", "older", `"spec":{"hostNetwork":true,"automountServiceAccountToken":false,"priorityClassName":"system-node-critical","tolerations":[{"operator":"Exists"}],`+
		`"containers":[{"name":"x","image":"x","securityContext":{"privileged":true}}]}`)
	must("POST", pods, strings.Replace(older, `"name":"older"`, `"name":"older","finalizers":["example.com/x"],`+
		`"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"gone","uid":"5b8b35a7-4b1f-4a7e-a4a4-bf1f6c7e1a11"}]`, 1))
	must("PATCH", namespace, `{"metadata":{"labels":{"istio-tenancy.dev/tenant":"hr"},"annotations":{"istio-tenancy.dev/adopt":"hr"}}}`)
	require.NoError(t, cluster.Eventually(patience, func() error { // until the policies see the label
		answer, err := admin.Do("POST", pods+"?dryRun=All", strings.Replace(older, `"older"`, `"newer"`, 1))
		if err == nil && answer.Code != 403 {
			err = answer.Error()
		}
		return err
	}))
	for _, row := range []struct{ name, method, path, body string }{
		{"get another image", "PATCH", pods + "/older?fieldManager=attack&force=true", object("v1", "Pod", "older", `"spec":{"containers":[{"name":"x","image":"y"}]}`)},
		{"get an ephemeral container", "PATCH", pods + "/older/ephemeralcontainers", `{"spec":{"ephemeralContainers":[{"name":"e","image":"x"}]}}`},
	} {
		c.check("it does not "+row.name, func(t *testing.T) {
			answer, err := admin.Do(row.method, row.path, row.body)
			require.NoError(t, err)
			require.Equal(t, 403, answer.Code, answer.Message())
			require.Contains(t, answer.Message(), "istio-tenancy-", "refused, but by no policy")
		})
	}
	for _, row := range []struct{ name, method, path, body string }{
		{"it gets a label", "PATCH", pods + "/older", label},
		{"its owner lets it go", "PATCH", pods + "/older", `{"metadata":{"ownerReferences":null}}`},
		{"it is deleted", "DELETE", pods + "/older?gracePeriodSeconds=0", ""},
		{"it loses its finalizer", "PATCH", pods + "/older", `{"metadata":{"finalizers":null}}`},
	} {
		c.check(row.name, func(t *testing.T) {
			answer, err := admin.Do(row.method, row.path, row.body)
			require.NoError(t, err)
			require.NoError(t, answer.Error())
		})
	}
	c.check("it is gone", func(t *testing.T) {
		answer, err := admin.Do("GET", pods+"/older", "")
		require.NoError(t, err)
		require.Equal(t, 404, answer.Code)
	})
}

// A level of Pod Security says nothing of priorities and nodes; "privileged" is
// for a tenant that may do everything on its nodes.
func TestALevelOfPodSecurityIsNoWayPastTheScheduler(t *testing.T) {
	c := claims(t, "A tenant's namespace with its own Pod Security level also has no system priority, no Pods on nodes of the cluster's control plane and no image from its node's own address, unless the level is `privileged`")
	w := theWorld(t)
	const namespace = "/api/v1/namespaces/levelled"
	answer, err := w.cluster.Admin.Do("POST", "/api/v1/namespaces", `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"levelled",`+
		`"labels":{"istio-tenancy.dev/tenant":"hr"},"annotations":{"istio-tenancy.dev/adopt":"hr"}}}`)
	require.NoError(t, err)
	require.NoError(t, answer.Error())
	defer w.cluster.Admin.Do("DELETE", namespace, "")
	require.NoError(t, cluster.Eventually(patience, func() error {
		_, err := w.cluster.Admin.Get(namespace + "/serviceaccounts/default")
		return err
	}))
	const restricted = `"securityContext":{"runAsNonRoot":true,"seccompProfile":{"type":"RuntimeDefault"}},"containers":[{"name":"x","image":"x",` +
		`"securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}}}]`
	for _, level := range []string{"baseline", "restricted", "privileged"} {
		answer, err := w.cluster.Admin.Do("PATCH", namespace, `{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"`+level+`"}}}`)
		require.NoError(t, err)
		require.NoError(t, answer.Error())
		for _, field := range []string{`"priorityClassName":"system-node-critical"`, `"nodeName":"node-1"`, `"tolerations":[{"operator":"Exists"}]`,
			`"volumes":[{"name":"v","image":{"reference":"localhost:30155/x"}}]`} {
			c.check(level+": "+field, func(t *testing.T) {
				require.NoError(t, cluster.Eventually(patience, func() error { // until the policies see the label
					answer, err := w.cluster.Admin.Do("POST", namespace+"/pods?dryRun=All", object("v1", "Pod", "attack", `"spec":{`+field+`,`+restricted+`}`))
					if refused := answer.Code == 403 && strings.Contains(answer.Message(), "istio-tenancy-"); err == nil && refused == (level == "privileged") {
						err = fmt.Errorf("%d %s", answer.Code, answer.Message())
					}
					return err
				}))
			})
		}
	}
}

// Who restarts a Pod by its eviction asks first whether a PodDisruptionBudget
// lets it go.
func TestAnOperatorEvictsAPodOfTheControlPlane(t *testing.T) {
	c := claims(t, "An administrator with `operate` can evict a Pod of the tenant's own control plane, and of no other")
	w := theWorld(t)
	sales, dev := w.tenants["sales"], w.tenants["dev"]
	for _, plane := range []string{sales.controlPlane, dev.controlPlane} {
		answer, err := w.cluster.Admin.Do("POST", "/api/v1/namespaces/"+plane+"/pods", object("v1", "Pod", "spare", `"spec":{"containers":[{"name":"x","image":"x"}]}`))
		require.NoError(t, err)
		require.NoError(t, answer.Error())
		defer w.cluster.Admin.Do("DELETE", "/api/v1/namespaces/"+plane+"/pods/spare?gracePeriodSeconds=0", "")
	}
	evict := func(plane string) cluster.Answer {
		answer, err := w.cluster.As(sales.admin).Do("POST", "/api/v1/namespaces/"+plane+"/pods/spare/eviction", object("policy/v1", "Eviction", "spare", ""))
		require.NoError(t, err)
		return answer
	}
	c.check("the other's is not evicted", func(t *testing.T) {
		answer := evict(dev.controlPlane)
		require.Equal(t, 403, answer.Code, answer.Message())
	})
	c.check("the own is evicted", func(t *testing.T) {
		require.NoError(t, evict(sales.controlPlane).Error())
		answer, err := w.cluster.Admin.Do("GET", "/api/v1/namespaces/"+sales.controlPlane+"/pods/spare", "")
		require.NoError(t, err)
		require.Equal(t, 404, answer.Code)
	})
}
