package e2e

import (
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/xds"
	"github.com/stretchr/testify/require"
)

// This is the last test of the shared cluster: it takes a tenant away.
func TestOffboardingATenantLeavesNothingOfItAndTheOthersServing(t *testing.T) {
	c := claims(t, "Deleting a tenant's Namespaces, and then its rendered objects, leaves nothing of it, and the istiods of the others continue to serve. As long as Pods of the tenant exist, its NetworkPolicies exist")
	w := theWorld(t)
	hr := w.tenants["hr"]
	for _, name := range []string{"hr", "dev", "sales", "ops", "fin"} {
		deployBookinfo(t, w, w.tenants[name].applications[0])
	}
	require.NoError(t, w.cluster.RunPods())
	require.NotEmpty(t, remains(t, w, hr), "the search finds a tenant that is there")

	start := time.Now()
	policies := w.policiesOf(t, hr)
	for _, namespace := range hr.namespaces() {
		require.NotEmpty(t, policies[namespace], namespace)
		answer, err := w.cluster.Admin.Do("DELETE", "/api/v1/namespaces/"+namespace, "")
		require.NoError(t, err)
		require.NoError(t, answer.Error())
	}
	// Nobody ends the Pods yet, as if each asked for a long grace period.
	for _, namespace := range hr.namespaces() {
		c.check("the NetworkPolicies of "+namespace+" wait for its Pods", func(t *testing.T) {
			require.NoError(t, cluster.Eventually(patience, func() error {
				pods, err := w.cluster.Admin.Items("/api/v1/namespaces/" + namespace + "/pods")
				for _, pod := range pods {
					if pod.GetDeletionTimestamp() == nil {
						err = fmt.Errorf("%s is not told to end yet", cluster.ID(pod))
					}
				}
				return err
			}))
			pods, err := w.cluster.Admin.Items("/api/v1/namespaces/" + namespace + "/pods")
			require.NoError(t, err)
			require.NotEmpty(t, pods)
			for _, pod := range pods {
				require.NotNil(t, pod.GetDeletionTimestamp(), cluster.ID(pod))
			}
			require.Equal(t, policies[namespace], w.policiesOf(t, hr)[namespace])
		})
	}
	c.check("its administrator makes nothing more there", func(t *testing.T) {
		answer, err := w.cluster.As(hr.admin).Do("POST", "/api/v1/namespaces/"+hr.applications[0]+"/configmaps", object("v1", "ConfigMap", "more", ""))
		require.NoError(t, err)
		require.Equal(t, 403, answer.Code, answer.Message())
		require.Contains(t, answer.Message(), "being terminated", "refused, but for another reason: its RoleBinding goes last")
	})
	hr.istiod.Stop() // as its kubelet would
	require.NoError(t, cluster.Eventually(time.Minute, func() error {
		if err := w.cluster.RunPods(); err != nil {
			return err
		}
		for _, namespace := range hr.namespaces() {
			if _, err := w.cluster.Admin.Get("/api/v1/namespaces/" + namespace); err == nil {
				return fmt.Errorf("Namespace %s is still there", namespace)
			}
		}
		return nil
	}))
	require.NoError(t, w.cluster.Admin.Delete(hr.objects))
	c.note("Offboarding a tenant took %.0f s.", time.Since(start).Seconds())
	c.check("nothing of the tenant is left", func(t *testing.T) {
		require.Empty(t, remains(t, w, hr))
	})
	for _, name := range []string{"dev", "sales", "ops", "fin"} {
		tenant := w.tenants[name]
		c.check(name+" is served as before", func(t *testing.T) {
			_, err := tenant.istiod.Debug("/ready")
			require.NoError(t, err)
			namespace := tenant.applications[0]
			snapshot, err := ask(tenant, proxyOf(t, w, namespace, "details"))
			require.NoError(t, err)
			require.Contains(t, snapshot.Names(xds.Clusters), "outbound|9080||reviews."+namespace+".svc.cluster.local")
			unchanged(t, w.cluster, tenant.objects)
			require.Contains(t, mustText(t, createPod(t, w, namespace, nil)), `"name":"istio-proxy"`)
		})
	}
}

// policiesOf are the names of the NetworkPolicies in a tenant's namespaces.
func (w *world) policiesOf(t *testing.T, tenant *tenant) map[string][]string {
	t.Helper()
	names := map[string][]string{}
	for _, namespace := range tenant.namespaces() {
		policies, err := w.cluster.Admin.Items("/apis/networking.k8s.io/v1/namespaces/" + namespace + "/networkpolicies")
		require.NoError(t, err)
		for _, policy := range policies {
			names[namespace] = append(names[namespace], policy.GetName())
		}
	}
	return names
}

// remains are all objects of the cluster that carry the tenant's label, name
// one of its namespaces anywhere, or its revision.
func remains(t *testing.T, w *world, tenant *tenant) []string {
	t.Helper()
	var all []*cluster.Object
	require.NoError(t, cluster.Eventually(patience, func() (err error) {
		all, err = w.cluster.Admin.Everything() // fails while a kind is new
		return err
	}))
	pattern := `"istio-tenancy\.dev/tenant":"` + tenant.name + `"|"istio\.io/rev":"` + tenant.name + `"|istiod-` + tenant.name + `\b`
	for _, namespace := range tenant.namespaces() {
		pattern += `|\b` + regexp.QuoteMeta(namespace) + `\b`
	}
	named := regexp.MustCompile(pattern)
	var found []string
	for _, object := range all {
		if named.MatchString(mustText(t, object)) {
			found = append(found, cluster.ID(object))
		}
	}
	return found
}
