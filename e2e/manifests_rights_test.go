package e2e

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// rights makes roles, bindings and questions.
type rights struct {
	*rand.Rand
	namespaces []string
}

func oneOf[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// some are up to n different ones.
func some(r *rand.Rand, n int, from []string) []any {
	count, order := 1+r.IntN(n), r.Perm(len(from))
	var picked []any
	for _, i := range order[:min(count, len(order))] {
		picked = append(picked, from[i])
	}
	return picked
}

var (
	rightVerbs     = []string{"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "bind", "escalate", "impersonate", "use", "*"}
	rightGroups    = []string{"", "apps", "rbac.authorization.k8s.io", "networking.istio.io", "batch", "*"}
	rightResources = []string{"pods", "pods/exec", "pods/log", "pods/*", "*/exec", "*/scale", "*/status", "secrets", "configmaps", "namespaces", "namespaces/status",
		"services", "services/proxy", "deployments", "deployments/scale", "serviceaccounts", "serviceaccounts/token", "roles", "rolebindings", "clusterroles", "users", "groups", "gateways", "nodes", "jobs", "*"}
	rightNames = []string{"a", "b", "istio", "sales-admin", "ns-0", "ns-1"}
	rightURLs  = []string{"/healthz", "/healthz/*", "/logs/*", "/metrics", "/api", "/api*", "/version/", "*", "/debug/pprof/*"}
	asksURLs   = []string{"/healthz", "/healthz/etcd", "/logs", "/logs/", "/logs/kubelet.log", "/metrics", "/metrics/slis", "/api", "/apis", "/version", "/version/", "/debug/pprof/heap", "/", "/openapi/v2"}
)

const (
	rightUsers  = 12
	rightStaffs = 6
	rightLabels = 5
)

func (r rights) objects() (all []*cluster.Object) {
	add := func(kind, namespace, name string, fields map[string]any) {
		metadata := map[string]any{"name": name}
		if namespace != "" {
			metadata["namespace"] = namespace
		}
		if labels, ok := fields["labels"]; ok {
			metadata["labels"] = labels
			delete(fields, "labels")
		}
		o := map[string]any{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata}
		for key, value := range fields {
			o[key] = value
		}
		all = append(all, &cluster.Object{Object: o})
	}
	for i := range 40 {
		fields := map[string]any{"labels": r.labels(), "rules": r.rules(true)}
		if i%4 == 0 { // it gathers others, which may gather it
			fields["aggregationRule"] = map[string]any{"clusterRoleSelectors": r.selectors()}
			fields["rules"] = []any{}
		}
		add("ClusterRole", "", fmt.Sprintf("random-%d", i), fields)
	}
	for i := range 30 {
		add("ClusterRoleBinding", "", fmt.Sprintf("random-%d", i), map[string]any{"roleRef": r.roleRef("ClusterRole"), "subjects": r.subjects()})
	}
	for _, namespace := range r.namespaces {
		for i := range 2 {
			add("Role", namespace, fmt.Sprintf("random-%d", i), map[string]any{"rules": r.rules(false)})
		}
		for i := range 3 {
			kind := oneOf(r.Rand, []string{"Role", "ClusterRole"})
			add("RoleBinding", namespace, fmt.Sprintf("random-%d", i), map[string]any{"roleRef": r.roleRef(kind), "subjects": r.subjects()})
		}
	}
	return all
}

func (r rights) labels() map[string]any {
	labels := map[string]any{}
	if r.IntN(2) == 0 {
		labels[fmt.Sprintf("random/%d", r.IntN(rightLabels))] = "true"
	}
	if r.IntN(8) == 0 {
		labels["rbac.authorization.k8s.io/aggregate-to-"+oneOf(r.Rand, []string{"admin", "edit", "view"})] = "true"
	}
	return labels
}

func (r rights) selectors() (selectors []any) {
	for range 1 + r.IntN(2) {
		key := fmt.Sprintf("random/%d", r.IntN(rightLabels))
		if r.IntN(2) == 0 {
			selectors = append(selectors, map[string]any{"matchLabels": map[string]any{key: "true"}})
		} else {
			selectors = append(selectors, map[string]any{"matchExpressions": []any{map[string]any{"key": key, "operator": "Exists"}}})
		}
	}
	return selectors
}

func (r rights) rules(cluster bool) (rules []any) {
	for range 1 + r.IntN(3) {
		rule := map[string]any{"verbs": some(r.Rand, 3, rightVerbs)}
		if cluster && r.IntN(4) == 0 {
			rule["nonResourceURLs"] = some(r.Rand, 2, rightURLs)
		} else {
			rule["apiGroups"], rule["resources"] = some(r.Rand, 2, rightGroups), some(r.Rand, 4, rightResources)
			if r.IntN(4) == 0 {
				rule["resourceNames"] = some(r.Rand, 2, rightNames)
			}
		}
		rules = append(rules, rule)
	}
	return rules
}

// roleRef may be of a role that is not there.
func (r rights) roleRef(kind string) map[string]any {
	name := fmt.Sprintf("random-%d", r.IntN(44))
	switch {
	case kind == "Role":
		name = fmt.Sprintf("random-%d", r.IntN(3))
	case r.IntN(6) == 0:
		name = oneOf(r.Rand, []string{"admin", "edit", "view"})
	}
	return map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}
}

func (r rights) subjects() (subjects []any) {
	for range 1 + r.IntN(2) {
		switch r.IntN(4) {
		case 0:
			subjects = append(subjects, map[string]any{"kind": "ServiceAccount", "namespace": oneOf(r.Rand, r.namespaces), "name": oneOf(r.Rand, []string{"default", "a"})})
		case 1:
			group := fmt.Sprintf("staff-%d", r.IntN(rightStaffs))
			if r.IntN(3) == 0 {
				group = "system:serviceaccounts:" + oneOf(r.Rand, r.namespaces)
			}
			subjects = append(subjects, map[string]any{"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": group})
		default:
			subjects = append(subjects, map[string]any{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": fmt.Sprintf("user-%d", r.IntN(rightUsers))})
		}
	}
	return subjects
}

// asked is a SubjectAccessReview.
type asked struct {
	User                                                string
	Groups                                              []string
	Verb, Group, Resource, Subresource, Namespace, Name string
	Path                                                string
}

func (a asked) String() string {
	return fmt.Sprintf("%s %q: %s %s%s.%s/%s %s/%s", a.User, a.Groups, a.Verb, a.Path, a.Resource, a.Group, a.Subresource, a.Namespace, a.Name)
}

func (a asked) review() string {
	spec := map[string]any{"user": a.User, "groups": a.Groups}
	if a.Path != "" {
		spec["nonResourceAttributes"] = map[string]any{"verb": a.Verb, "path": a.Path}
	} else {
		spec["resourceAttributes"] = map[string]any{"verb": a.Verb, "group": a.Group, "resource": a.Resource,
			"subresource": a.Subresource, "namespace": a.Namespace, "name": a.Name}
	}
	return mustJSON(map[string]any{"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec})
}

// questions are one part of anything, and the other of what some binding gives, with
// something changed in half of those.
func (r rights) questions(objects []*cluster.Object) (all []asked) {
	rules := map[string][]any{}
	var bindings []*cluster.Object
	var ofOthers []any // which a ClusterRole that gathers may have
	gathers := []string{"ClusterRole admin", "ClusterRole edit", "ClusterRole view"}
	for _, o := range objects {
		switch o.GetKind() {
		case "Role", "ClusterRole":
			list, _, _ := unstructured.NestedSlice(o.Object, "rules")
			rules[cluster.ID(o)] = list
			if o.Object["aggregationRule"] != nil {
				gathers = append(gathers, cluster.ID(o))
			} else if len(o.GetLabels()) > 0 && o.GetKind() == "ClusterRole" {
				ofOthers = append(ofOthers, list...)
			}
		case "RoleBinding", "ClusterRoleBinding":
			bindings = append(bindings, o)
		}
	}
	for _, id := range gathers {
		rules[id] = ofOthers
	}
	for len(all) < questions {
		a := r.anything()
		if r.IntN(4) > 0 {
			b := oneOf(r.Rand, bindings)
			id := b.Object["roleRef"].(map[string]any)["kind"].(string) + " " + b.Object["roleRef"].(map[string]any)["name"].(string)
			if strings.HasPrefix(id, "Role ") {
				id = "Role " + b.GetNamespace() + "/" + strings.TrimPrefix(id, "Role ")
			}
			subjects, _, _ := unstructured.NestedSlice(b.Object, "subjects")
			if len(rules[id]) == 0 || len(subjects) == 0 {
				continue
			}
			if b.GetNamespace() != "" {
				a.Namespace = b.GetNamespace()
			}
			a = r.within(a, oneOf(r.Rand, rules[id]).(map[string]any))
			a = as(a, oneOf(r.Rand, subjects).(map[string]any), b.GetNamespace())
			if r.IntN(2) == 0 {
				a = r.changed(a)
			}
		}
		all = append(all, a)
	}
	return all
}

func (r rights) anything() asked {
	a := as(asked{}, r.subjects()[0].(map[string]any), "")
	if r.IntN(8) == 0 {
		a.Verb, a.Path = oneOf(r.Rand, []string{"get", "post", "head"}), oneOf(r.Rand, asksURLs)
		return a
	}
	a.Verb, a.Group = oneOf(r.Rand, rightVerbs), oneOf(r.Rand, rightGroups)
	a.Resource, a.Subresource, _ = strings.Cut(oneOf(r.Rand, rightResources), "/")
	a.Namespace = oneOf(r.Rand, append([]string{"", "default", "kube-system"}, r.namespaces...))
	a.Name = oneOf(r.Rand, append([]string{"", ""}, rightNames...))
	return a
}

// within is a question that a rule allows.
func (r rights) within(a asked, rule map[string]any) asked {
	value := func(field string, otherwise string) string {
		list, _ := rule[field].([]any)
		if len(list) == 0 {
			return otherwise
		}
		return oneOf(r.Rand, list).(string)
	}
	a.Verb = value("verbs", a.Verb)
	if a.Verb == "*" {
		a.Verb = oneOf(r.Rand, rightVerbs)
	}
	if url := value("nonResourceURLs", ""); url != "" {
		a.Path = strings.TrimRight(url, "*")
		if a.Path != url {
			a.Path += oneOf(r.Rand, []string{"", "x", "/y"})
		}
		a.Path = "/" + strings.TrimPrefix(a.Path, "/")
		return a
	}
	a.Path = ""
	if group := value("apiGroups", a.Group); group != "*" {
		a.Group = group
	}
	if resource := value("resources", ""); resource != "*" && resource != "" {
		a.Resource, a.Subresource, _ = strings.Cut(resource, "/")
		if a.Resource == "*" {
			a.Resource = oneOf(r.Rand, []string{"pods", "deployments", "things"})
		}
	}
	a.Name = value("resourceNames", a.Name)
	return a
}

// as asks as a subject of a binding, who may be in a group more.
func as(a asked, subject map[string]any, namespace string) asked {
	name := fmt.Sprint(subject["name"])
	a.User, a.Groups = "somebody", []string{"system:authenticated"}
	switch {
	case subject["kind"] == "User":
		a.User = name
	case subject["kind"] == "ServiceAccount":
		if own, _ := subject["namespace"].(string); own != "" {
			namespace = own
		}
		a.User = "system:serviceaccount:" + namespace + ":" + name
		a.Groups = append(a.Groups, "system:serviceaccounts", "system:serviceaccounts:"+namespace)
	case name == "system:unauthenticated":
		a.User, a.Groups = "system:anonymous", []string{name}
	default:
		a.Groups = append(a.Groups, name)
	}
	return a
}

// changed is a question with one thing other than it was.
func (r rights) changed(a asked) asked {
	other := r.anything()
	switch r.IntN(7) {
	case 0:
		a.Verb = other.Verb
	case 1:
		a.Group = other.Group
	case 2:
		a.Resource = other.Resource
	case 3:
		a.Subresource = other.Subresource
	case 4:
		a.Namespace = other.Namespace
	case 5:
		a.Name = other.Name
	default:
		a.User, a.Groups = other.User, other.Groups
	}
	if a.Path == "" && a.Resource == "" {
		return other
	}
	return a
}
