package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

func TestTheRightInjectorInjectsAndOnlyThatOne(t *testing.T) {
	c := claims(t, "The API server calls the injector of the Pod's own tenant and no other, regardless of the Pod's labels")
	w := theWorld(t)
	for _, row := range []struct {
		name, namespace string
		labels          map[string]any
		by              string // whose injector is called; empty: none
	}{
		{"a Pod in ns-1", "ns-1", nil, "sales"},
		{"a Pod in ns-0", "ns-0", nil, "dev"},
		{"a Pod in ns-2, the copied tenant's", "ns-2", nil, "hr"},
		{"a Pod in ns-4, one of two", "ns-4", nil, "ops"},
		{"a Pod in ns-7, one of three", "ns-7", nil, "fin"},
		{"a Pod in ns-1 that asks for sales' revision", "ns-1", map[string]any{"istio.io/rev": "sales"}, "sales"},
		{"a Pod in default", "default", nil, ""},
		{"a Pod in default that asks for sales' revision", "default", map[string]any{"istio.io/rev": "sales"}, ""},
		{"a Pod in kube-system that asks for sales' revision", "kube-system", map[string]any{"istio.io/rev": "sales"}, ""},
		{"a Pod in sales' control-plane namespace", "istio-system1", nil, ""},
	} {
		c.check(row.name, func(t *testing.T) {
			before := injections(t, w)
			pod := createPod(t, w, row.namespace, row.labels)
			containers, _ := json.Marshal(pod.Object["spec"])
			require.Equal(t, row.by != "", strings.Contains(string(containers), `"name":"istio-proxy"`), "injected")
			if row.by != "" {
				tenant := w.tenants[row.by]
				require.Contains(t, string(containers), fmt.Sprintf("istiod-%s.%s.svc:15012", tenant.istiod.Revision, tenant.controlPlane))
				require.NoError(t, mentions(w, row.by, string(containers)))
			}
			after := injections(t, w)
			for _, name := range tenantNames {
				called := after[name] - before[name]
				require.Equal(t, name == row.by, called > 0, "%s's injector was called %v times", name, called)
			}
		})
	}
	c.check("a Pod in ns-0 that asks for sales' revision is not injected by sales", func(t *testing.T) {
		before := injections(t, w)
		pod := createPod(t, w, "ns-0", map[string]any{"istio.io/rev": "sales"})
		spec, _ := json.Marshal(pod.Object["spec"])
		require.NoError(t, mentions(w, "dev", string(spec)))
		require.Equal(t, before["sales"], injections(t, w)["sales"])
	})
}

// injections counts what each injector was asked for.
func injections(t *testing.T, w *world) map[string]float64 {
	t.Helper()
	counts := map[string]float64{}
	for _, name := range tenantNames {
		var err error
		counts[name], err = w.tenants[name].istiod.Metric("sidecar_injection_requests_total")
		require.NoError(t, err)
	}
	return counts
}

// createPod creates a Pod as far as admission goes, and returns what would be stored.
func createPod(t *testing.T, w *world, namespace string, labels map[string]any) *cluster.Object {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": "probe", "labels": labels},
		"spec": map[string]any{"containers": []any{map[string]any{"name": "app", "image": "registry.example/app"}}},
	})
	require.NoError(t, err)
	answer, err := w.cluster.Admin.Do("POST", "/api/v1/namespaces/"+namespace+"/pods?dryRun=All", string(body))
	require.NoError(t, err)
	require.NoError(t, answer.Error())
	pod := &cluster.Object{}
	require.NoError(t, json.Unmarshal(answer.Body, &pod.Object))
	return pod
}

func TestEachTenantsConfigurationIsValidatedByItsOwnIstiod(t *testing.T) {
	c := claims(t, "The validating webhook of the tenant's own istiod refuses an invalid VirtualService")
	w := theWorld(t)
	for _, name := range tenantNames {
		tenant := w.tenants[name]
		for _, namespace := range tenant.applications {
			c.check(namespace, func(t *testing.T) {
				settled(t, w.cluster, tenant)
				before := map[string]float64{}
				for _, n := range tenantNames {
					before[n], _ = w.tenants[n].istiod.Metric("galley_validation_failed")
				}
				answer, err := w.cluster.As(tenant.admin).Do("POST", "/apis/networking.istio.io/v1/namespaces/"+namespace+"/virtualservices",
					object("networking.istio.io/v1", "VirtualService", "wrong", `"spec":{"hosts":["a"],"http":[{"route":[{"destination":{"host":"a"},"weight":-1}]}]}`))
				require.NoError(t, err)
				require.Contains(t, answer.Message(), "validation.istio.io", "%d", answer.Code)
				for _, n := range tenantNames {
					after, _ := w.tenants[n].istiod.Metric("galley_validation_failed")
					require.Equal(t, n == name, after > before[n], "%s's istiod was asked", n)
				}
			})
		}
	}
}
