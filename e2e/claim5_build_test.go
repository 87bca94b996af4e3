package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Flux, Argo CD and a kustomization that lists an overlay apply the injector's
// webhook after what it injects. A Pod that came before it would never get a proxy.
func TestAnApplicationAndAGatewayOfTheSameBuildGetTheirProxies(t *testing.T) {
	c := claims(t, "If an application and a gateway are applied before the injector's webhook, in one build with their control plane, they get no Pod without a proxy, and get Pods with a proxy later")
	w := theWorld(t)
	objects, err := w.source.Render("examples/bookinfo")
	require.NoError(t, err)
	t.Cleanup(func() { remove(t, w, objects) })
	var webhook, others []*cluster.Object
	for _, o := range objects {
		if o.GetKind() == "MutatingWebhookConfiguration" {
			webhook = append(webhook, o)
		} else {
			others = append(others, o)
		}
	}
	require.Len(t, webhook, 1)
	_, err = w.cluster.Admin.Apply(others)
	require.NoError(t, err)
	apps := []string{"details", "productpage", "ratings", "reviews", "istio-ingressgateway"}
	const path = "/api/v1/namespaces/bookinfo/pods?labelSelector=app="
	for _, app := range apps {
		c.check(app+": no Pod before its injector", func(t *testing.T) {
			require.NoError(t, cluster.Eventually(patience, func() error {
				sets, err := w.cluster.Admin.Items("/apis/apps/v1/namespaces/bookinfo/replicasets?labelSelector=app=" + app)
				if err != nil {
					return err
				}
				for _, set := range sets {
					if status, _ := json.Marshal(set.Object["status"]); !strings.Contains(string(status), "sidecar.istio.io/inject") {
						return fmt.Errorf("%s: %s", set.GetName(), status)
					}
				}
				if len(sets) == 0 {
					return errors.New("no ReplicaSet yet")
				}
				return nil
			}))
			pods, err := w.cluster.Admin.Items(path + app)
			require.NoError(t, err)
			require.Empty(t, pods)
		})
	}
	_, err = w.cluster.Admin.Apply(webhook)
	require.NoError(t, err)
	istiod, err := w.cluster.StartIstiod(objects)
	require.NoError(t, err)
	defer istiod.Stop()
	for _, app := range apps {
		c.check(app+": with its proxy", func(t *testing.T) {
			// Its ReplicaSet waits longer each time that it is refused.
			require.NoError(t, cluster.Eventually(5*patience, func() error {
				pods, err := w.cluster.Admin.Items(path + app)
				if err != nil {
					return err
				}
				if len(pods) == 0 {
					return errors.New("no Pod yet")
				}
				for _, pod := range pods {
					if err := proxied(pod); err != nil {
						return err
					}
				}
				return nil
			}))
		})
	}
}

// remove deletes objects, and waits until their Namespaces are gone.
func remove(t *testing.T, w *world, objects []*cluster.Object) {
	t.Helper()
	require.NoError(t, w.cluster.Admin.Delete(objects))
	require.NoError(t, cluster.Eventually(time.Minute, func() error {
		if err := w.cluster.RunPods(); err != nil { // which ends those that ran
			return err
		}
		for _, object := range objects {
			if object.GetKind() != "Namespace" {
				continue
			}
			answer, err := w.cluster.Admin.Do("GET", "/api/v1/namespaces/"+object.GetName(), "")
			if err != nil {
				return err
			}
			if answer.Code != 404 {
				return fmt.Errorf("Namespace %s is still there", object.GetName())
			}
		}
		return nil
	}))
}

// proxied is an error unless a Pod has a proxy with an image.
func proxied(pod *unstructured.Unstructured) error {
	for _, field := range []string{"containers", "initContainers"} {
		list, _, _ := unstructured.NestedSlice(pod.Object, "spec", field)
		for _, one := range list {
			container, _ := one.(map[string]any)
			if container["name"] == "istio-proxy" && container["image"] != "auto" {
				return nil
			}
		}
	}
	return fmt.Errorf("%s has no proxy", pod.GetName())
}
