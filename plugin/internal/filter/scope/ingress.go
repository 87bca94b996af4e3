package scope

import (
	"fmt"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// ingressClass is the tenant's own: two tenants' Pilots that look for one class
// would both serve an Ingress, and both write its status.
func (f Filter) ingressClass() string { return f.Tenant.Values().Expand(istio.IngressClass) }

// classFields are where an Ingress names its class.
var classFields = [][]string{
	{"metadata", "annotations", "kubernetes.io/ingress.class"},
	{"spec", "ingressClassName"},
}

// ingresses gives the tenant's Ingresses of the base's class the tenant's.
func (f Filter) ingresses(objects []*yaml.RNode) error {
	if f.Tenant.Mode.Name != v1alpha1.DiscoveryAppNamespace {
		return nil
	}
	base := f.baseClass(objects)
	for _, o := range object.Of("Ingress", objects) {
		for _, path := range classFields {
			if object.String(o, path...) != base {
				continue
			}
			if err := object.Set(o, f.ingressClass(), path...); err != nil {
				return fmt.Errorf("%s: %w", object.IDOf(o), err)
			}
		}
	}
	return nil
}

// baseClass is the class that the mesh names before it is edited.
func (f Filter) baseClass(objects []*yaml.RNode) string {
	for _, o := range object.Of("ConfigMap", objects) {
		if o.GetNamespace() != f.Tenant.Own() {
			continue
		}
		mesh, err := yaml.Parse(object.String(o, "data", istio.MeshKey))
		if err != nil {
			continue // the edit says so
		}
		if class := object.String(mesh, "ingressClass"); class != "" {
			return class
		}
	}
	return istio.DefaultIngressClass
}
