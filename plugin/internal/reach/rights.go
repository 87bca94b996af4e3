package reach

import (
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/component-helpers/auth/rbac/validation"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/rbac"
)

// anything is the rule of whoever may do everything.
var anything = rbacv1.PolicyRule{Verbs: []string{"*"}, APIGroups: []string{"*"}, Resources: []string{"*"}}

// right is a resource that a step is a request for.
type right struct{ group, resource, subresource string }

// resource reads "deployments.apps" or "pods/exec".
func resource(text string) right {
	text, sub, _ := strings.Cut(text, "/")
	name, group, _ := strings.Cut(text, ".")
	return right{group, name, sub}
}

func (r right) version() string {
	if r.group == "extensions" {
		return "v1beta1"
	}
	return "v1"
}

// name is how a rule names the resource.
func (r right) name() string {
	if r.subresource != "" {
		return r.resource + "/" + r.subresource
	}
	return r.resource
}

func (r right) rule(verb string, names ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{Verbs: []string{verb}, APIGroups: []string{r.group}, Resources: []string{r.name()}, ResourceNames: names}
}

// may returns the grant that allows a verb on an object; without a name, on any. What is
// created has no name yet for the API server, but for that of a subresource.
func may(grants []authorize.Grant, verb string, r right, name string) (authorize.Grant, bool) {
	for _, g := range grants {
		if covers(g.Rule, verb, r, name) {
			return g, true
		}
	}
	return authorize.Grant{}, false
}

// mayAny says whether grants allow a verb on an object of any name.
func mayAny(grants []authorize.Grant, verb string, r right) bool {
	return slices.ContainsFunc(grants, func(g authorize.Grant) bool {
		g.Rule.ResourceNames = nil
		return covers(g.Rule, verb, r, "")
	})
}

// covers says whether a rule allows a verb on an object; without a name, on any. Most rules
// are of other resources, which is told without taking them apart.
func covers(rule rbacv1.PolicyRule, verb string, r right, name string) bool {
	wanted := r.rule(verb)
	if !rbac.Names(verb, r.name()) {
		name = ""
	}
	if len(rule.ResourceNames) > 0 && (name != "" || r.subresource == "" && slices.Contains(rbac.Nameless, verb)) {
		wanted.ResourceNames = []string{name}
	}
	if !concerns(rule, wanted) {
		return false
	}
	if len(wanted.ResourceNames) > 0 { // of many names, one counts
		if !slices.Contains(rule.ResourceNames, name) {
			return false
		}
		rule.ResourceNames = wanted.ResourceNames
	}
	return allows(rule, wanted)
}

func concerns(rule, wanted rbacv1.PolicyRule) bool {
	has := func(all []string, one string) bool { return slices.Contains(all, one) || slices.Contains(all, "*") }
	resource := wanted.Resources[0]
	_, sub, _ := strings.Cut(resource, "/")
	return has(rule.Verbs, wanted.Verbs[0]) && has(rule.APIGroups, wanted.APIGroups[0]) &&
		(has(rule.Resources, resource) || sub != "" && slices.Contains(rule.Resources, "*/"+sub))
}

func allows(rule, wanted rbacv1.PolicyRule) bool {
	covered, _ := validation.Covers([]rbacv1.PolicyRule{rule}, []rbacv1.PolicyRule{wanted})
	return covered
}

// rights are what grants allow, each by itself and sorted, however their rules are written.
func rights(grants []authorize.Grant) (all []string) {
	for _, g := range grants {
		all = append(all, authorize.Atoms(g.Rule)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
