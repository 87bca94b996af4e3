package check

import (
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/reach"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// writers are what the people and programs of tenants may write, with whoever they can become.
type writers struct {
	// in are the namespaces in which somebody may do more than read: whoever may bind a role
	// there, or run Pods, may write other objects, too. anywhere says that of all namespaces.
	in       map[string]bool
	anywhere bool
	// spaces are the Namespaces that somebody may write by a right in them.
	spaces map[string]bool
	// rules are those of the whole cluster.
	rules []rbacv1.PolicyRule
}

func (e *estate) newWriters(reached []reach.Identity) *writers {
	w := &writers{in: map[string]bool{}, spaces: map[string]bool{}}
	type key struct {
		binding, role object.ID
		at            int
	}
	met := map[key]bool{} // by whomever a binding names
	for _, who := range reached {
		for _, g := range e.rights.Grants(authorize.SubjectOf(rbacv1.Subject{Kind: who.Kind, Namespace: who.Namespace, Name: who.Name}, "")) {
			if k := (key{g.Binding, g.Role, g.At}); !met[k] && !onlyReads(g.Rule.Verbs) {
				met[k] = true
				w.add(g)
			}
		}
	}
	return w
}

func (w *writers) add(g authorize.Grant) {
	if g.Namespace != "" {
		w.in[g.Namespace] = true
		w.spaces[g.Namespace] = w.spaces[g.Namespace] || mayWrite(g.Rule, object.ID{Kind: "Namespace", Name: g.Namespace})
		return
	}
	w.rules = append(w.rules, g.Rule)
	w.anywhere = w.anywhere || slices.ContainsFunc(g.Rule.APIGroups, func(group string) bool {
		return slices.ContainsFunc(g.Rule.Resources, func(resource string) bool { return inNamespaces(group, resource) })
	})
}

// has says whether somebody may write an object, or may have written it.
func (w *writers) has(o *snapshot.Object) bool {
	if w == nil {
		return true
	}
	if o.ID.Namespace != "" {
		return w.anywhere || w.in[o.ID.Namespace]
	}
	return slices.ContainsFunc(w.rules, func(rule rbacv1.PolicyRule) bool { return mayWrite(rule, o.ID) }) ||
		o.ID.Kind == "Namespace" && o.ID.Group == "" && w.spaces[o.ID.Name]
}

// mayWrite says whether whoever has a rule may write an object without a namespace, or give
// themselves the right to.
func mayWrite(rule rbacv1.PolicyRule, id object.ID) bool {
	return covers(rule, id.Group, object.Resource(id.Kind), id.Name, "create", "update", "patch") ||
		covers(rule, rbac, "clusterroles", "", "bind", "escalate") || covers(rule, rbac, "roles", "", "bind", "escalate") ||
		slices.ContainsFunc([]string{"users", "groups", "serviceaccounts"}, func(resource string) bool { return covers(rule, "", resource, "", "impersonate") })
}

// covers says whether a rule allows one of some verbs on an object, or on a part of it such as
// its status; without a name, on any.
func covers(rule rbacv1.PolicyRule, group, resource, name string, verbs ...string) bool {
	has := func(all []string, one string) bool { return slices.Contains(all, one) || slices.Contains(all, "*") }
	return has(rule.APIGroups, group) && slices.ContainsFunc(verbs, func(verb string) bool { return has(rule.Verbs, verb) }) &&
		(name == "" || len(rule.ResourceNames) == 0 || slices.Contains(rule.ResourceNames, name)) &&
		slices.ContainsFunc(rule.Resources, func(named string) bool {
			base, _, _ := strings.Cut(named, "/")
			return base == resource || base == "*"
		})
}
