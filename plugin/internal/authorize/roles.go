package authorize

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/component-helpers/auth/rbac/validation"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// role is what a binding gives.
type role struct {
	rules []rule
	// gathers: they are those of other roles.
	gathers bool
	// names are all that its rules have as resourceNames.
	names map[string]bool
	// answers are by question: many tenants are bound to the same ClusterRole.
	answers sync.Map
}

// rule is a rule and who has it.
type rule struct {
	rbacv1.PolicyRule
	of *stored
	at int // in its rules
}

// resolve returns the roles by their IDs. The rules of a ClusterRole that gathers are
// those of the ClusterRoles that it selects, which may gather as well: what its field
// rules has is overwritten by a controller, unless it is edited. What was read from a
// cluster has been, and may have been gathered from ClusterRoles that were not read.
func resolve(all objects) map[object.ID]*role {
	g := gatherer{byLabel: map[string][]*stored{}}
	for _, o := range all.roles {
		if o.id.Kind == "ClusterRole" {
			g.all = append(g.all, o)
			for name := range o.Metadata.Labels {
				g.byLabel[name] = append(g.byLabel[name], o)
			}
		}
	}
	roles := make(map[object.ID]*role, len(all.roles))
	for _, o := range all.roles {
		if o.gathers() {
			roles[o.id] = newRole(g.gather(o))
			roles[o.id].gathers = true
		} else {
			roles[o.id] = newRole(o.rules())
		}
	}
	return roles
}

func (o *stored) gathers() bool { return o.id.Kind == "ClusterRole" && o.AggregationRule != nil }

func (o *stored) rules() []rule {
	rules := make([]rule, len(o.Rules))
	for i, r := range o.Rules {
		rules[i] = rule{r, o, i}
	}
	return rules
}

// gatherer finds the ClusterRoles that others select.
type gatherer struct {
	all     []*stored
	byLabel map[string][]*stored
}

// gather returns the rules of all ClusterRoles that one reaches by its selectors, theirs,
// and so on, each once and sorted by names. Those that select each other end up with the
// same rules, whatever the order in which the controller sees them.
func (g gatherer) gather(start *stored) []rule {
	reached := map[*stored]bool{start: true}
	var leaves, live []*stored
	for queue := []*stored{start}; len(queue) > 0; queue = queue[1:] {
		if !queue[0].gathers() || queue[0].edited {
			leaves = append(leaves, queue[0])
		} else if queue[0].Metadata.UID != "" {
			live = append(live, queue[0])
		}
		if !queue[0].gathers() {
			continue
		}
		for _, selector := range queue[0].AggregationRule.ClusterRoleSelectors {
			for _, h := range g.selected(selector) {
				if !reached[h] {
					reached[h] = true
					queue = append(queue, h)
				}
			}
		}
	}
	slices.SortFunc(leaves, func(a, b *stored) int { return cmp.Compare(a.id.Name, b.id.Name) })
	var rules []rule
	for _, leaf := range leaves {
		rules = append(rules, leaf.rules()...)
	}
	slices.SortFunc(live, func(a, b *stored) int { return cmp.Compare(a.id.Name, b.id.Name) })
	for _, role := range live {
		var known []rbacv1.PolicyRule
		for _, r := range rules {
			known = append(known, r.PolicyRule)
		}
		rules = append(rules, slices.DeleteFunc(role.rules(), func(r rule) bool {
			covered, _ := validation.Covers(known, []rbacv1.PolicyRule{r.PolicyRule})
			return covered
		})...)
	}
	return rules
}

// selected are the ClusterRoles that a selector selects; none, if the API server would
// not accept the selector.
func (g gatherer) selected(s metav1.LabelSelector) []*stored {
	selector, err := metav1.LabelSelectorAsSelector(&s)
	if err != nil {
		return nil
	}
	candidates := g.all
	for name := range s.MatchLabels { // any of them narrows it
		candidates = g.byLabel[name]
		break
	}
	var found []*stored
	for _, h := range candidates {
		if selector.Matches(labels.Set(h.Metadata.Labels)) {
			found = append(found, h)
		}
	}
	return found
}

func newRole(rules []rule) *role {
	r := &role{rules: rules, names: map[string]bool{}}
	for _, rule := range rules {
		for _, name := range rule.ResourceNames {
			r.names[name] = true
		}
	}
	return r
}

// effective leaves of a rule what it allows of requests that there are, and says whether that
// is anything: a rule without verbs, or without groups, allows nothing, and of the
// subresources of every resource RBAC knows "*/log", but neither "pods/*" nor "*/*". These
// allow what is called so to the letter, of which a SubjectAccessReview may ask.
func (r *rule) effective() bool {
	if vain := func(name string) bool { return strings.HasSuffix(name, "/*") }; slices.ContainsFunc(r.Resources, vain) {
		r.Resources = slices.DeleteFunc(slices.Clone(r.Resources), vain)
	}
	if len(r.APIGroups) == 0 {
		r.Resources = nil
	}
	return len(r.Verbs) > 0 && len(r.Resources)+len(r.NonResourceURLs) > 0
}

// asked is a request without who asks and where. As a rule it has one value of each.
type asked struct{ verb, group, resource, name, path string }

func question(r Request) asked {
	switch {
	case r.Path != "":
		return asked{verb: r.Verb, path: r.Path}
	case r.Subresource != "":
		r.Resource += "/" + r.Subresource
	}
	return asked{r.Verb, r.Group, r.Resource, r.Name, ""}
}

func (q asked) rule() rbacv1.PolicyRule {
	if q.path != "" {
		return rbacv1.PolicyRule{Verbs: []string{q.verb}, NonResourceURLs: []string{q.path}}
	}
	return rbacv1.PolicyRule{Verbs: []string{q.verb}, APIGroups: []string{q.group}, Resources: []string{q.resource}, ResourceNames: []string{q.name}}
}

// unnamed stands for every name that no rule of a role has; it is no object's.
const unnamed = "\x00"

// allows says whether a rule allows what is asked, and which is the first one.
func (r *role) allows(q asked) (int, bool) {
	if !r.names[q.name] {
		q.name = unnamed
	}
	if known, ok := r.answers.Load(q); ok {
		i := known.(int)
		return i, i >= 0
	}
	asks := []rbacv1.PolicyRule{q.rule()}
	i := slices.IndexFunc(r.rules, func(rule rule) bool {
		covers, _ := validation.Covers([]rbacv1.PolicyRule{rule.PolicyRule}, asks)
		return covers
	})
	r.answers.Store(q, i)
	return i, i >= 0
}
