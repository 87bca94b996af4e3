package node_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestPodsOfTwoReplicas(t *testing.T) {
	c := claims(t, "The HorizontalPodAutoscaler finds its Deployment and keeps to minReplicas; the PodDisruptionBudget, where there are two, lets one Pod go and no second")
	turn(c, &lanes.meshes)
	w := theEnforcedWorld(t)
	admin, tenant := w.node.Cluster.Admin, w.tenants["sales"]
	for _, name := range tenantNames {
		c.Check(name+": the autoscaler finds its Deployment, and says that there are no metrics", func(t *testing.T) {
			require.NoError(t, cluster.Eventually(patience, func() error {
				scaler, err := admin.Get("/apis/autoscaling/v2/namespaces/" + w.tenants[name].controlPlane + "/horizontalpodautoscalers/" + w.tenants[name].istiod())
				if err != nil {
					return err
				}
				said := fmt.Sprint(scaler.Object["status"])
				if cluster.Condition(scaler, "AbleToScale") != "True" || cluster.Condition(scaler, "ScalingActive") != "False" ||
					!strings.Contains(said, "the server could not find the requested resource (get pods.metrics.k8s.io)") {
					return errors.New(said)
				}
				return nil
			}))
		})
	}
	objects := w.twoReplicas(t)
	// Two cores have room for three istiods alone.
	require.NoError(t, w.scaled(w.tenants["fin"], 0))
	defer func() { require.NoError(t, w.scaled(w.tenants["fin"], 1)) }()
	_, err := admin.Apply(objects)
	require.NoError(t, err)
	budget := "/apis/policy/v1/namespaces/" + tenant.controlPlane + "/poddisruptionbudgets/" + tenant.istiod()
	defer func() {
		_, err := admin.Apply(tenant.objects)
		require.NoError(t, err)
		remove(t, admin, budget)
		require.NoError(t, w.scaled(tenant, 1))
	}()
	c.Check("with autoscaleMin 2, the Deployment has two Pods", func(t *testing.T) {
		require.NoError(t, w.pods(tenant, 2))
	})
	allowed := func(want int) error {
		return cluster.Eventually(patience, func() error {
			b, err := admin.Get(budget)
			if err != nil {
				return err
			}
			if got, _, _ := unstructured.NestedFloat64(b.Object, "status", "disruptionsAllowed"); int(got) != want {
				return fmt.Errorf("disruptionsAllowed is %v, right is %d", got, want)
			}
			return nil
		})
	}
	c.Check("the budget allows one disruption", func(t *testing.T) { require.NoError(t, allowed(1)) })
	pods, err := w.istiods(tenant)
	require.NoError(t, err)
	require.Len(t, pods, 2)
	c.Check("the tenant's administrator evicts one", func(t *testing.T) {
		answer, err := w.evict("sales-admin", pods[0])
		require.NoError(t, errors.Join(err, answer.Error()))
	})
	c.Check("and not the other meanwhile", func(t *testing.T) {
		answer, err := w.evict("sales-admin", pods[1])
		require.NoError(t, err)
		require.Equal(t, http.StatusTooManyRequests, answer.Code, answer.Message())
		require.Contains(t, answer.Message(), "violate the pod's disruption budget")
	})
	c.Check("another Pod takes its place", func(t *testing.T) {
		require.NoError(t, w.pods(tenant, 2))
		require.NoError(t, allowed(1))
	})
}

// twoReplicas is what the tenant sales is over a base with autoscaleMin 2.
func (w *world) twoReplicas(t *testing.T) []*cluster.Object {
	for from, to := range map[string]string{"bases/istio/control-plane": "bases/istio/two", "overlays/sales": "overlays/sales-two"} {
		require.NoError(t, os.CopyFS(filepath.Join(w.source.Dir, to), os.DirFS(filepath.Join(w.source.Dir, from))))
	}
	for file, change := range map[string][2]string{
		"bases/istio/two/release.yaml":          {"  part: control-plane\n", "  part: control-plane\n  values: {autoscaleMin: 2}\n"},
		"overlays/sales-two/kustomization.yaml": {"bases/istio/control-plane", "bases/istio/two"},
	} {
		path := filepath.Join(w.source.Dir, file)
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Contains(t, string(text), change[0])
		require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(text), change[0], change[1], 1)), 0o644))
	}
	objects, err := w.source.Render("overlays/sales-two")
	require.NoError(t, err)
	return objects
}

// scaled scales a tenant's istiod, and waits for its Pods.
func (w *world) scaled(tenant *tenant, replicas int) error {
	if err := w.scale(tenant, replicas); err != nil {
		return err
	}
	return w.pods(tenant, replicas)
}

// pods waits until a tenant's istiod has that many Pods, which are ready.
func (w *world) pods(tenant *tenant, want int) error {
	return cluster.Eventually(patience, func() error {
		pods, err := w.istiods(tenant)
		if err != nil {
			return err
		}
		ready := 0
		for _, pod := range pods {
			if cluster.Condition(pod, "Ready") == "True" && pod.GetDeletionTimestamp() == nil {
				ready++
			}
		}
		if len(pods) != want || ready != want {
			return fmt.Errorf("%s has %d Pods, of which %d are ready, right is %d", tenant.istiod(), len(pods), ready, want)
		}
		return nil
	})
}

func (w *world) evict(user string, pod *cluster.Object) (cluster.Answer, error) {
	return w.node.Cluster.As(user).Do(http.MethodPost, "/api/v1/namespaces/"+pod.GetNamespace()+"/pods/"+pod.GetName()+"/eviction",
		`{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"`+pod.GetName()+`","namespace":"`+pod.GetNamespace()+`"}}`)
}
