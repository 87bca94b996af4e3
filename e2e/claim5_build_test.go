package e2e

import (
	"errors"
	"fmt"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// The order of a build decides: a Pod that is made before the injector's
// webhook never gets a proxy.
func TestAnApplicationAndAGatewayOfTheSameBuildGetTheirProxies(t *testing.T) {
	c := claims(t, "An application and a gateway that are applied in one build with their control plane get their proxies")
	w := theWorld(t)
	objects, err := w.source.render("examples/bookinfo")
	require.NoError(t, err)
	_, err = w.cluster.Admin.Apply(objects)
	require.NoError(t, err)
	defer w.cluster.Admin.Delete(objects)
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
