package e2e

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// The order of a build decides: a Pod that is made before the injector's
// webhook never gets a proxy.
func TestAnApplicationAndAGatewayOfTheSameBuildGetTheirProxies(t *testing.T) {
	c := claims(t, "An application and a gateway that are applied in one build with their control plane get their proxies")
	w := theWorld(t)
	objects := applyExample(t, w, "examples/bookinfo")
	istiod, err := w.cluster.StartIstiod(objects)
	require.NoError(t, err)
	defer istiod.Stop()
	for _, app := range []string{"details", "productpage", "ratings", "reviews", "istio-ingressgateway"} {
		c.check(app, func(t *testing.T) {
			require.NoError(t, cluster.Eventually(patience, func() error {
				pods, err := w.cluster.Admin.Items("/api/v1/namespaces/bookinfo/pods?labelSelector=app=" + app)
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
