package access

import (
	"cmp"
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
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/printable"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// Question asks whether a subject may do something.
type Question struct {
	authorize.Request
	// Object is the object to write; nil: admission is not asked.
	Object *snapshot.Object
}

// Answer is the answer to a question about one subject.
type Answer struct {
	Subject string `json:"subject"`
	Asked   string `json:"asked"`
	Allowed bool   `json:"allowed"`
	// By is the grant with which RBAC allows it.
	By *Rule `json:"by,omitempty"`
	// Broken are bindings that name a role that does not exist.
	Broken []string `json:"broken,omitempty"`
	// Escalation is what a role or binding gives more than the subject has, for which the API
	// server refuses it.
	Escalation string `json:"escalation,omitempty"`
	// Refused are the admission policies that refuse the object.
	Refused []Refused `json:"refused,omitempty"`
	// Injected is the webhook that is assumed to have injected a proxy into the Pod,
	// if policies would refuse the Pod without it.
	Injected string `json:"injected,omitempty"`
	// OfEveryCluster says that every cluster has the subject, and that no binding names it
	// that allows it more than in every cluster.
	OfEveryCluster bool `json:"ofEveryCluster,omitempty"`
}

// Refused is a policy's refusal.
type Refused struct {
	Policy  string `json:"policy"`
	Binding string `json:"binding,omitempty"`
	At      string `json:"at"`
	Message string `json:"message"`
}

// Ask answers a question about subjects. Without subjects, it answers for all that
// there are, and returns only those that may; those that may in every cluster come last.
func (m *Model) Ask(ctx context.Context, q Question, about ...Who) ([]Answer, error) {
	all := len(about) == 0
	if all {
		for _, who := range m.subjects() {
			about = append(about, Who{Subject: who})
		}
	}
	var admission *admit.Admission
	if q.Object != nil {
		var err error
		if q, err = q.With(q.Object); err != nil {
			return nil, err
		}
		if admission, err = admit.New(m.Snapshot, m.authorizer); err != nil {
			return nil, err
		}
	}
	everywhere := m.common.Subjects()
	answers, common := []Answer{}, []Answer{}
	for _, who := range about {
		a, err := m.ask(ctx, q, who, admission)
		if err != nil {
			return nil, err
		}
		q.Subject = who.subject()
		switch a.OfEveryCluster = all && slices.Contains(everywhere, who.Subject) && (m.common.Decide(q.Request).Allowed || !m.isOwn(who.Subject)); {
		case a.OfEveryCluster && a.Allowed:
			common = append(common, a)
		case a.Allowed || !all:
			answers = append(answers, a)
		}
	}
	slices.SortStableFunc(common, func(a, b Answer) int { return cmp.Compare(a.Subject, b.Subject) })
	return append(answers, common...), nil
}

func (m *Model) ask(ctx context.Context, q Question, who Who, admission *admit.Admission) (a Answer, err error) {
	q.Subject = who.subject()
	decision := m.authorizer.Decide(q.Request)
	if domain, _, found := strings.Cut(q.Name, "/"); found && !decision.Allowed && q.Resource == "signers" {
		wide := q.Request
		wide.Name = domain + "/*" // for which the API server asks next
		decision = m.authorizer.Decide(wide)
	}
	a = Answer{Subject: who.String(), Asked: q.String(), Allowed: decision.Allowed}
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
	if a.Escalation, err = m.escalation(q); err != nil {
		return a, err
	}
	a.Allowed = a.Escalation == ""
	request, err := m.admissionRequest(q)
	if err != nil {
		return a, err
	}
	refusals, err := admission.Refusals(ctx, request)
	if after, by := m.injected(request); err == nil && len(refusals) > 0 && by != "" {
		without := len(refusals)
		if refusals, err = admission.Refusals(ctx, after); len(refusals) < without {
			a.Injected = by
		}
	}
	for _, r := range refusals {
		a.Allowed = false
		a.Refused = append(a.Refused, Refused{"ValidatingAdmissionPolicy " + r.Policy, r.Binding, r.Source.String(), r.Message})
	}
	return a, err
}

// operations are what admission calls verbs.
var operations = map[string]admission.Operation{"create": admission.Create, "update": admission.Update, "patch": admission.Update, "delete": admission.Delete}

// With is the question about an object that is written. What is not created has the name of
// the object, about which RBAC is asked, too.
func (q Question) With(o *snapshot.Object) (Question, error) {
	_, found := operations[q.Verb]
	switch {
	case !found:
		return q, fmt.Errorf("%s: %s: admission does not apply to the verb %s: must be create, update, patch or delete", o.Source, o.ID, q.Verb)
	case q.Subresource != "":
		return q, fmt.Errorf("%s: %s: cannot be checked for %s/%s: must be asked without a subresource", o.Source, o.ID, q.Resource, q.Subresource)
	case o.ID.Group != q.Group || object.Resource(o.ID.Kind) != q.Resource:
		return q, fmt.Errorf("%s: %s: is of the resource %s, and %s was asked for", o.Source, o.ID, resourceText(o.ID.Group, object.Resource(o.ID.Kind)), resourceText(q.Group, q.Resource))
	case o.ID.Namespace != "" && o.ID.Namespace != q.Namespace:
		return q, fmt.Errorf("%s: %s: is in namespace %s, and %q was asked for", o.Source, o.ID, o.ID.Namespace, q.Namespace)
	case o.ID.Name != "" && q.Name != "" && o.ID.Name != q.Name:
		return q, fmt.Errorf("%s: %s: is called %s, and %q was asked for", o.Source, o.ID, o.ID.Name, q.Name)
	}
	if q.Object = o; q.Verb != "create" && o.ID.Name != "" {
		q.Name = o.ID.Name
	}
	if q.isOfNamespace() {
		q.Namespace = q.Name
	}
	return q, nil
}

func (m *Model) admissionRequest(q Question) (admit.Request, error) {
	o, operation := q.Object, operations[q.Verb]
	version := snapshot.Text(o.Content, "apiVersion")
	version = version[strings.LastIndex(version, "/")+1:]
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
			return r, fmt.Errorf("%s: %s: is not in what was read, so that the result of %s is not known", o.Source, id, q.Verb)
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
	var text lines
	switch {
	case a.Allowed:
		text.add("yes: %s may %s", a.Subject, a.Asked)
	case a.Escalation != "":
		text.add("no: %s may not %s: RBAC allows the request, and the API server refuses the object: %s", a.Subject, a.Asked, a.Escalation)
	case a.By != nil:
		text.add("no: %s may not %s: RBAC allows it, and admission refuses the object", a.Subject, a.Asked)
	default:
		text.add("no: %s may not %s: no binding that names it gives a rule for it", a.Subject, a.Asked)
	}
	if a.By != nil {
		text.add("  %s%s", a.By.Binding, at(a.By.At))
		if a.By.Role != "" {
			text.add("  %s%s", a.By.Role, at(a.By.RoleAt))
		}
		text.add("    %s", sentence(a.By.Rule))
	}
	for _, binding := range slices.Compact(slices.Sorted(slices.Values(a.Broken))) {
		text.add("  %s names a role that does not exist", binding)
	}
	if a.Injected != "" {
		text.add("  %s is assumed to have injected the proxy into the Pod, because the Pod is refused without it", a.Injected)
	}
	for _, r := range a.Refused {
		text.add("  %s%s: %s", r.Policy, at(r.At), r.Message)
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// Answers prints answers to a question about all subjects for a terminal. Subjects
// that every cluster has are on one line.
func Answers(w io.Writer, q Question, answers []Answer) error {
	var common []string
	for _, a := range answers {
		if a.OfEveryCluster {
			common = append(common, a.Subject)
		} else if err := a.Text(w); err != nil {
			return err
		}
	}
	var text lines
	switch {
	case len(answers) == 0:
		text.add("nobody may %s", q)
	case len(common) == len(answers):
		text.add("nobody may %s except the subjects that every cluster has: %s", q, join(common))
	case len(common) > 0:
		text.add("the subjects that every cluster has may, too: %s", join(common))
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// lines are those of a terminal, in which names are as they are.
type lines struct{ strings.Builder }

func (l *lines) add(format string, args ...any) {
	l.WriteString(printable.Text(fmt.Sprintf(format, args...)) + "\n")
}
