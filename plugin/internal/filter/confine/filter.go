package confine

import (
	"errors"
	"fmt"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/diagnostic"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/rbac"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/tenancy"
)

// Filter confines the ServiceAccounts of Tenant's control plane.
type Filter struct {
	Tenant tenancy.Tenant
}

var _ kio.Filter = Filter{}

// Filter rewrites each ClusterRole that a ClusterRoleBinding names, and adds Roles
// and RoleBindings with its name to the tenant's namespaces. A right that neither the
// catalogue nor the tenant knows is an error, except for one that only reads: that is
// confined, with a warning.
func (f Filter) Filter(objects []*yaml.RNode) ([]*yaml.RNode, error) {
	if err := f.placeSubjects(objects); err != nil {
		return nil, err
	}
	objects = f.dropAccounts(objects)
	errs := []error{f.beside(objects)}
	names := f.ownNames(objects)
	confined := map[string]parts{} // by ClusterRole, which several bindings may name
	for _, binding := range object.Of("ClusterRoleBinding", slices.Clone(objects)) {
		role, err := roleOf(binding, objects)
		if err != nil {
			return nil, err
		}
		places, done := confined[role.GetName()]
		if !done {
			if places, err = f.confine(role, objects, names); err != nil {
				errs = append(errs, diagnostic.InEachLine(object.IDOf(role).String(), err))
			}
			confined[role.GetName()] = places
		}
		if objects, err = f.namespaced(objects, binding, role, places); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	objects, err := f.members(objects, confined)
	if err != nil {
		return nil, err
	}
	f.warnOfUnused(objects)
	if err := errors.Join(stranded(objects, confined), f.warnOfWildcards(objects, confined)); err != nil {
		return nil, err
	}
	return object.Remove(objects, func(o *yaml.RNode) bool {
		name := o.GetName()
		switch o.GetKind() {
		case "ClusterRoleBinding":
			name = object.String(o, "roleRef", "name")
		case "ClusterRole":
		default:
			return false
		}
		places, done := confined[name]
		return done && len(places[istio.Cluster]) == 0
	}), nil
}

// confine sorts a ClusterRole's rules by place, and leaves in it those that
// stay with the cluster.
func (f Filter) confine(role *yaml.RNode, objects []*yaml.RNode, names names) (parts, error) {
	h, err := f.holderOf(role, objects)
	if err != nil {
		return nil, err
	}
	rules, err := rbac.Of(role)
	if err != nil {
		return nil, err
	}
	places := parts{}
	var errs []error
	for i, r := range rules {
		reads, err := places.add(r, h, names)
		if err != nil {
			errs = append(errs, diagnostic.InEachLine(fmt.Sprintf("rules[%d]", i), err))
		}
		for _, resource := range reads {
			f.Tenant.Warn("%s: rules[%d]: to read %s is not known to this release as a right of %s; confined to the tenant's namespaces",
				object.IDOf(role), i, resource, h)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return places, object.Set(role, rbac.Values(rbac.Merged(places[istio.Cluster])), "rules")
}

// stranded refuses RoleBindings to ClusterRoles that are confined: what they
// bind to would lose rights, or go.
func stranded(objects []*yaml.RNode, confined map[string]parts) error {
	var errs []error
	for _, b := range object.Of("RoleBinding", objects) {
		if role := roleRef(b); role.Kind == "ClusterRole" {
			if _, done := confined[role.Name]; done {
				errs = append(errs, fmt.Errorf("%s: roleRef: found ClusterRole %s, which a ClusterRoleBinding names, too, so that its rights are "+
					"confined; bind a role of its own", object.IDOf(b), role.Name))
			}
		}
	}
	return errors.Join(errs...)
}

// roleOf returns the ClusterRole that a binding names.
func roleOf(binding *yaml.RNode, objects []*yaml.RNode) (*yaml.RNode, error) {
	name := object.String(binding, "roleRef", "name")
	for _, role := range object.Of("ClusterRole", objects) {
		if role.GetName() != name {
			continue
		}
		if field, _ := role.Pipe(yaml.Lookup("aggregationRule")); field != nil {
			return nil, fmt.Errorf("%s: aggregationRule: rights that are aggregated in the cluster cannot be confined; "+
				"list them under rules", object.IDOf(role))
		}
		return role, nil
	}
	return nil, fmt.Errorf("%s: roleRef.name: found %q, which is not among the objects; "+
		"rights that are not there cannot be confined (a namePrefix or nameSuffix may have renamed it)", object.IDOf(binding), name)
}

// suffix tells a ClusterRole's namespaced part from the Roles of a base,
// which up to Istio 1.10 have the ClusterRole's name.
const suffix = "-confined"

// namespaced puts the namespaced parts of a ClusterRole into the tenant's
// namespaces, bound to the same subjects.
func (f Filter) namespaced(objects []*yaml.RNode, binding, role *yaml.RNode, places parts) ([]*yaml.RNode, error) {
	var subjects []any
	for _, s := range object.List(binding, "subjects") {
		subjects = append(subjects, s.YNode())
	}
	for _, namespace := range f.Tenant.Namespaces() {
		rules := slices.Clone(places[istio.TenantNamespaces])
		if namespace == f.Tenant.Own() {
			rules = append(rules, places[istio.ControlPlaneNamespace]...)
		} else {
			rules = append(rules, places[istio.ApplicationNamespaces]...)
		}
		if len(rules) == 0 {
			continue
		}
		for _, made := range []map[string]any{
			object.New(rbac.APIVersion, "Role", namespace, role.GetName()+suffix, map[string]any{"rules": rbac.Values(rbac.Merged(rules))}),
			object.New(rbac.APIVersion, "RoleBinding", namespace, binding.GetName()+suffix, map[string]any{
				"roleRef":  map[string]any{"apiGroup": rbac.Group, "kind": "Role", "name": role.GetName() + suffix},
				"subjects": subjects,
			}),
		} {
			var err error
			if objects, err = object.Put(objects, f.Tenant.Name(), made); err != nil {
				return nil, err
			}
		}
	}
	return objects, nil
}
