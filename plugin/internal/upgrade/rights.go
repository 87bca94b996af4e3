package upgrade

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/rbac"
)

// right is one verb on one resource, or on one URL.
type right struct {
	group, resource, name, url string
	verb                       string
	role                       string // a role that is not among the objects, as a whole
}

// what is how the report calls it.
func (r right) what() string {
	switch {
	case r.role != "":
		return r.role
	case r.url != "":
		return r.url
	case r.name != "":
		return rbac.Resource(r.group, r.resource) + " " + r.name
	}
	return rbac.Resource(r.group, r.resource)
}

// gives says whether whoever has r has other as well.
func (r right) gives(other right) bool {
	if r.role != "" || other.role != "" {
		return r == other
	}
	if r.verb != "*" && r.verb != other.verb {
		return false
	}
	if r.url != "" || other.url != "" {
		prefix, open := strings.CutSuffix(r.url, "*")
		return r.url == other.url || open && r.url != "" && strings.HasPrefix(other.url, prefix)
	}
	sub, ofAny := strings.CutPrefix(r.resource, "*")
	isResource := r.resource == other.resource || ofAny && (sub == "" || strings.HasSuffix(other.resource, sub))
	return isResource && (r.group == "*" || r.group == other.group) && (r.name == "" || r.name == other.name)
}

// holder has rights in a namespace; "" is the whole cluster.
type holder struct{ account, namespace string }

// rights are those that accounts gain and lose. What other rights of an account give
// as well is neither.
func rights(from, to []*yaml.RNode, s scopes) []Right {
	before, after := held(from, s), held(to, s)
	changes := append(lacking(true, after, before, s), lacking(false, before, after, s)...)
	slices.SortStableFunc(changes, compareRights)
	return changes
}

// compareRights puts what reaches furthest first, and then what gives more than it says.
func compareRights(a, b Right) int {
	return cmp.Or(cmp.Compare(reach(a), reach(b)), compareResources(a.Resources[0], b.Resources[0]), cmp.Compare(a.Account, b.Account),
		cmp.Compare(a.Where, b.Where), slices.Compare(a.Verbs, b.Verbs), slices.Compare(a.Resources, b.Resources))
}

// weighty are resources by which an account may become another one, or read what it keeps.
var weighty = []string{
	"secrets", "serviceaccounts/token", "pods/exec", "pods", "rolebindings." + rbac.Group, "clusterrolebindings." + rbac.Group, "roles." + rbac.Group,
	"clusterroles." + rbac.Group, "serviceaccounts",
}

// compareResources puts wildcards and what is weighty first.
func compareResources(a, b string) int {
	weight := func(what string) int {
		what, _, _ = strings.Cut(what, " ")
		switch n := slices.Index(weighty, what); {
		case n >= 0:
			return n + 1
		case strings.HasPrefix(what, "*"), strings.HasPrefix(what, "all that "):
			return 0
		}
		return len(weighty) + 1
	}
	return cmp.Or(cmp.Compare(weight(a), weight(b)), cmp.Compare(a, b))
}

func reach(r Right) int {
	n := slices.Index([]string{inCluster, inEvery, inControlPlane, inApplications}, r.Where)
	if n < 0 {
		n = 1
	}
	if !r.Gained {
		n += 10
	}
	return n
}

// held are the rights that RoleBindings and ClusterRoleBindings give. Those of a role
// that nobody is bound to count as well: somebody may be later.
func held(objects []*yaml.RNode, s scopes) map[holder][]right {
	roles := map[object.ID][]right{}
	for _, o := range objects {
		if strings.HasSuffix(o.GetKind(), "Role") {
			roles[object.IDOf(o)] = ofRole(o)
		}
	}
	bound := map[object.ID]bool{}
	found := map[holder][]right{}
	for _, o := range objects {
		if !strings.HasSuffix(o.GetKind(), "RoleBinding") {
			continue
		}
		role := object.ID{Group: rbac.Group, Kind: object.String(o, "roleRef", "kind"), Name: object.String(o, "roleRef", "name")}
		if role.Kind == "Role" {
			role.Namespace = o.GetNamespace()
		}
		given, known := roles[role]
		if !known {
			given = []right{{role: "all that " + object.ID{Kind: role.Kind, Name: role.Name}.String() + " gives"}}
		}
		bound[role] = true
		for _, subject := range object.List(o, "subjects") {
			h := holder{accountOf(subject, o.GetNamespace(), s), o.GetNamespace()}
			found[h] = append(found[h], given...)
		}
	}
	for role, given := range roles {
		if !bound[role] {
			h := holder{"whoever is bound to " + object.ID{Kind: role.Kind, Name: role.Name}.String(), role.Namespace}
			found[h] = append(found[h], given...)
		}
	}
	return found
}

// accountOf names a subject, and its namespace, unless that is the control plane's.
func accountOf(subject *yaml.RNode, namespace string, s scopes) string {
	id := object.ID{Kind: object.String(subject, "kind"), Name: object.String(subject, "name")}
	if id.Kind == "ServiceAccount" {
		if in := cmp.Or(object.String(subject, "namespace"), namespace); in != s.controlPlane {
			return id.String() + " of " + in
		}
	}
	return id.String()
}

// ofRole are the rights that a role gives. What cannot be read gives something, too.
func ofRole(role *yaml.RNode) []right {
	rules, err := rbac.Of(role)
	if err != nil {
		return []right{{role: "rules that cannot be read: " + err.Error()}}
	}
	var all []right
	for _, rule := range rules {
		for _, verb := range rule.Verbs {
			for _, url := range rule.NonResourceURLs {
				all = append(all, right{url: url, verb: verb})
			}
			for _, group := range rule.APIGroups {
				for _, resource := range rule.Resources {
					for _, name := range orEmpty(rule.ResourceNames) {
						all = append(all, right{group: group, resource: resource, name: name, verb: verb})
					}
				}
			}
		}
	}
	return all
}

// orEmpty is a list, or one empty text in the place of an empty list.
func orEmpty(list []string) []string {
	if len(list) == 0 {
		return []string{""}
	}
	return list
}

// lacking are the rights of all that some do not have, in as few rows as they need.
func lacking(gained bool, all, some map[holder][]right, s scopes) []Right {
	type what struct{ account, what string }
	type row struct{ account, where, verbs string }
	verbs := map[what]map[string][]string{} // by namespace
	for h, rights := range all {
		others := append(slices.Clone(some[h]), some[holder{account: h.account}]...)
		for _, r := range rights {
			if slices.ContainsFunc(others, func(o right) bool { return o.gives(r) }) {
				continue
			}
			of := what{h.account, r.what()}
			if verbs[of] == nil {
				verbs[of] = map[string][]string{}
			}
			verbs[of][h.namespace] = append(verbs[of][h.namespace], r.verb)
		}
	}
	resources := map[row][]string{}
	for of, byNamespace := range verbs {
		alike := map[string][]string{} // namespaces, by verbs
		for namespace, list := range byNamespace {
			joined := strings.Join(ordered(list), " ")
			alike[joined] = append(alike[joined], namespace)
		}
		for joined, namespaces := range alike {
			at := row{of.account, s.of(namespaces), joined}
			resources[at] = append(resources[at], of.what)
		}
	}
	rows := []Right{}
	for _, at := range slices.SortedFunc(maps.Keys(resources), func(a, b row) int {
		return cmp.Or(cmp.Compare(a.account, b.account), cmp.Compare(a.where, b.where), cmp.Compare(a.verbs, b.verbs))
	}) {
		slices.SortFunc(resources[at], compareResources)
		rows = append(rows, Right{gained, at.account, at.where, strings.Fields(at.verbs), resources[at]})
	}
	return rows
}

// ordered are verbs in their usual order, each once.
func ordered(verbs []string) []string {
	usual := slices.Concat(rbac.Read, rbac.Write)
	rank := func(verb string) int {
		if n := slices.Index(usual, verb); n >= 0 {
			return n
		}
		return len(usual)
	}
	slices.SortFunc(verbs, func(a, b string) int { return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b)) })
	return slices.Compact(verbs)
}
