package scope

import (
	"fmt"
	"strings"

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
					if !f.Tenant.Needs(a.Range, a.Modes) {
						if found := program.Arguments(c, a); a.Elsewhere != "" && len(found) > 0 && f.Tenant.Holds(a.Range) {
							return fmt.Errorf("%s: %s: found %q, with which %s, and the tenant's are %s (spec.discovery is %q here): remove it",
								object.IDOf(o), a.Name, found[0], a.Elsewhere, strings.Join(f.Tenant.Watch, ", "), f.Tenant.Plan.Mode.Name)
						}
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
