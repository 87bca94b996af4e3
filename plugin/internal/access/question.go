package access

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/admit"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// Question is what one may do.
type Question struct {
	authorize.Request
	// Object is what is to be written; nil: admission is not asked.
	Object *snapshot.Object
}

// ParseQuestion reads "create pods -n ns-1", "get secrets istio-ca -n ns-1",
// "create pods/exec -n ns-1", "update deployments.apps" or "get /metrics".
func ParseQuestion(text string) (Question, error) {
	wrong := func(format string, args ...any) (Question, error) {
		return Question{}, fmt.Errorf("%q: "+format+": must be VERB RESOURCE[.GROUP][/SUBRESOURCE] [NAME] [-n NAMESPACE], such as \"create pods -n ns-1\", or VERB /PATH",
			append([]any{text}, args...)...)
	}
	var words []string
	var q Question
	fields := strings.Fields(text)
	for i := 0; i < len(fields); i++ {
		flag, value, joined := strings.Cut(fields[i], "=")
		switch {
		case flag == "-n" || flag == "--namespace":
			if !joined {
				if i++; i == len(fields) {
					return wrong("%s has no value", flag)
				}
				value = fields[i]
			}
			q.Namespace = value
		case strings.HasPrefix(flag, "-"):
			return wrong("%s is not known", flag)
		default:
			words = append(words, fields[i])
		}
	}
	if len(words) < 2 || len(words) > 3 {
		return wrong("has %d words", len(words))
	}
	q.Verb = words[0]
	if strings.HasPrefix(words[1], "/") {
		q.Path = words[1]
		return q, nil
	}
	if len(words) == 3 {
		q.Name = words[2]
	}
	resource, subresource, _ := strings.Cut(words[1], "/")
	resource, group, grouped := strings.Cut(resource, ".")
	q.Resource, q.Subresource, q.Group = strings.ToLower(resource), subresource, group
	if !grouped && resource != "*" {
		groups := object.Groups(q.Resource)
		switch {
		case len(groups) == 0:
			return wrong("%s is no resource that is known by that name, without its group", resource)
		case groups[0] != "" && len(groups) > 1:
			return wrong("%s is in the groups %s", resource, join(groups))
		}
		q.Group = groups[0]
	}
	switch {
	case q.Group == "" && q.Resource == "namespaces" && q.Name != "":
		q.Namespace = q.Name
	case object.IsClusterResource(q.Group, q.Resource) && q.Namespace != "":
		return wrong("%s are in no namespace", q.Resource)
	}
	return q, nil
}

func (q Question) String() string {
	if q.Path != "" {
		return q.Verb + " " + q.Path
	}
	resource := q.Resource
	if q.Subresource != "" {
		resource += "/" + q.Subresource
	}
	text := q.Verb + " " + resourceText(q.Group, resource)
	if q.Name != "" {
		text += " " + q.Name
	}
	if q.Namespace == "" && !object.IsClusterResource(q.Group, q.Resource) {
		return text + " in all namespaces"
	}
	if q.Namespace != "" && q.Resource != "namespaces" {
		text += " in " + q.Namespace
	}
	return text
}

// Answer is what there is to say to a question about one subject.
type Answer struct {
	Subject string `json:"subject"`
	Asked   string `json:"asked"`
	Allowed bool   `json:"allowed"`
	// By is what RBAC allows it by.
	By *Rule `json:"by,omitempty"`
	// Broken are bindings that name a role that is not there.
	Broken []string `json:"broken,omitempty"`
	// Refused are the admission policies that refuse the object.
	Refused []Refused `json:"refused,omitempty"`
}

// Refused is a policy's refusal.
type Refused struct {
	Policy  string `json:"policy"`
	Binding string `json:"binding,omitempty"`
	At      string `json:"at"`
	Message string `json:"message"`
}

// Ask answers a question about subjects; without any, about all that bindings name, and
// then with those alone that may.
func Ask(ctx context.Context, s *snapshot.Snapshot, q Question, about ...Who) ([]Answer, error) {
	m, err := newModel(s)
	if err != nil {
		return nil, err
	}
	all := len(about) == 0
	if all {
		for _, who := range m.subjects() {
			about = append(about, Who{Subject: who})
		}
	}
	var admission *admit.Admission
	if q.Object != nil {
		if admission, err = admit.New(s, m.authorizer); err != nil {
			return nil, err
		}
	}
	answers := []Answer{}
	for _, who := range about {
		a, err := m.ask(ctx, q, who, admission)
		if err != nil {
			return nil, err
		}
		if a.Allowed || !all {
			answers = append(answers, a)
		}
	}
	return answers, nil
}

func (m *model) ask(ctx context.Context, q Question, who Who, admission *admit.Admission) (Answer, error) {
	q.Subject = who.subject()
	decision := m.authorizer.Decide(q.Request)
	a := Answer{Subject: who.String(), Asked: q.String(), Allowed: decision.Allowed}
	for _, id := range decision.Broken {
		a.Broken = append(a.Broken, id.String())
	}
	if !a.Allowed {
		return a, nil
	}
	by := ruleOf(decision.By)
	a.By = &by
	if admission == nil {
		return a, nil
	}
	request, err := m.admissionRequest(q)
	if err != nil {
		return a, err
	}
	refusals, err := admission.Refusals(ctx, request)
	for _, r := range refusals {
		a.Allowed = false
		a.Refused = append(a.Refused, Refused{"ValidatingAdmissionPolicy " + r.Policy, r.Binding, r.Source.String(), r.Message})
	}
	return a, err
}

// operations are what admission calls verbs.
var operations = map[string]admission.Operation{"create": admission.Create, "update": admission.Update, "patch": admission.Update, "delete": admission.Delete}

func (m *model) admissionRequest(q Question) (admit.Request, error) {
	o := q.Object
	version := snapshot.Text(o.Content, "apiVersion")
	version = version[strings.LastIndex(version, "/")+1:]
	operation, found := operations[q.Verb]
	switch {
	case !found:
		return admit.Request{}, fmt.Errorf("%s: %s: admission does not judge the verb %s: must be create, update, patch or delete", o.Source, o.ID, q.Verb)
	case q.Subresource != "":
		return admit.Request{}, fmt.Errorf("%s: %s: cannot be judged for %s/%s: must be asked without a subresource", o.Source, o.ID, q.Resource, q.Subresource)
	case o.ID.Group != q.Group || object.Resource(o.ID.Kind) != q.Resource:
		return admit.Request{}, fmt.Errorf("%s: %s: is of the resource %s, and %s was asked for", o.Source, o.ID, resourceText(o.ID.Group, object.Resource(o.ID.Kind)), resourceText(q.Group, q.Resource))
	case o.ID.Namespace != "" && o.ID.Namespace != q.Namespace:
		return admit.Request{}, fmt.Errorf("%s: %s: is in namespace %s, and %q was asked for", o.Source, o.ID, o.ID.Namespace, q.Namespace)
	}
	r := admit.Request{
		Subject: q.Subject, Operation: operation, Namespace: q.Namespace, Name: o.ID.Name, Object: o.Content,
		Resource: schema.GroupVersionResource{Group: q.Group, Version: version, Resource: q.Resource},
		Kind:     schema.GroupVersionKind{Group: o.ID.Group, Version: version, Kind: o.ID.Kind},
	}
	if operation != admission.Create {
		id := o.ID
		if id.Namespace = q.Namespace; object.IsClusterResource(q.Group, q.Resource) {
			id.Namespace = ""
		}
		old := m.Get(id)
		if old == nil {
			return r, fmt.Errorf("%s: %s: is not among what was read, so that nobody can say what %s changes", o.Source, id, q.Verb)
		}
		r.Old = old.Content
	}
	if operation == admission.Delete {
		r.Object = nil
	}
	return r, nil
}

// Text prints an answer for a terminal.
func (a Answer) Text(w io.Writer) error {
	var text strings.Builder
	switch {
	case a.Allowed:
		fmt.Fprintf(&text, "yes: %s may %s\n", a.Subject, a.Asked)
	case a.By != nil:
		fmt.Fprintf(&text, "no: %s may not %s: RBAC allows it, and admission refuses the object\n", a.Subject, a.Asked)
	default:
		fmt.Fprintf(&text, "no: %s may not %s: no binding that names it gives a rule for it\n", a.Subject, a.Asked)
	}
	if a.By != nil {
		fmt.Fprintf(&text, "  %s%s\n", a.By.Binding, at(a.By.At))
		if a.By.Role != "" {
			fmt.Fprintf(&text, "  %s%s\n", a.By.Role, at(a.By.RoleAt))
		}
		fmt.Fprintf(&text, "    %s\n", sentence(a.By.Rule))
	}
	for _, binding := range slices.Compact(slices.Sorted(slices.Values(a.Broken))) {
		fmt.Fprintf(&text, "  %s names a role that is not there\n", binding)
	}
	for _, r := range a.Refused {
		fmt.Fprintf(&text, "  %s%s: %s\n", r.Policy, at(r.At), r.Message)
	}
	_, err := io.WriteString(w, text.String())
	return err
}
