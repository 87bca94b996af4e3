package scope

import (
	"fmt"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/controlplane"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/discovery"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/program"
)

// Filter limits the control plane among its objects to Tenant's namespaces, in
// the way that Plan says.
type Filter struct {
	Tenant v1alpha1.IstioTenant
	Plan   discovery.Plan
}

var _ kio.Filter = Filter{}

// Filter changes the control plane's arguments, mesh configuration and
// webhooks, and what the tenant's Prometheus discovers.
func (f Filter) Filter(objects []*yaml.RNode) ([]*yaml.RNode, error) {
	plane, err := controlplane.Find(objects)
	if err != nil {
		return nil, err
	}
	for _, step := range []func() error{
		func() error { return f.flags(objects) },
		func() error { return f.environment(plane, objects) },
		func() error { return f.ingresses(objects) },
		func() error { return f.mesh(objects) },
		func() error { return f.prometheus(objects) },
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return f.webhooks(plane, objects)
}

// flags gives each program of the control plane the arguments that limit it.
func (f Filter) flags(objects []*yaml.RNode) error {
	tenant := program.Tenant{Own: f.Tenant.Spec.ControlPlane.Namespace, Applications: f.Tenant.Spec.ApplicationNamespaces}
	for _, o := range objects {
		if o.GetNamespace() != tenant.Own {
			continue
		}
		for _, c := range object.List(o, "spec", "template", "spec", "containers") {
			for _, flag := range program.Of(program.In(c), f.Plan) {
				if err := program.Set(c, flag, tenant); err != nil {
					return fmt.Errorf("%s: %s: %w", object.IDOf(o), flag.Name, err)
				}
			}
		}
	}
	return nil
}
