package authorize

import (
	"cmp"
	"maps"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/rbac"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// binding gives a role in a namespace, or, with "", in the whole cluster.
type binding struct {
	order     int
	namespace string
	id        object.ID
	source    snapshot.Source
	refers    object.ID
	role      *role // nil: it is not there
}

func (b *binding) grant(rule rule) Grant {
	g := Grant{Namespace: b.namespace, Rule: rule.PolicyRule, At: rule.at, Binding: b.id, BindingSource: b.source}
	if rule.of != nil {
		g.Role, g.RoleSource = rule.of.id, rule.of.source
	}
	return g
}

// grants are all that a binding gives. A URL is in no namespace.
func (b *binding) grants() []Grant {
	if b == nil || b.role == nil {
		return nil
	}
	var grants []Grant
	for _, rule := range b.role.rules {
		if rule.effective() && (b.namespace == "" || len(rule.Resources) > 0) {
			grants = append(grants, b.grant(rule))
		}
	}
	return grants
}

// everything is what the API server allows to system:masters without asking RBAC.
var everything = []rule{
	{PolicyRule: rbacv1.PolicyRule{Verbs: []string{"*"}, APIGroups: []string{"*"}, Resources: []string{"*"}}},
	{PolicyRule: rbacv1.PolicyRule{Verbs: []string{"*"}, NonResourceURLs: []string{"*"}}},
}

func (a *Authorizer) index(all objects) {
	add := func(s rbacv1.Subject, b *binding) {
		k, ok := key(s, b.namespace)
		if !ok {
			return
		}
		in := a.bindings[k]
		if in == nil {
			in = map[string][]*binding{}
			a.bindings[k] = in
		}
		if n := len(in[b.namespace]); n == 0 || in[b.namespace][n-1] != b { // it may name somebody twice
			in[b.namespace] = append(in[b.namespace], b)
		}
	}
	for i, from := range all.bindings {
		b := &binding{order: i, namespace: from.id.Namespace, id: from.id, source: from.source, refers: refers(from), role: a.roles[refers(from)]}
		a.named[from.id] = b
		for _, s := range from.Subjects {
			add(s, b)
		}
	}
	add(rbacv1.Subject{Kind: rbacv1.GroupKind, Name: masters}, &binding{order: len(all.bindings), role: newRole(everything)})
}

// refers is the role that a binding names. A Role is of the binding's namespace, so that
// there is none for a ClusterRoleBinding.
func refers(b *stored) object.ID {
	id := object.ID{Group: rbac.Group, Kind: b.RoleRef.Kind, Name: b.RoleRef.Name}
	if id.Kind == "Role" {
		id.Namespace = b.id.Namespace
	}
	return id
}

// of are the bindings of a subject that hold in some namespaces, and with nil, in any:
// those for the whole cluster first, and each once.
func (a *Authorizer) of(s Subject, namespaces []string) []*binding {
	var all []*binding
	for _, k := range s.keys() {
		in := a.bindings[k]
		if namespaces == nil {
			for _, namespace := range slices.Sorted(maps.Keys(in)) {
				all = append(all, in[namespace]...)
			}
			continue
		}
		for _, namespace := range namespaces {
			all = append(all, in[namespace]...)
		}
	}
	slices.SortFunc(all, func(a, b *binding) int {
		return cmp.Or(cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.order, b.order))
	})
	return slices.Compact(all)
}
