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
	c := claims(t, "The HorizontalPodAutoscaler finds its Deployment and keeps minReplicas. If there are two replicas, the PodDisruptionBudget allows one Pod to be evicted, and no second one")
	w := theEnforcedWorld(t)
	admin, tenant := w.node.Cluster.Admin, w.tenants["dev"]
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
	turn(c, &lanes.dev)
	w.twoReplicas(t)
	restore := w.changeFile(t, tenant, "kustomization.yaml", func(content map[string]any) {
		for i, resource := range content["resources"].([]any) {
			if resource == "../../bases/istio/control-plane" {
				content["resources"].([]any)[i] = "../../bases/istio/two"
			}
		}
		withLowerRequests(content)
	})
	budget := "/apis/policy/v1/namespaces/" + tenant.controlPlane + "/poddisruptionbudgets/" + tenant.istiod()
	defer func() {
		restore()
		require.NoError(t, w.scale(tenant, 1))
		require.NoError(t, w.pods(tenant, 1, requests("500m")))
	}()
	c.Check("with autoscaleMin 2, the Deployment has two Pods", func(t *testing.T) {
		require.NoError(t, w.pods(tenant, 2, requests("10m")))
	})
	allowed := func(want int) error {
		return cluster.Eventually(patience, func() error {
			b, err := admin.Get(budget)
			if err != nil {
				return err
			}
			if got, _, _ := unstructured.NestedFloat64(b.Object, "status", "disruptionsAllowed"); int(got) != want {
				return fmt.Errorf("disruptionsAllowed is %v, but must be %d", got, want)
			}
			return nil
		})
	}
	c.Check("the budget allows one disruption", func(t *testing.T) { require.NoError(t, allowed(1)) })
	pods, err := w.istiods(tenant)
	require.NoError(t, err)
	require.Len(t, pods, 2)
	c.Check("the tenant's administrator evicts one", func(t *testing.T) {
		answer, err := w.evict(tenant.admin, pods[0])
		require.NoError(t, errors.Join(err, answer.Error()))
	})
	c.Check("and not the other meanwhile", func(t *testing.T) {
		answer, err := w.evict(tenant.admin, pods[1])
		require.NoError(t, err)
		require.Equal(t, http.StatusTooManyRequests, answer.Code, answer.Message())
		require.Contains(t, answer.Message(), "violate the pod's disruption budget")
	})
	c.Check("another Pod takes its place", func(t *testing.T) {
		require.NoError(t, w.pods(tenant, 2, requests("10m")))
		require.NoError(t, allowed(1))
	})
}

// twoReplicas makes a base of a control plane with autoscaleMin 2.
func (w *world) twoReplicas(t *testing.T) {
	base := filepath.Join(w.source.Dir, "bases/istio/two")
	require.NoError(t, os.CopyFS(base, os.DirFS(filepath.Join(w.source.Dir, "bases/istio/control-plane"))))
	file := filepath.Join(base, "release.yaml")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	const part = "  part: control-plane\n"
	require.Contains(t, string(text), part)
	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(text), part, part+"  values: {autoscaleMin: 2}\n", 1)), 0o644))
}

// pods waits until a tenant's istiod has that many Pods, which are ready, and are as they
// should be.
func (w *world) pods(tenant *tenant, want int, should func(pod *cluster.Object) error) error {
	return cluster.Eventually(patience, func() error {
		pods, err := w.istiods(tenant)
		if err != nil {
			return err
		}
		if len(pods) != want {
			return fmt.Errorf("%s has %d Pods, but must have %d", tenant.istiod(), len(pods), want)
		}
		for _, pod := range pods {
			if pod.GetDeletionTimestamp() != nil {
				return fmt.Errorf("%s is about to end", cluster.ID(pod))
			}
			if err := errors.Join(should(pod), cluster.MustBe(pod, "Ready")); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *world) evict(user string, pod *cluster.Object) (cluster.Answer, error) {
	return w.node.Cluster.As(user).Do(http.MethodPost, "/api/v1/namespaces/"+pod.GetNamespace()+"/pods/"+pod.GetName()+"/eviction",
		`{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"`+pod.GetName()+`","namespace":"`+pod.GetNamespace()+`"}}`)
}
