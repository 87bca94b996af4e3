package verify

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/check"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// foreignAdmission finds webhooks and admission policies that nobody renders, and that the API
// server asks about what tenants are made of.
func (v *verifier) foreignAdmission(s *snapshot.Snapshot) {
	v.foreignWebhooks(s)
	v.foreignPolicies(s, "ValidatingAdmissionPolicy", "may refuse")
	v.foreignPolicies(s, "MutatingAdmissionPolicy", "changes")
}

func (v *verifier) foreignWebhooks(s *snapshot.Snapshot) {
	for kind, does := range map[string]string{"MutatingWebhookConfiguration": "sees and changes", "ValidatingWebhookConfiguration": "sees"} {
		for _, o := range s.Of(admissions, kind) {
			if v.isRendered(o.ID) || v.isLabelled(o) {
				continue
			}
			var names []string
			var found matched
			for _, w := range snapshot.List(o.Content, "webhooks") {
				if len(snapshot.List(w, "rules")) == 0 {
					continue // which is never called
				}
				if of := v.askedOf(s, matcherOf(w, "rules")); !of.isNothing() {
					names, found = append(names, snapshot.Text(w, "name")), found.with(of)
				}
			}
			if !found.isNothing() {
				v.unexpected(o, "", check.Warning, "%s %s %s%s", some(names), does, found, found.caveat(kind))
			}
		}
	}
}

// foreignPolicies looks at policies by their bindings: without one, a policy does nothing. A
// binding of a rendered policy may be a stranger's, too.
func (v *verifier) foreignPolicies(s *snapshot.Snapshot, kind, does string) {
	by := map[*snapshot.Object]matched{}
	for _, binding := range s.Of(admissions, kind+"Binding") {
		policy := s.Get(object.ID{Group: admissions, Kind: kind, Name: snapshot.Text(binding.Content, "spec", "policyName")})
		if policy == nil || kind == "ValidatingAdmissionPolicy" && !slices.Contains(snapshot.Texts(binding.Content, "spec", "validationActions"), "Deny") {
			continue
		}
		foreign := policy
		if v.isRendered(policy.ID) || v.isLabelled(policy) {
			foreign = binding
		}
		if v.isRendered(foreign.ID) || v.isLabelled(foreign) {
			continue
		}
		of := v.askedOf(s, matcherOf(snapshot.Field(policy.Content, "spec", "matchConstraints"), "resourceRules"),
			matcherOf(snapshot.Field(binding.Content, "spec", "matchResources"), "resourceRules"))
		by[foreign] = by[foreign].with(of)
	}
	for o, found := range by {
		if found.isNothing() {
			continue
		}
		subject := "it"
		if o.ID.Kind != kind {
			subject = "it binds " + kind + " " + snapshot.Text(o.Content, "spec", "policyName") + ", which"
		}
		v.unexpected(o, "", check.Warning, "%s %s %s%s", subject, does, found, found.caveat(kind))
	}
}

// matched is what a webhook or a policy is asked about.
type matched struct {
	namespaces, resources []string // of tenants, and without a namespace
	// tried says that a dry run of an object that is rendered asks it, too.
	tried bool
}

func (a matched) isNothing() bool { return len(a.namespaces)+len(a.resources) == 0 }

func (a matched) with(b matched) matched {
	all := matched{slices.Concat(a.namespaces, b.namespaces), slices.Concat(a.resources, b.resources), a.tried || b.tried}
	slices.Sort(all.namespaces)
	slices.Sort(all.resources)
	all.namespaces, all.resources = slices.Compact(all.namespaces), slices.Compact(all.resources)
	return all
}

func (a matched) String() string {
	var parts []string
	if len(a.namespaces) > 0 {
		parts = append(parts, "what is written in "+some(a.namespaces))
	}
	if len(a.resources) > 0 {
		parts = append(parts, "objects without a namespace: "+some(a.resources))
	}
	return strings.Join(parts, ", and ")
}

// caveat says what drift cannot find: what is changed on the way into the cluster is changed
// in a dry run as well, and so is no difference. A review that is changed answers another question.
func (a matched) caveat(kind string) (text string) {
	if strings.Contains(kind, "Webhook") && slices.Contains(a.resources, tokenReviews.String()) {
		text = "; it sees the tokens that are sent to the API server for review"
	}
	if !strings.HasPrefix(kind, "Mutating") {
		return text
	}
	if a.tried {
		text += "; it also changes the dry runs by which verify compares rendered objects, so verify may not find what it changes in them"
	}
	if slices.Contains(a.resources, subjectAccessReviews.String()) {
		text += "; it can also change the questions of the part rights, so their answers may be wrong"
	}
	return text
}

// matcher is what the rules and selectors of a webhook, a policy or a binding match.
type matcher struct {
	rules               []any // none: all
	namespaces, objects labels.Selector
}

func matcherOf(value any, rules string) matcher {
	of := func(field string) labels.Selector {
		selector, err := snapshot.Selector(snapshot.Field(value, field))
		if err != nil {
			return labels.Everything() // rather a finding too many
		}
		return selector
	}
	return matcher{snapshot.List(value, rules), of("namespaceSelector"), of("objectSelector")}
}

// askedOf is what all of several matchers match.
func (v *verifier) askedOf(s *snapshot.Snapshot, all ...matcher) (found matched) {
	every := func(f func(matcher) bool) bool {
		return !slices.ContainsFunc(all, func(m matcher) bool { return !f(m) })
	}
	selected := map[string]bool{} // tenants' namespaces
	for ns := range v.owners {
		if o := s.Get(object.ID{Kind: "Namespace", Name: ns}); o != nil {
			of := namespaceLabels(o)
			selected[ns] = every(func(m matcher) bool { return m.namespaces.Matches(of) })
		}
		if selected[ns] && every(func(m matcher) bool { return len(m.rules) == 0 || slices.ContainsFunc(m.rules, v.isForNamespaces) }) {
			found.namespaces = append(found.namespaces, ns)
		}
	}
	ofTenants := slices.Contains(slices.Collect(maps.Values(selected)), true)
	for r := range v.clusterWide() {
		if r.String() == "namespaces" && !ofTenants { // the API server selects Namespaces by their own labels
			continue
		}
		if every(func(m matcher) bool { return m.concerns(r, false, "") }) {
			found.resources = append(found.resources, r.String())
		}
	}
	for _, it := range v.rendered {
		id := idOf(it.object)
		r := v.resourceOf(it.object)
		named := id.Namespace
		if r.String() == "namespaces" {
			named = id.Name
		}
		if id.Group == admissions || named != "" && !selected[named] {
			continue // the API server asks nobody about webhooks and policies
		}
		of := labels.Set(snapshot.TextMap(it.object, "metadata", "labels"))
		if found.tried = every(func(m matcher) bool { return m.concerns(r, id.Namespace != "", "UPDATE") && m.objects.Matches(of) }); found.tried {
			break
		}
	}
	return found.with(matched{})
}

// namespaceLabels are those of a Namespace, with the one that the API server gives to each.
func namespaceLabels(o *snapshot.Object) labels.Set {
	of := labels.Set{object.NameLabel: o.ID.Name}
	maps.Copy(of, o.Labels())
	return of
}

// alwaysWide are the kinds without a namespace by which tenants are kept apart, and the reviews that have tokens in
// them, and that say who may do what.
var alwaysWide = []schema.GroupResource{{Resource: "namespaces"}, {Group: rbac, Resource: "clusterroles"}, {Group: rbac, Resource: "clusterrolebindings"},
	tokenReviews, subjectAccessReviews, {Group: "certificates.k8s.io", Resource: "certificatesigningrequests"}}

var (
	tokenReviews         = schema.GroupResource{Group: "authentication.k8s.io", Resource: "tokenreviews"}
	subjectAccessReviews = schema.GroupResource{Group: "authorization.k8s.io", Resource: "subjectaccessreviews"}
)

// clusterWide are the resources without a namespace that tenants are made of.
func (v *verifier) clusterWide() map[schema.GroupResource]bool {
	all := map[schema.GroupResource]bool{}
	for _, r := range alwaysWide {
		all[r] = true
	}
	for _, it := range v.rendered {
		if id := idOf(it.object); id.Namespace == "" && id.Group != admissions {
			if r := v.resourceOf(it.object); v.isClusterWide(r.Group, r.Resource) {
				all[r] = true
			}
		}
	}
	return all
}

// resourceOf is the resource of an object that is rendered.
func (v *verifier) resourceOf(o map[string]any) schema.GroupResource {
	id := idOf(o)
	name := object.Resource(id.Kind)
	if r, known := v.served.all[snapshot.Text(o, "apiVersion")+" "+id.Kind]; known {
		name = r.name
	}
	return schema.GroupResource{Group: id.Group, Resource: name}
}

func (v *verifier) isClusterWide(group, name string) bool {
	i := slices.IndexFunc(v.served.best, func(r resource) bool { return (group == "*" || r.group == group) && r.name == name })
	if i >= 0 {
		return !v.served.best[i].namespaced
	}
	return object.IsClusterResource(group, name)
}

// isForNamespaces says whether a rule matches objects of namespaces.
func (v *verifier) isForNamespaces(rule any) bool {
	if snapshot.Text(rule, "scope") == "Cluster" {
		return false
	}
	return slices.ContainsFunc(snapshot.Texts(rule, "apiGroups"), func(group string) bool {
		return slices.ContainsFunc(snapshot.Texts(rule, "resources"), func(name string) bool {
			name, _, _ = strings.Cut(name, "/")
			if name == "*" {
				return object.HasNamespaced(group)
			}
			return !v.isClusterWide(group, name)
		})
	})
}

// concerns says whether one of a matcher's rules matches a resource. With an operation, it
// must match that, and the object itself: not what is below it, such as its status.
func (m matcher) concerns(r schema.GroupResource, namespaced bool, operation string) bool {
	return len(m.rules) == 0 || slices.ContainsFunc(m.rules, func(rule any) bool {
		switch scope := snapshot.Text(rule, "scope"); {
		case scope == "Cluster" && namespaced, scope == "Namespaced" && !namespaced:
			return false
		case operation != "" && !holds(snapshot.Texts(rule, "operations"), operation):
			return false
		}
		return holds(snapshot.Texts(rule, "apiGroups"), r.Group) && slices.ContainsFunc(snapshot.Texts(rule, "resources"), func(name string) bool {
			base, sub, below := strings.Cut(name, "/")
			return (base == "*" || base == r.Resource) && (operation == "" || !below || base == "*" && sub == "*")
		})
	})
}

// holds says whether a list has a text, or has all.
func holds(list []string, text string) bool {
	return slices.Contains(list, "*") || slices.Contains(list, text)
}
