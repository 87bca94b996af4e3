package place

import (
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// readsElsewhere says whether o is a route in the control plane's namespace,
// where a Pilot that lists the applications' only does not see it.
func (f Filter) readsElsewhere(o *yaml.RNode) bool {
	id := object.IDOf(o)
	kinds, isRoute := istio.RouteKinds[id.Group]
	return isRoute && (kinds == nil || slices.Contains(kinds, id.Kind)) &&
		id.Namespace == f.Tenant.Own() && len(f.Tenant.Watch) > 0 && !slices.Contains(f.Tenant.Watch, id.Namespace) && !f.Tenant.Revisions()
}

// moveRoute moves a route to where Pilot reads it. A short name of one of the
// control plane's Services keeps meaning that one.
func (f Filter) moveRoute(o *yaml.RNode, to string, services []string) error {
	own := f.Tenant.Own()
	for _, h := range istio.HostFields {
		for _, holder := range object.All(o, h.Path[:len(h.Path)-1]...) {
			if err := qualify(holder, h.Path[len(h.Path)-1], h.Beside, own, services); err != nil {
				return err
			}
		}
	}
	return o.SetNamespace(to)
}

// qualify gives a short name of a service in namespace the namespace.
func qualify(holder *yaml.RNode, field, beside, namespace string, services []string) error {
	if field == "[]" {
		for _, host := range object.List(holder) {
			if slices.Contains(services, host.YNode().Value) {
				host.YNode().Value = qualified(host.YNode().Value, namespace)
			}
		}
		return nil
	}
	name := object.String(holder, field)
	if !slices.Contains(services, name) {
		return nil
	}
	if beside == "" {
		return object.Set(holder, qualified(name, namespace), field)
	}
	if object.String(holder, beside) != "" || object.String(holder, "service") != "" {
		return nil
	}
	return object.Set(holder, namespace, beside)
}

func qualified(name, namespace string) string {
	return strings.Join([]string{name, namespace, "svc", "cluster", "local"}, ".")
}
