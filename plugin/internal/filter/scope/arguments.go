package scope

import (
	"fmt"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/program"
)

// arguments gives each program of the control plane the arguments that limit it.
func (f Filter) arguments(objects []*yaml.RNode) error {
	values := f.Tenant.Values()
	for _, o := range objects {
		if o.GetNamespace() != values.ControlPlane {
			continue
		}
		for _, c := range object.Containers(o) {
			for _, component := range f.Tenant.Components() {
				if !component.Runs(object.String(c, "name"), object.String(c, "image")) {
					continue
				}
				for _, a := range component.Arguments {
					if !f.Tenant.Holds(a.Range) {
						continue
					}
					if err := program.SetArgument(c, a, values); err != nil {
						return fmt.Errorf("%s: %s: %w", object.IDOf(o), a.Name, err)
					}
				}
			}
		}
	}
	return nil
}
