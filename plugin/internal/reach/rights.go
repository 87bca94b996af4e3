package reach

import (
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/component-helpers/auth/rbac/validation"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
)

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

func (r right) rule(verb string, names ...string) rbacv1.PolicyRule {
	name := r.resource
	if r.subresource != "" {
		name += "/" + r.subresource
	}
	return rbacv1.PolicyRule{Verbs: []string{verb}, APIGroups: []string{r.group}, Resources: []string{name}, ResourceNames: names}
}

// ruleKey is a question about a rule that many subjects have: rules of one role share
// their lists.
type ruleKey struct {
	verbs, resources *string
	verb             string
	right            right
}

// may returns the grant that allows a verb on an object; without a name, on any. What is
// created has no name yet for the API server, but for that of a subresource.
func (c *cluster) may(grants []authorize.Grant, verb string, r right, name string) (authorize.Grant, bool) {
	for _, g := range grants {
		if c.covers(g.Rule, verb, r, name) {
			return g, true
		}
	}
	return authorize.Grant{}, false
}

// mayAny says whether grants allow a verb on an object of any name.
func (c *cluster) mayAny(grants []authorize.Grant, verb string, r right) bool {
	return slices.ContainsFunc(grants, func(g authorize.Grant) bool {
		g.Rule.ResourceNames = nil
		return c.covers(g.Rule, verb, r, "")
	})
}

func (c *cluster) covers(rule rbacv1.PolicyRule, verb string, r right, name string) bool {
	if len(rule.Verbs) == 0 || len(rule.Resources) == 0 {
		return false
	}
	if len(rule.ResourceNames) > 0 {
		if name == "" {
			return false
		}
		return allows(rule, r.rule(verb, name))
	}
	key := ruleKey{&rule.Verbs[0], &rule.Resources[0], verb, r}
	held, known := c.held[key]
	if !known {
		held = allows(rule, r.rule(verb))
		c.held[key] = held
	}
	return held
}

func allows(rule, wanted rbacv1.PolicyRule) bool {
	covered, _ := validation.Covers([]rbacv1.PolicyRule{rule}, []rbacv1.PolicyRule{wanted})
	return covered
}
