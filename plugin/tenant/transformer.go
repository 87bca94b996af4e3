package tenant

import (
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
)

// Transformer lays Tenant over the objects of a base.
type Transformer struct {
	// Tenant is a defaulted and valid tenant.
	Tenant v1alpha1.IstioTenant
	// Warn is told, in one line each, what a cluster administrator should look
	// at. May be nil.
	Warn func(string)
}

var _ kio.Filter = Transformer{}

// Filter returns the tenant's objects.
func (t Transformer) Filter(objects []*yaml.RNode) ([]*yaml.RNode, error) {
	return objects, nil
}
