package reach

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/rbac"
)

// byBinding are grants by what gives them, in order.
func byBinding(grants []authorize.Grant) [][]authorize.Grant {
	var all [][]authorize.Grant
	at := map[object.ID]int{}
	for _, g := range grants {
		i, met := at[g.Binding]
		if !met {
			i = len(all)
			at[g.Binding] = i
			all = append(all, nil)
		}
		all[i] = append(all[i], g)
	}
	return all
}

// weights say what a reader wants to know first of many rights.
var weights = []struct {
	verb  string
	right right
}{
	{"*", right{"*", "*", ""}},
	{"*", right{"", "*", ""}},
	{"escalate", clusterRoles},
	{"bind", clusterRoles},
	{"list", resource("secrets")},
	{"get", resource("secrets")},
	{"watch", resource("secrets")},
	{"patch", resource("secrets")},
	{"delete", resource("secrets")},
	{"deletecollection", resource("secrets")},
	{"create", resource("pods")},
	{"create", resource("deployments.apps")},
	{"create", resource("serviceaccounts/token")},
	{"impersonate", resource("serviceaccounts")},
	{"create", resource("pods/exec")},
	{"update", resource("secrets")},
	{"update", resource("configmaps")},
	{"list", resource("configmaps")},
	{"list", resource("pods")},
	{"get", resource("pods")},
}

// weight is the first of weights that a rule covers; len(weights): none.
func weight(rule rbacv1.PolicyRule) int {
	for i, w := range weights {
		if allows(rule, w.right.rule(w.verb, rule.ResourceNames...)) {
			return i
		}
	}
	return len(weights)
}

func worst(grants []authorize.Grant) authorize.Grant {
	return slices.MinFunc(grants, func(a, b authorize.Grant) int { return cmp.Compare(weight(a.Rule), weight(b.Rule)) })
}

// asked is a request that a grant allows.
func asked(g authorize.Grant, namespace string) Request {
	rule := g.Rule
	r := Request{Namespace: namespace, By: g, Verb: rule.Verbs[0], Version: "v1"}
	if len(rule.ResourceNames) > 0 {
		r.Name = rule.ResourceNames[0]
	}
	if len(rule.Resources) == 0 {
		r.Path, r.Version = rule.NonResourceURLs[0], ""
		if r.Verb == "*" {
			r.Verb = "get"
		}
		return r
	}
	if len(rule.APIGroups) > 0 && rule.APIGroups[0] != "*" {
		r.Group = rule.APIGroups[0]
	}
	r.Resource, r.Subresource, _ = strings.Cut(rule.Resources[0], "/")
	if i := weight(rule); i < len(weights) {
		w := weights[i]
		r.Verb, r.Group, r.Resource, r.Subresource = w.verb, w.right.group, w.right.resource, w.right.subresource
	}
	if r.Resource == "*" || r.Group == "*" {
		r.Group, r.Resource = "", "secrets"
	}
	if r.Verb == "*" {
		r.Verb = "list"
	}
	return r
}

// summary names what grants allow, the worst first.
func summary(grants []authorize.Grant) string {
	all := slices.Clone(grants)
	slices.SortStableFunc(all, func(a, b authorize.Grant) int { return cmp.Compare(weight(a.Rule), weight(b.Rule)) })
	var parts []string
	for _, g := range all[:min(len(all), 2)] {
		names := slices.Clone(g.Rule.NonResourceURLs)
		for _, name := range g.Rule.Resources {
			names = append(names, rbac.Resource(g.Rule.APIGroups[0], name))
		}
		parts = append(parts, strings.Join(g.Rule.Verbs, ", ")+" "+shortened(names))
	}
	text := strings.Join(parts, "; ")
	if more := len(all) - len(parts); more > 0 {
		text += fmt.Sprintf("; and what %d more rules say", more)
	}
	return text
}

func shortened(names []string) string {
	if len(names) <= 4 {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:4], ", "), len(names)-4)
}
