package access

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/suggest"
)

// Who is a subject, and what else is known of it.
type Who struct {
	rbacv1.Subject
	// Groups are further ones that a user is in.
	Groups []string
}

func (w Who) String() string {
	text := Subject{Kind: w.Kind, Namespace: w.Namespace, Name: w.Name}.String()
	for _, group := range w.Groups {
		text += ", in group " + group
	}
	return text
}

func (w Who) subject() authorize.Subject {
	s := authorize.SubjectOf(w.Subject, "")
	s.Groups = append(slices.Clip(s.Groups), w.Groups...)
	return s
}

// Rights are all rules of one subject.
type Rights struct {
	Subject string `json:"subject"`
	// In are the rules by namespace; "" is the whole cluster.
	In []In `json:"in"`
}

// In are the rules of a subject in a namespace.
type In struct {
	Namespace string `json:"namespace"`
	By        []Rule `json:"by"`
}

// Rule is one that a binding gives.
type Rule struct {
	Binding string            `json:"binding"`
	Role    string            `json:"role"`
	At      string            `json:"at,omitempty"`
	RoleAt  string            `json:"roleAt,omitempty"`
	Rule    rbacv1.PolicyRule `json:"rule"`
}

// Rights are those of a subject. They include what every cluster grants to everybody.
func (m *Model) Rights(who Who) Rights {
	rights := Rights{Subject: who.String(), In: []In{}}
	grants := m.authorizer.Grants(who.subject())
	slices.SortStableFunc(grants, func(a, b authorize.Grant) int { return cmp.Compare(a.Namespace, b.Namespace) })
	for _, g := range grants {
		last := len(rights.In) - 1
		if last < 0 || rights.In[last].Namespace != g.Namespace {
			rights.In = append(rights.In, In{Namespace: g.Namespace})
			last++
		}
		rights.In[last].By = append(rights.In[last].By, ruleOf(g))
	}
	return rights
}

// Unnamed is what to warn of if no binding names a user or a group, and "" if one does. A
// ServiceAccount, and a user whose groups are known, may have rights without that.
func (m *Model) Unnamed(who Who) string {
	if who.Kind != rbacv1.GroupKind && len(who.subject().Groups) > 1 {
		return ""
	}
	names := map[string][]string{} // by kind
	for _, named := range m.authorizer.Subjects() {
		names[named.Kind] = append(names[named.Kind], named.Name)
	}
	if slices.Contains(names[who.Kind], who.Name) {
		return ""
	}
	text := "no binding names " + who.String()
	for _, kind := range []string{rbacv1.UserKind, rbacv1.GroupKind} {
		if slices.Contains(names[kind], who.Name) {
			return text + suggest.Question(kind+":"+who.Name, []string{kind + ":" + who.Name})
		}
	}
	return text + suggest.Question(who.Name, names[who.Kind])
}

// WithoutRules is what to warn of if bindings, of somebody or of anybody, give roles of which
// no rule is known, and "" if none does.
func (m *Model) WithoutRules(about ...Who) string {
	var of []authorize.Subject
	for _, who := range about {
		of = append(of, who.subject())
	}
	const few = 5
	bindings := m.authorizer.WithoutRules(of...)
	var texts []string
	for _, id := range bindings[:min(len(bindings), few)] {
		texts = append(texts, id.String()+" gives "+m.authorizer.RoleOf(id).String())
	}
	switch more := len(bindings) - len(texts); {
	case len(bindings) == 0:
		return ""
	case more > 0:
		texts = append(texts, fmt.Sprintf("and %d more bindings do so", more))
	}
	return "some roles have no rules in the input, so what they allow is not known: " + join(texts)
}

func ruleOf(g authorize.Grant) Rule {
	r := Rule{Rule: g.Rule, Binding: "no binding: the API server allows it to system:masters", At: g.BindingSource.File, RoleAt: g.RoleSource.File}
	if g.Binding.Name != "" {
		r.Binding, r.Role = g.Binding.String(), g.Role.String()
	}
	if r.At != "" {
		r.At = g.BindingSource.String()
	}
	if r.RoleAt != "" {
		r.RoleAt = g.RoleSource.String()
	}
	return r
}

// Text prints rights for a terminal.
func (r Rights) Text(w io.Writer) error {
	var text lines
	text.add("%s", r.Subject)
	if len(r.In) == 0 {
		text.add("  may do nothing: no binding names it")
	}
	for _, in := range r.In {
		where := in.Namespace
		if where == "" {
			where = "the whole cluster"
		}
		text.WriteByte('\n')
		text.add("%s", where)
		before := ""
		for _, rule := range in.By {
			if head := "  " + rule.Binding + at(rule.At) + ": " + rule.Role + at(rule.RoleAt); head != before {
				text.add("%s", head)
				before = head
			}
			text.add("    %s", sentence(rule.Rule))
		}
	}
	_, err := io.WriteString(w, text.String())
	return err
}

func at(source string) string {
	if source == "" {
		return " (" + ofEvery + ")"
	}
	return " (" + source + ")"
}

// sentence is "get, list: pods, pods/log", or "get: deployments.apps named istiod".
func sentence(r rbacv1.PolicyRule) string {
	if len(r.NonResourceURLs) > 0 {
		return join(r.Verbs) + ": " + join(r.NonResourceURLs)
	}
	var resources []string
	for _, group := range r.APIGroups {
		for _, resource := range r.Resources {
			resources = append(resources, resourceText(group, resource))
		}
	}
	text := join(r.Verbs) + ": " + join(resources)
	if len(r.ResourceNames) > 0 {
		text += " named " + join(r.ResourceNames)
	}
	return text
}

// resourceText is "pods/log", or "deployments.apps/scale".
func resourceText(group, resource string) string {
	resource, subresource, found := strings.Cut(resource, "/")
	if group != "" {
		resource += "." + group
	}
	if found {
		resource += "/" + subresource
	}
	return resource
}
