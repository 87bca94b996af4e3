package confine

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/discovery"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// Filter confines the ServiceAccounts of Tenant's control plane.
type Filter struct {
	Tenant v1alpha1.IstioTenant
	Plan   discovery.Plan
	// Warn is told of each right that the table does not know. May be nil.
	Warn func(string)
}

var _ kio.Filter = Filter{}

// Filter rewrites each ClusterRole that a ClusterRoleBinding names, and puts
// Roles and RoleBindings named after them into the tenant's namespaces.
func (f Filter) Filter(objects []*yaml.RNode) ([]*yaml.RNode, error) {
	objects = f.dropAccounts(objects)
	names := ownWebhooks(objects)
	names["namespaces/finalizers"] = []string{f.Tenant.Spec.ControlPlane.Namespace}
	confined := map[string]parts{} // by ClusterRole, which several bindings may name
	for _, binding := range object.Of("ClusterRoleBinding", slices.Clone(objects)) {
		role, err := roleOf(binding, objects)
		if err != nil {
			return nil, err
		}
		places, done := confined[role.GetName()]
		if !done {
			if places, err = f.confine(role, holderOf(role, objects, f.Plan), names); err != nil {
				return nil, fmt.Errorf("%s: rules: %w", object.IDOf(role), err)
			}
			confined[role.GetName()] = places
		}
		if objects, err = f.namespaced(objects, binding, role, places); err != nil {
			return nil, err
		}
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
		return done && len(places[cluster]) == 0
	}), nil
}

// confine sorts a ClusterRole's rules by place, and leaves in it those that
// stay with the cluster.
func (f Filter) confine(role *yaml.RNode, h holder, names map[string][]string) (parts, error) {
	rules, err := rulesOf(role)
	if err != nil {
		return nil, err
	}
	places := parts{}
	for _, r := range rules {
		for _, resource := range places.add(r, h, names) {
			f.warn(fmt.Sprintf("%s: rules: %s is not known to this release; confined to the tenant's namespaces",
				object.IDOf(role), resource))
		}
	}
	return places, object.Set(role, values(merged(places[cluster])), "rules")
}

func (f Filter) warn(message string) {
	if f.Warn != nil {
		f.Warn(message)
	}
}

// dropAccounts removes the ServiceAccounts that a tenant has no use for, with
// what is bound to them alone.
func (f Filter) dropAccounts(objects []*yaml.RNode) []*yaml.RNode {
	roles := map[string]bool{}
	objects = object.Remove(objects, func(o *yaml.RNode) bool {
		switch o.GetKind() {
		case "ServiceAccount":
			return dropped[o.GetName()] != ""
		case "Job":
			return dropped[object.String(o, "spec", "template", "spec", "serviceAccountName")] != ""
		case "ClusterRoleBinding", "RoleBinding":
			subjects := object.List(o, "subjects")
			kept := slices.ContainsFunc(subjects, func(s *yaml.RNode) bool {
				name := object.String(s, "name")
				return dropped[name] == "" && (idle[name] == "" || o.GetKind() == "RoleBinding" || f.Plan.Revisions())
			})
			if len(subjects) == 0 || kept {
				return false
			}
			roles[object.String(o, "roleRef", "kind")+"/"+object.String(o, "roleRef", "name")] = true
			return true
		}
		return false
	})
	for _, b := range objects { // what several are bound to stays for the others
		delete(roles, object.String(b, "roleRef", "kind")+"/"+object.String(b, "roleRef", "name"))
	}
	return object.Remove(objects, func(o *yaml.RNode) bool { return roles[o.GetKind()+"/"+o.GetName()] })
}

// ownWebhooks are the tenant's webhook configurations that istiod has to write
// its certificate into, by resource. One whose caBundle the base brings needs
// no right to write.
func ownWebhooks(objects []*yaml.RNode) map[string][]string {
	names := map[string][]string{}
	for resource, kind := range map[string]string{
		"mutatingwebhookconfigurations":   "MutatingWebhookConfiguration",
		"validatingwebhookconfigurations": "ValidatingWebhookConfiguration",
	} {
		for _, o := range object.Of(kind, objects) {
			if slices.ContainsFunc(object.List(o, "webhooks"), func(w *yaml.RNode) bool {
				return object.String(w, "clientConfig", "caBundle") == ""
			}) {
				names[resource] = append(names[resource], o.GetName())
			}
		}
	}
	return names
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
		"rights that are not there cannot be confined (a namePrefix or nameSuffix renames them before)", object.IDOf(binding), name)
}

const (
	rbac = "rbac.authorization.k8s.io/v1"
	// suffix tells a ClusterRole's namespaced part from the Roles of a base,
	// which up to Istio 1.10 have the ClusterRole's name.
	suffix = "-confined"
)

// namespaced puts the namespaced parts of a ClusterRole into the tenant's
// namespaces, bound to the same subjects.
func (f Filter) namespaced(objects []*yaml.RNode, binding, role *yaml.RNode, places parts) ([]*yaml.RNode, error) {
	var subjects []any
	for _, s := range object.List(binding, "subjects") {
		subjects = append(subjects, s.YNode())
	}
	for _, namespace := range f.Tenant.Namespaces() {
		rules := slices.Clone(places[everywhere])
		if namespace == f.Tenant.Spec.ControlPlane.Namespace {
			rules = append(rules, places[own]...)
		} else {
			rules = append(rules, places[members]...)
		}
		if len(rules) == 0 {
			continue
		}
		for _, made := range []map[string]any{
			object.New(rbac, "Role", namespace, role.GetName()+suffix, map[string]any{"rules": values(merged(rules))}),
			object.New(rbac, "RoleBinding", namespace, binding.GetName()+suffix, map[string]any{
				"roleRef":  map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role.GetName() + suffix},
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

// enough rights make the point.
const enough = 5

// ErrEscalates is what Escalation wraps.
var ErrEscalates = errors.New("whoever may become the control plane reaches beyond the tenant")

// Escalation says, as an error, what somebody who borrows one of the control
// plane's ServiceAccounts could do outside of the tenant; nil is nothing. It is
// for objects that Filter has confined.
func Escalation(objects []*yaml.RNode, plan discovery.Plan) error {
	var found []string
	for _, binding := range object.Of("ClusterRoleBinding", objects) {
		role, err := roleOf(binding, objects)
		if err != nil {
			return err
		}
		rules, err := rulesOf(role)
		if err != nil {
			return err
		}
		h := holderOf(role, objects, plan)
		for _, r := range rules {
			found = append(found, r.escalates(h)...)
		}
	}
	if len(found) == 0 {
		return nil
	}
	if more := len(found) - enough; more > 0 {
		found = append(found[:enough], fmt.Sprintf("and %d more", more))
	}
	return fmt.Errorf("%w: %s", ErrEscalates, strings.Join(found, "; "))
}

// escalates names the rights of a cluster-wide rule that the table would not
// leave in every cluster.
func (r rule) escalates(h holder) []string {
	read, write := r.verbs()
	var found []string
	for _, group := range r.APIGroups {
		for _, resource := range r.Resources {
			row, _ := h.lookup(group, resource)
			if len(read) > 0 && row.read != cluster {
				found = append(found, fmt.Sprintf("%s %s", strings.Join(read, ", "), resourceName(group, resource)))
			}
			if len(write) > 0 && row.write != cluster {
				found = append(found, fmt.Sprintf("%s %s", strings.Join(write, ", "), resourceName(group, resource)))
			}
		}
	}
	return found
}
