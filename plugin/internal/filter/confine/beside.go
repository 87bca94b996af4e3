package confine

import (
	"errors"
	"fmt"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/gateway"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/rbac"
)

// beside looks at what an overlay puts beside the control plane, where the wrong
// role, or the wrong workload, is a way to become it. What the tenant's file
// grants is not. What is known to be such a way is an error; what nobody has
// looked at is named.
func (f Filter) beside(objects []*yaml.RNode) error {
	gateways := gateway.In(objects, f.Tenant.IstioTenant)
	var errs []error
	for _, o := range objects {
		switch {
		case slices.Contains(f.Tenant.Spec.ApplicationNamespaces, gateways.Namespace(o)): // where it is placed later
			f.warnOfNamespace(o)
		case o.GetNamespace() != f.Tenant.Own():
		case o.GetKind() == "RoleBinding":
			errs = append(errs, f.bound(o, objects))
		case o.GetLabels()[v1alpha1.TenantLabel] == "":
			f.warnOfWorkload(o)
		}
	}
	return errors.Join(errs...)
}

// warnOfNamespace names a RoleBinding by which somebody has the Namespace itself.
func (f Filter) warnOfNamespace(b *yaml.RNode) {
	if role := roleRef(b); b.GetKind() == "RoleBinding" && role.Kind == "ClusterRole" && role.Name == "cluster-admin" && b.GetLabels()[v1alpha1.TenantLabel] == "" {
		f.Tenant.Warn("%s: roleRef: found ClusterRole cluster-admin, which includes the Namespace itself and its quotas, and those are the cluster "+
			"administrator's: bind ClusterRole admin", object.IDOf(b))
	}
}

// bound refuses a RoleBinding by which somebody becomes the control plane, and
// names one of which that is not known. The control plane's own programs are
// what they are.
func (f Filter) bound(b *yaml.RNode, objects []*yaml.RNode) error {
	role := roleRef(b)
	becomes, err := f.becomes(role, objects)
	if err != nil {
		return err
	}
	var errs []error
	for i, s := range object.List(b, "subjects") {
		subject := object.ID{Kind: object.String(s, "kind"), Namespace: object.String(s, "namespace"), Name: object.String(s, "name")}
		switch {
		case subject.Kind == "ServiceAccount" && subject.Namespace == f.Tenant.Own() && f.programOf(subject.Name).Name != "":
		case becomes != "":
			errs = append(errs, fmt.Errorf("%s: roleRef: found %s %s, which %s, for %s (subjects[%d]): whoever has it in the control plane's namespace can become "+
				"the control plane; spec.admins of the tenant grants what is safe there, and spec.controlPlane.adminAccess: %s grants the rest where that is safe; the cluster administrator "+
				"may apply this one outside of the overlay", object.IDOf(b), role.Kind, role.Name, becomes, subject, i, v1alpha1.AdminAccessFull))
		case b.GetLabels()[v1alpha1.TenantLabel] == "":
			f.Tenant.Warn("%s: subjects[%d]: found %s: whoever may write, exec or read Secrets in the control plane's namespace can become the control plane, "+
				"and %s %s is not checked; spec.admins and spec.viewers of the tenant grant what is safe there",
				object.IDOf(b), i, subject, role.Kind, role.Name)
		}
	}
	return errors.Join(errs...)
}

// everyRight are Kubernetes' own ClusterRoles for people that run as any
// ServiceAccount of the namespace.
var everyRight = []string{"admin", "cluster-admin", "edit"}

// gives are rights by which one gets all others of a namespace, or somebody
// else's there.
var gives = []struct{ group, resource, verb string }{
	{rbac.Group, "roles", "escalate"}, {rbac.Group, "roles", "bind"}, {rbac.Group, "clusterroles", "bind"},
	{"", "serviceaccounts", "impersonate"}, {"", "serviceaccounts/token", "create"},
}

// becomes says by which right whoever has a role becomes another ServiceAccount
// of the namespace; "" is none that is known.
func (f Filter) becomes(role object.ID, objects []*yaml.RNode) (string, error) {
	if role.Kind == "ClusterRole" && slices.Contains(everyRight, role.Name) {
		return "may impersonate serviceaccounts", nil
	}
	i := slices.IndexFunc(objects, func(o *yaml.RNode) bool { return object.IDOf(o) == role })
	if i < 0 || objects[i].GetLabels()[v1alpha1.TenantLabel] != "" {
		return "", nil // what the tenant's file grants is looked at by itself
	}
	rules, err := rbac.Of(objects[i])
	if err != nil {
		return "", fmt.Errorf("%s: %w", role, err)
	}
	for i, r := range rules {
		for _, g := range gives {
			if len(r.ResourceNames) == 0 && includes(r.APIGroups, g.group) && includes(r.Resources, g.resource) && includes(r.Verbs, g.verb) {
				return fmt.Sprintf("may %s %s (rules[%d])", g.verb, rbac.Resource(g.group, g.resource), i), nil
			}
		}
	}
	return "", nil
}

// warnOfWorkload names a workload that runs as a program of the control plane,
// and is not that program: whoever says what it runs has the program's rights.
func (f Filter) warnOfWorkload(o *yaml.RNode) {
	spec, path := object.PodSpec(o)
	if spec == nil {
		return
	}
	account, field := object.PodAccount(spec)
	program := f.programOf(account)
	if program.Name == "" || account == "default" && !program.Discovery || f.isProgram(o, spec, program) {
		return // whoever says nothing runs as "default"
	}
	f.Tenant.Warn("%s: %s.%s: found %s, which %s runs as: whoever changes this workload, or its image, has its rights; give it a ServiceAccount of its own",
		object.IDOf(o), path, field, account, program.Name)
}

// isProgram says whether a workload is a program of the catalogue. The control
// plane is the one Deployment that was found, whatever others call themselves.
func (f Filter) isProgram(o, spec *yaml.RNode, program istio.Component) bool {
	if program.Discovery {
		return f.Tenant.Plane.Deployment != nil && o.YNode() == f.Tenant.Plane.Deployment.YNode()
	}
	_, containers := object.PodContainers(spec)
	return slices.Contains(program.Workloads, o.GetName()) || slices.ContainsFunc(containers, func(c *yaml.RNode) bool { return program.Runs(object.String(c, "name"), object.String(c, "image")) })
}

// warnOfWildcards names roles of an overlay that include the Namespace itself:
// the API server asks for the rights on it in that namespace. The rules of
// ClusterRoles that are confined have been looked at.
func (f Filter) warnOfWildcards(objects []*yaml.RNode, confined map[string]parts) error {
	for _, o := range objects {
		_, done := confined[o.GetName()]
		kind := o.GetKind()
		if kind != "Role" && (kind != "ClusterRole" || done) || o.GetLabels()[v1alpha1.TenantLabel] != "" {
			continue
		}
		rules, err := rbac.Of(o)
		if err != nil {
			return fmt.Errorf("%s: %w", object.IDOf(o), err)
		}
		for i, r := range rules {
			switch {
			case includes(r.APIGroups, "") && includes(r.Resources, "namespaces"):
				f.Tenant.Warn("%s: rules[%d]: includes the Namespace itself, which is the cluster administrator's: list the resources "+
					"that are needed", object.IDOf(o), i)
			case includes(r.APIGroups, rbac.Group) && slices.ContainsFunc(r.Verbs, func(verb string) bool { return verb == "bind" || verb == "escalate" }):
				f.Tenant.Warn("%s: rules[%d]: whoever may bind or escalate roles gets every right of the namespace, on the Namespace itself, too, "+
					"which is the cluster administrator's: remove these verbs", object.IDOf(o), i)
			}
		}
	}
	return nil
}

// includes says whether a list of a rule includes a word, by itself or by "*".
func includes(list []string, word string) bool {
	return slices.Contains(list, word) || slices.Contains(list, "*")
}
