package reach

import (
	"fmt"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// clusterEnds tells what rights in the whole cluster open.
func (s *search) clusterEnds(who Identity, grants []authorize.Grant) error {
	for _, of := range byBinding(grants) {
		if err := s.webhookEnds(who, of); err != nil {
			return err
		}
		var wide []authorize.Grant
		beyond := false
		for _, g := range of {
			if len(g.Rule.Resources) == 0 && isFull(of) {
				continue // which needs no URLs
			}
			parts, more := s.opens(g.Rule)
			beyond = beyond || more
			for _, g.Rule = range parts {
				wide = append(wide, g)
			}
		}
		if len(wide) == 0 {
			continue
		}
		most := worst(wide)
		text := fmt.Sprintf("may %s in the whole cluster", summary(wide))
		if why := whatOpens(most.Rule); why != "" {
			text += ", which " + why
		}
		s.ended(ended{end: end{kind: Cluster}, builtin: s.isBuiltin(of), weight: weight(most.Rule), last: Hop{
			Kind: Cluster, As: who, Requests: []Request{asked(most, "")}, Text: text, Rights: rights(wide), Beyond: beyond,
		}})
	}
	return nil
}

func isFull(grants []authorize.Grant) bool {
	return slices.ContainsFunc(grants, func(g authorize.Grant) bool {
		return slices.Contains(g.Rule.Verbs, "*") && slices.Contains(g.Rule.APIGroups, "*") && slices.Contains(g.Rule.Resources, "*") && len(g.Rule.ResourceNames) == 0
	})
}

// opens is what of a rule of the whole cluster reaches tenants: what is of namespaces, of the
// kinds without one those of clusterRights, and of URLs those of clusterURLs. beyond says that
// there is more in it than what is of namespaces.
func (s *search) opens(rule rbacv1.PolicyRule) (parts []rbacv1.PolicyRule, beyond bool) {
	urls := slices.DeleteFunc(slices.Clone(rule.NonResourceURLs), func(url string) bool { return urlDanger(url) == "" })
	if len(urls) > 0 {
		parts, beyond = append(parts, rbacv1.PolicyRule{Verbs: rule.Verbs, NonResourceURLs: urls}), true
	}
	for _, group := range rule.APIGroups {
		part := rbacv1.PolicyRule{Verbs: rule.Verbs, APIGroups: []string{group}, ResourceNames: rule.ResourceNames}
		for _, name := range rule.Resources {
			found, more := s.reached(group, name, rule)
			part.Resources, beyond = append(part.Resources, found...), beyond || more
		}
		if len(part.Resources) == 0 {
			continue
		}
		if last := len(parts) - 1; last >= 0 && slices.Equal(parts[last].Resources, part.Resources) {
			parts[last].APIGroups = append(parts[last].APIGroups, group)
			continue
		}
		parts = append(parts, part)
	}
	return parts, beyond
}

// reached are the resources by which what a rule names reaches tenants, and whether one of
// them is of no namespace.
func (s *search) reached(group, name string, rule rbacv1.PolicyRule) (found []string, beyond bool) {
	base, sub, _ := strings.Cut(name, "/")
	groups := []string{group}
	if group == "*" && base != "*" {
		groups = object.Groups(base)
	}
	if len(groups) == 0 || base == "*" && group == "*" {
		return []string{name}, group == "*" && base == "*" // nobody knows better
	}
	if base == "*" {
		found = s.dangersIn(group, sub, rule)
		if beyond = len(found) > 0; object.HasNamespaced(group) {
			found = []string{name}
		}
		return found, beyond
	}
	for _, group := range groups {
		switch r := (right{group, base, sub}); {
		case !object.IsClusterResource(group, base):
			if group != "authorization.k8s.io" || base != "localsubjectaccessreviews" {
				return []string{name}, false
			}
		case s.isDanger(r, rule):
			found, beyond = []string{name}, true
		}
	}
	return found, beyond
}

// dangersIn are the resources of a group without a namespace, or those subresources of them,
// that a rule opens.
func (s *search) dangersIn(group, sub string, rule rbacv1.PolicyRule) (found []string) {
	for r := range clusterRights {
		if r.group == group && (sub == "" || sub == r.subresource) && s.isDanger(r, rule) {
			found = append(found, r.name())
		}
	}
	for _, kind := range object.Kinds(group) {
		r := right{group, object.Resource(kind), sub}
		if _, known := clusterRights[r]; !known && object.IsClusterResource(group, r.resource) && s.isDanger(r, rule) {
			found = append(found, r.name())
		}
	}
	slices.Sort(found)
	return found
}

// isDanger says whether a rule about a kind without a namespace opens what it must not. What
// a rule names is the tenant's own where the snapshot has it as that.
func (s *search) isDanger(r right, rule rbacv1.PolicyRule) bool {
	danger := dangerOf(r)
	return slices.ContainsFunc(rule.Verbs, func(v string) bool { return v == "*" && len(danger.verbs) > 0 || slices.Contains(danger.verbs, v) }) &&
		!(danger.own && s.areOwn(r.resource, rule.ResourceNames))
}

// dangerOf is what clusterRights says of a kind. Who writes one that it has not changes what
// is everybody's: a policy engine's rules, or where Secrets come from.
func dangerOf(r right) danger {
	if known, is := clusterRights[r]; is || r.subresource != "" {
		return known
	}
	return danger{write, "changes what is the whole cluster's, and may act on every tenant", false}
}

// Opens is what a rule that somebody has in the whole cluster opens of tenants beyond what is in
// their namespaces, such as "answers requests instead of the API server"; nil: nothing.
func Opens(rule rbacv1.PolicyRule) (texts []string) {
	s := &search{cluster: &cluster{}} // of no tenant, so that nothing is its own
	if _, beyond := s.opens(rule); !beyond {
		return nil
	}
	for _, url := range rule.NonResourceURLs {
		if text := urlDanger(url); text != "" {
			texts = append(texts, text)
		}
	}
	for r, danger := range clusterRights {
		if slices.ContainsFunc(danger.verbs, func(verb string) bool { return concerns(rule, r.rule(verb)) }) {
			texts = append(texts, danger.text)
		}
	}
	if len(texts) == 0 {
		texts = append(texts, dangerOf(right{}).text)
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}

// areOwn says whether a rule names objects of the tenant alone, such as are not there, or
// its people.
func (s *search) areOwn(resource string, names []string) bool {
	if len(names) == 0 || s.tenant.Name == "" {
		return false
	}
	return !slices.ContainsFunc(names, func(name string) bool {
		if kind := ownKinds[resource]; kind == rbacv1.UserKind || kind == rbacv1.GroupKind {
			who := Identity{Kind: kind, Name: name}
			return !slices.ContainsFunc(slices.Concat(s.actors...), func(own Identity) bool { return own == who || kind == rbacv1.UserKind && own.subject().User == name })
		}
		o := s.Get(object.ID{Group: "admissionregistration.k8s.io", Kind: ownKinds[resource], Name: name})
		return o != nil && o.Tenant() != s.tenant.Name && !s.tenant.Has(calledBy(o))
	})
}

// ownKinds are the kinds of which a tenant has its own.
var ownKinds = map[string]string{
	"users": rbacv1.UserKind, "groups": rbacv1.GroupKind,
	"mutatingwebhookconfigurations": "MutatingWebhookConfiguration", "validatingwebhookconfigurations": "ValidatingWebhookConfiguration",
}

func whatOpens(rule rbacv1.PolicyRule) string {
	if len(rule.NonResourceURLs) > 0 {
		return urlDanger(rule.NonResourceURLs[0])
	}
	for _, name := range rule.Resources {
		r := resource(name)
		for _, r.group = range rule.APIGroups {
			groups := []string{r.group}
			if r.group == "*" {
				groups = object.Groups(r.resource)
			}
			for _, group := range groups {
				if object.IsClusterResource(group, r.resource) {
					return dangerOf(right{group, r.resource, r.subresource}).text
				}
			}
		}
	}
	return ""
}

// urlDanger is what a URL that is no resource opens; "": nothing of a tenant's.
func urlDanger(pattern string) string {
	for _, u := range clusterURLs {
		prefix, open := strings.CutSuffix(pattern, "*")
		if strings.HasPrefix(pattern, u.prefix) || open && strings.HasPrefix(u.prefix, prefix) {
			return u.text
		}
	}
	return ""
}
