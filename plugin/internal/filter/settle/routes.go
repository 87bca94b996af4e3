package settle

import (
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// routeKinds are the kinds by which Pilot routes, by group; nil is all. Up to
// 1.6 it reads them in the namespace of --appNamespace, and nowhere else.
var routeKinds = map[string][]string{
	"config.istio.io":         {"RouteRule", "DestinationPolicy", "EgressRule"},
	"networking.istio.io":     nil,
	"authentication.istio.io": {"Policy"},
}

// readsElsewhere says whether o is a route in the control plane's namespace,
// where a Pilot that lists the applications' only does not see it.
func (f Filter) readsElsewhere(o *yaml.RNode) bool {
	id := object.IDOf(o)
	kinds, isRoute := routeKinds[id.Group]
	return isRoute && (kinds == nil || slices.Contains(kinds, id.Kind)) &&
		id.Namespace == f.Tenant.Spec.ControlPlane.Namespace && len(f.Plan.Watch) > 0 && !f.Plan.Lists && !f.Plan.Revisions()
}

// hostFields are where a route names a service: by a host, which may be short,
// or by a name with a namespace beside it. [] stands for every element of a list.
var hostFields = []struct {
	path []string
	// beside is the field that holds the namespace; "" is none, the host holds it.
	beside string
}{
	{path: []string{"spec", "destination", "name"}, beside: "namespace"}, // RouteRule, DestinationPolicy
	{path: []string{"spec", "source", "name"}, beside: "namespace"},
	{path: []string{"spec", "host"}}, // DestinationRule
	{path: []string{"spec", "hosts", "[]"}},
	{path: []string{"spec", "http", "[]", "route", "[]", "destination", "host"}},
	{path: []string{"spec", "http", "[]", "mirror", "host"}},
	{path: []string{"spec", "tcp", "[]", "route", "[]", "destination", "host"}},
	{path: []string{"spec", "tls", "[]", "route", "[]", "destination", "host"}},
}

// moveRoute moves a route to where Pilot reads it. A short name of one of the
// control plane's Services keeps meaning that one.
func (f Filter) moveRoute(o *yaml.RNode, to string, services []string) error {
	own := f.Tenant.Spec.ControlPlane.Namespace
	for _, h := range hostFields {
		for _, holder := range object.All(o, h.path[:len(h.path)-1]...) {
			if err := qualify(holder, h.path[len(h.path)-1], h.beside, own, services); err != nil {
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
