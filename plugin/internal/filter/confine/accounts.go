package confine

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/rbac"
)

// holder is who has a ClusterRole: ServiceAccounts of one program.
type holder struct {
	accounts []string
	// program is what runs as them; without a name, none that is known.
	program istio.Component
	// rows are the program's, for the tenant's version.
	rows []istio.Right
	// mode is how the control plane reads.
	mode istio.Mode
	// allowed are the tenant's own rows.
	allowed []v1alpha1.Right
	// apart says that they are in an application namespace, whose administrators
	// can become them.
	apart bool
}

// String is "istiod (ServiceAccount istiod-sales)".
func (h holder) String() string {
	accounts := "ServiceAccount " + strings.Join(h.accounts, ", ")
	if h.program.Name == "" {
		return accounts
	}
	return h.program.Name + " (" + accounts + ")"
}

// holderOf is who role is bound to. Programs that share a role would share
// each other's rights: that is an error.
func (f Filter) holderOf(role *yaml.RNode, objects []*yaml.RNode) (holder, error) {
	h := holder{accounts: accountsOf(role, objects), mode: f.Tenant.Plan.Mode, apart: f.apart(role, objects)}
	if len(h.accounts) == 0 {
		return holder{}, errors.New("a ClusterRoleBinding of it has no subjects: name ServiceAccounts, or remove both")
	}
	for i, account := range h.accounts {
		program := f.programOf(account)
		if h.apart && !program.Addon {
			return holder{}, fmt.Errorf("is bound to ServiceAccount %s, and to one of an application namespace: the administrators of that namespace have all its "+
				"rights, so that only addons of this release get rights there by a ClusterRole: give each ServiceAccount a ClusterRole of its own", account)
		}
		if i > 0 && program.Name != h.program.Name {
			return holder{}, fmt.Errorf("is bound to ServiceAccounts of different programs, %s and %s: give each a ClusterRole of its own",
				h.accounts[0], account)
		}
		h.program = program
	}
	h.rows = h.program.RightsIn(f.Tenant.Version)
	for _, r := range f.Tenant.Spec.ControlPlane.Rights {
		if !h.apart && slices.Contains(h.accounts, r.ServiceAccount) {
			h.allowed = append(h.allowed, r)
		}
	}
	return h, nil
}

// programOf is the component that runs as an account. What runs as the control
// plane's is told by its Deployment and not by a name, which anybody may choose.
func (f Filter) programOf(account string) istio.Component {
	for _, c := range f.Tenant.Components() {
		if c.Discovery && account == f.Tenant.Account() || slices.Contains(c.Accounts, account) {
			return c
		}
	}
	return istio.Component{}
}

// apart says whether a ClusterRole is bound to a ServiceAccount of an application
// namespace.
func (f Filter) apart(role *yaml.RNode, objects []*yaml.RNode) bool {
	return slices.ContainsFunc(subjectsOf(role, objects), func(s *yaml.RNode) bool { return object.String(s, "namespace") != f.Tenant.Own() })
}

// placeSubjects gives ServiceAccounts without a namespace that of the objects
// without one.
func (f Filter) placeSubjects(objects []*yaml.RNode) error {
	for _, binding := range object.Of("ClusterRoleBinding", objects) {
		for _, s := range object.List(binding, "subjects") {
			if object.String(s, "kind") != "ServiceAccount" || object.String(s, "namespace") != "" {
				continue
			}
			if err := object.Set(s, f.Tenant.Spec.ApplicationNamespaces[0], "namespace"); err != nil {
				return fmt.Errorf("%s: %w", object.IDOf(binding), err)
			}
		}
	}
	return nil
}

// subjectsOf are whom a ClusterRole is bound to.
func subjectsOf(role *yaml.RNode, objects []*yaml.RNode) []*yaml.RNode {
	var subjects []*yaml.RNode
	for _, binding := range object.Of("ClusterRoleBinding", objects) {
		if object.String(binding, "roleRef", "name") == role.GetName() {
			subjects = append(subjects, object.List(binding, "subjects")...)
		}
	}
	return subjects
}

// accountsOf are the ServiceAccounts that a ClusterRole is bound to.
func accountsOf(role *yaml.RNode, objects []*yaml.RNode) []string {
	var accounts []string
	for _, s := range subjectsOf(role, objects) {
		if name := object.String(s, "name"); !slices.Contains(accounts, name) {
			accounts = append(accounts, name)
		}
	}
	return accounts
}

// lookup returns the row for a resource.
func (h holder) lookup(group, resource string) (istio.Right, bool) {
	i := slices.IndexFunc(h.rows, func(r istio.Right) bool { return r.Fits(group, resource) })
	if i < 0 {
		return istio.Right{}, false
	}
	return h.rows[i], true
}

// dropAccounts removes the ServiceAccounts of the control plane that a tenant
// has no use for, with what is bound to them alone, and what binds those that
// need nothing. Others of such a name, in another namespace, are not meant.
func (f Filter) dropAccounts(objects []*yaml.RNode) []*yaml.RNode {
	of := func(namespace, account string) istio.Component {
		if namespace != f.Tenant.Own() {
			return istio.Component{}
		}
		return f.programOf(account)
	}
	roles := map[object.ID]bool{}
	objects = object.Remove(objects, func(o *yaml.RNode) bool {
		switch o.GetKind() {
		case "ServiceAccount":
			return of(o.GetNamespace(), o.GetName()).Dropped != ""
		case "Job":
			return of(o.GetNamespace(), object.String(o, "spec", "template", "spec", "serviceAccountName")).Dropped != ""
		case "ClusterRoleBinding", "RoleBinding":
			subjects := object.List(o, "subjects")
			kept := slices.ContainsFunc(subjects, func(s *yaml.RNode) bool {
				program := of(object.String(s, "namespace"), object.String(s, "name"))
				return program.Dropped == "" && (program.Idle == "" || o.GetKind() == "RoleBinding")
			})
			if len(subjects) == 0 || kept {
				return false
			}
			roles[roleRef(o)] = true
			return true
		}
		return false
	})
	for _, b := range objects { // what several are bound to stays for the others
		delete(roles, roleRef(b))
	}
	return object.Remove(objects, func(o *yaml.RNode) bool { return roles[object.IDOf(o)] })
}

// roleRef is the role that a binding names.
func roleRef(binding *yaml.RNode) object.ID {
	id := object.ID{Group: rbac.Group, Kind: object.String(binding, "roleRef", "kind"), Name: object.String(binding, "roleRef", "name")}
	if id.Kind == "Role" {
		id.Namespace = binding.GetNamespace()
	}
	return id
}

// names are the tenant's own objects that have no namespace, by resource: those
// that are read, and those that are written.
type names struct{ read, write map[string][]string }

func (f Filter) ownNames(objects []*yaml.RNode) names {
	var own names
	own.read, own.write = f.Tenant.Webhooks(objects)
	own.read["namespaces"] = f.Tenant.Namespaces()
	own.write["namespaces/finalizers"] = []string{f.Tenant.Own()}
	for _, class := range object.Of("GatewayClass", objects) {
		own.write["gatewayclasses/status"] = append(own.write["gatewayclasses/status"], class.GetName())
	}
	return own
}

// refuse is the error for a right that nothing knows.
func (h holder) refuse(group, resource string, verbs []string) error {
	right := strings.Join(verbs, ", ") + " " + rbac.Resource(group, resource)
	known := "is no right of " + h.String() + " that this release knows"
	if h.program.Name == "" {
		known = h.String() + " runs no program that this release knows"
	}
	const out = "remove it from the base's rules by a patch"
	switch {
	case group == "*":
		return fmt.Errorf("found %s: %s, and a wildcard includes every kind: list in the base's rules what is needed, "+
			"and allow it under spec.controlPlane.rights, such as %s", right, known, h.snippet("GROUP", "RESOURCE", verbs))
	case strings.Contains(resource, "*"):
		return fmt.Errorf("found %s: %s, and a wildcard includes the Namespace itself: list in the base's rules what is needed, "+
			"and allow it under spec.controlPlane.rights, such as %s", right, known, h.snippet(group, "RESOURCE", verbs))
	case object.IsClusterResource(group, resource):
		return fmt.Errorf("found %s: %s, and it is of the whole cluster, which a tenant's file cannot allow: %s", right, known, out)
	}
	return fmt.Errorf("found %s: %s: %s, or allow it in the tenant's namespaces under spec.controlPlane.rights: %s",
		right, known, out, h.snippet(group, resource, verbs))
}
