package place

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/admit"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/gateway"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/tenancy"
)

// Filter places Tenant's objects.
type Filter struct {
	Tenant tenancy.Tenant
}

var _ kio.Filter = Filter{}

// Filter moves applications, gateways, and routes that Pilot would not see, to the
// first application namespace, and gives every object the tenant's label. It is an
// error if an object is outside of the tenant, has the same name as another one, or
// still names the base's namespace.
func (f Filter) Filter(objects []*yaml.RNode) ([]*yaml.RNode, error) {
	var errs []error
	if f.Tenant.Shares() { // what stood in for the control plane has been asked
		objects = object.Remove(objects, func(o *yaml.RNode) bool { return o.GetNamespace() == f.Tenant.Own() && !gateway.Owns(o) })
	}
	f.warnOfFirst(objects)
	f.warnOfLabels()
	f.warnOfInit(objects)
	levels := f.levels(objects)
	placed := map[object.ID]origin{}
	services, gateways := f.ownServices(objects), gateway.In(objects, f.Tenant.IstioTenant)
	for _, o := range objects {
		from := origin{o.GetNamespace(), o.GetLabels()[v1alpha1.TenantLabel] != ""}
		if err := f.place(o, services, gateways); err != nil {
			return nil, fmt.Errorf("%s: %w", object.IDOf(o), err)
		}
		f.warnOfNode(o, levels)
		f.warnOfUnread(o)
		f.warnOfGateway(o, objects, gateways)
		if other, found := placed[object.IDOf(o)]; found {
			errs = append(errs, meet(object.IDOf(o), other, from))
		}
		placed[object.IDOf(o)] = from
		if err := object.Label(o, v1alpha1.TenantLabel, f.Tenant.Name()); err != nil {
			return nil, fmt.Errorf("%s: %w", object.IDOf(o), err)
		}
		for _, err := range f.prove(o) {
			errs = append(errs, fmt.Errorf("%s: %w", object.IDOf(o), err))
		}
	}
	f.warnOfShared(gateway.In(objects, f.Tenant.IstioTenant)) // where they are now
	return objects, errors.Join(errs...)
}

// ownServices are the names of the control plane's Services that no application
// has, too.
func (f Filter) ownServices(objects []*yaml.RNode) []string {
	var names, others []string
	for _, s := range object.Of("Service", objects) {
		if s.GetNamespace() == f.Tenant.Own() {
			names = append(names, s.GetName())
		} else {
			others = append(others, s.GetName())
		}
	}
	return slices.DeleteFunc(names, func(n string) bool { return slices.Contains(others, n) })
}

func (f Filter) place(o *yaml.RNode, services []string, gateways gateway.Gateways) error {
	first := f.Tenant.Spec.ApplicationNamespaces[0]
	switch {
	case object.IsClusterScoped(o):
		return nil
	case o.GetNamespace() == "":
		return o.SetNamespace(first)
	case gateways.Moves(o):
		return f.moveGateway(o, first)
	case f.readsElsewhere(o):
		return f.moveRoute(o, first, services)
	}
	return nil
}

// moveGateway moves a gateway out of the control plane's namespace. Its pods
// tell istiod which workload owns them, by a URL; what it may do is bound to
// its account, which moves with it.
func (f Filter) moveGateway(o *yaml.RNode, to string) error {
	if err := o.SetNamespace(to); err != nil {
		return err
	}
	own := f.Tenant.Own()
	for _, s := range object.List(o, "subjects") {
		if object.String(s, "namespace") != own {
			continue
		}
		if err := object.Set(s, to, "namespace"); err != nil {
			return err
		}
	}
	for _, c := range object.Containers(o) {
		for _, e := range object.List(c, "env") {
			value := object.String(e, "value")
			if object.String(e, "name") != istio.OwnerVariable {
				continue
			}
			if err := object.Set(e, strings.Replace(value, "/namespaces/"+own+"/", "/namespaces/"+to+"/", 1), "value"); err != nil {
				return err
			}
		}
	}
	return nil
}

// prove returns what is wrong with o as an object of the tenant.
func (f Filter) prove(o *yaml.RNode) []error {
	var errs []error
	own := f.Tenant.Namespaces()
	id := object.IDOf(o)
	if id.Namespace != "" && !slices.Contains(own, id.Namespace) {
		errs = append(errs, fmt.Errorf("metadata.namespace: found %q; must be one of the tenant's namespaces, %s",
			id.Namespace, strings.Join(own, ", ")))
	}
	for _, check := range []func(*yaml.RNode) error{admit.Single, admit.Tenants, selectsItsPods} {
		if err := check(o); err != nil {
			errs = append(errs, err)
		}
	}
	plane := f.Tenant.Own()
	if err := (admit.Filter{Tenant: f.Tenant.IstioTenant}).OwnName(o); err != nil {
		errs = append(errs, err)
	}
	for i, w := range object.List(o, "webhooks") {
		namespace := object.String(w, "clientConfig", "service", "namespace")
		if namespace != "" && namespace != plane {
			errs = append(errs, fmt.Errorf("webhooks[%d].clientConfig.service.namespace: found %q; must be %q",
				i, namespace, plane))
		}
	}
	for _, at := range leftovers(o.YNode(), "") {
		errs = append(errs, fmt.Errorf("%s: still names the base's namespace %s; "+
			"write it as a word of its own, so that it can be distinguished from a longer name", at, v1alpha1.BaseNamespace))
	}
	return errs
}

// leftovers returns the paths of scalars, keys included, that contain the
// base's namespace. kustomize's own annotations do: they hold the ID by which it
// knows the object from before.
func leftovers(n *yaml.Node, path string) []string {
	var found []string
	switch n.Kind {
	case yaml.ScalarNode:
		if strings.Contains(n.Value, v1alpha1.BaseNamespace) {
			found = append(found, path)
		}
	case yaml.SequenceNode:
		for i, e := range n.Content {
			found = append(found, leftovers(e, path+"["+strconv.Itoa(i)+"]")...)
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			if path == "metadata.annotations" && object.IsBookkeeping(key.Value) {
				continue
			}
			at := strings.TrimPrefix(path+"."+key.Value, ".")
			found = append(found, leftovers(key, at)...)
			found = append(found, leftovers(n.Content[i+1], at)...)
		}
	}
	return found
}
