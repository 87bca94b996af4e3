package argocd_test

import (
	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
)

// owned are all objects with a tenant's label, but for those that come and go by
// themselves.
func (w *world) owned(tenant string) ([]*cluster.Object, error) {
	everything, err := w.admin().Everything()
	if err != nil {
		return nil, err
	}
	var owned []*cluster.Object
	for _, object := range everything {
		if object.GetLabels()["istio-tenancy.dev/tenant"] == tenant && len(object.GetOwnerReferences()) == 0 {
			owned = append(owned, object)
		}
	}
	return owned, nil
}
