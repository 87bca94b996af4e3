//go:build argocd

package argocd_test

import (
	"fmt"
	"slices"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// controlPlanes are the namespaces of the shipped tenants' control planes.
var controlPlanes = map[string]string{"dev": "istio-system", "sales": "istio-system1"}

const webhooks = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"

// certified says whether istiod has written its certificate into its injector.
func (w *world) certified(tenant string) error {
	all, err := w.admin().Items(webhooks + "?labelSelector=istio-tenancy.dev/tenant=" + tenant)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return fmt.Errorf("%s has no injector", tenant)
	}
	for _, object := range all {
		hooks, _, err := unstructured.NestedSlice(object.Object, "webhooks")
		if err != nil {
			return err
		}
		for _, hook := range hooks {
			if bundle, _, _ := unstructured.NestedString(hook.(map[string]any), "clientConfig", "caBundle"); bundle == "" {
				return fmt.Errorf("%s: caBundle is empty", cluster.ID(object))
			}
		}
	}
	return nil
}

// owned are the names of all objects with a tenant's label, but for those that come
// and go by themselves.
func (w *world) owned(tenant string) ([]string, error) {
	everything, err := w.admin().Everything()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, object := range everything {
		if object.GetLabels()["istio-tenancy.dev/tenant"] == tenant && len(object.GetOwnerReferences()) == 0 {
			names = append(names, cluster.ID(object))
		}
	}
	slices.Sort(names)
	return names, nil
}
