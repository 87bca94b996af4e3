package authorize

import (
	"cmp"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/rbac"
)

// Of are all rules that a binding gives, each with the binding; none, where its role is not
// there.
func (a *Authorizer) Of(binding object.ID) []Grant { return a.named[binding].grants() }

// IsBuiltin says whether every cluster has a grant: its binding and its role are those that
// an API server makes when it starts, with nothing added.
func (a *Authorizer) IsBuiltin(g Grant) bool { return a.builtin[g.Binding] && a.builtin[g.Role] }

// RoleOf is the role that a binding names, which may not be there; the zero value, if the
// binding is not there.
func (a *Authorizer) RoleOf(binding object.ID) object.ID {
	if b := a.named[binding]; b != nil {
		return b.refers
	}
	return object.ID{}
}

// RolesIn are the ClusterRoles, and the Roles of a namespace, in the order of their names.
func (a *Authorizer) RolesIn(namespace string) (all []object.ID) {
	for id := range a.roles {
		if id.Kind != "Role" || id.Namespace == namespace {
			all = append(all, id)
		}
	}
	slices.SortFunc(all, func(x, y object.ID) int { return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Name, y.Name)) })
	return all
}

// RolesMissing are the names of Roles that are not there, and that bindings of a namespace
// give to a subject: whoever makes one of them gives it to the subject.
func (a *Authorizer) RolesMissing(s Subject, namespace string) (names []string) {
	for _, b := range a.of(s, []string{namespace}) {
		if b.role == nil && b.refers.Kind == "Role" && !slices.Contains(names, b.refers.Name) {
			names = append(names, b.refers.Name)
		}
	}
	return names
}

// WithoutRules are the bindings, of some subjects or with none of all, of whose role no rule
// is known: it is not there, or it gathers rules from what is not there. Each gives nothing
// here, and in the cluster what its role has there.
func (a *Authorizer) WithoutRules(of ...Subject) (all []object.ID) {
	add := func(b *binding) {
		if b.role == nil || b.role.gathers && len(b.role.rules) == 0 {
			all = append(all, b.id)
		}
	}
	if len(of) == 0 {
		for _, b := range a.named {
			add(b)
		}
	}
	for _, s := range of {
		for _, b := range a.of(s, nil) {
			add(b)
		}
	}
	slices.SortFunc(all, func(x, y object.ID) int {
		return cmp.Or(cmp.Compare(x.Namespace, y.Namespace), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Name, y.Name))
	})
	return slices.Compact(all)
}

// Rules are those of a role, each as a grant that nobody has yet.
func (a *Authorizer) Rules(role object.ID) []Grant { return (&binding{role: a.roles[role]}).grants() }

// Accounts are the ServiceAccounts that bindings name, by namespace and name, and whether
// a binding that every cluster has names them: Kubernetes itself makes those.
func (a *Authorizer) Accounts() map[[2]string]bool {
	all := map[[2]string]bool{}
	for who, in := range a.bindings {
		rest, is := strings.CutPrefix(who.Name, account)
		namespace, name, whole := strings.Cut(rest, ":")
		if who.Kind != rbacv1.UserKind || !is || !whole {
			continue
		}
		key := [2]string{namespace, name}
		for _, bindings := range in {
			for _, b := range bindings {
				all[key] = all[key] || a.builtin[b.id]
			}
		}
	}
	return all
}

// Atoms are what a rule allows, each by itself: "get pods *", "get secrets x", "get /logs/*".
// A rule about objects that are called * is another than one about any.
func Atoms(rule rbacv1.PolicyRule) (all []string) {
	names := []string{"*"}
	if len(rule.ResourceNames) > 0 {
		names = slices.Clone(rule.ResourceNames)
	}
	for i, name := range rule.ResourceNames {
		if name == "*" {
			names[i] = `"*"`
		}
	}
	for _, verb := range rule.Verbs {
		for _, url := range rule.NonResourceURLs {
			all = append(all, verb+" "+url)
		}
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, name := range names {
					all = append(all, verb+" "+rbac.Resource(group, resource)+" "+name)
				}
			}
		}
	}
	return all
}
