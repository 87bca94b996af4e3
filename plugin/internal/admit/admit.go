// Package admit says which requests the ValidatingAdmissionPolicies of a snapshot refuse.
// Kubernetes' own code matches a request with a policy, and compiles and evaluates its
// expressions.
//
//	ValidatingAdmissionPolicy istio-tenancy-pods, bound with the action Deny
//
//	sales-admin CREATE Pod ns-1/p {hostNetwork: true}   ->  refused by istio-tenancy-pods: spec.hostNetwork: ...
//
// It knows of an API server the defaults of policies, the labels of Namespaces, and the
// fields of a kind. It does not know the defaults of other objects and mutating admission.
// It converts an object to another version of its kind only by changing apiVersion. It
// knows the served versions only of Kubernetes' own kinds, and of those that a
// CustomResourceDefinition of the snapshot defines. A subject's rights matter only where
// a policy asks for them.
package admit

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	v1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/policy/matching"
	"k8s.io/apiserver/pkg/cel/environment"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// Request is a write, or a connection to a Pod, a Service or a node. A subject that is a
// group alone has the user "".
type Request struct {
	Subject authorize.Subject
	// Operation is CREATE, UPDATE, DELETE or CONNECT. A patch is an UPDATE, and so is an
	// apply, unless it makes the object.
	Operation admission.Operation
	Resource  schema.GroupVersionResource
	// Kind is what Object is: of a subresource, it may be another kind than the
	// resource's, as TokenRequest of serviceaccounts/token.
	Kind                         schema.GroupVersionKind
	Subresource, Namespace, Name string
	// Object is what is to be stored, all of it; nil for DELETE. Old is what is stored,
	// for UPDATE and DELETE. They are not changed.
	Object, Old map[string]any
}

// Refusal is a validation of a policy that a request fails.
type Refusal struct {
	Policy string
	// Binding is "" where the policy itself cannot be used.
	Binding string
	// Source is where the policy is written.
	Source snapshot.Source
	// Expression is the validation's; "": the policy or its binding cannot be used.
	Expression string
	// Message is the API server's, without the names of the policy and its binding.
	Message string
}

// Admission answers requests. It may be asked from several goroutines.
type Admission struct {
	policies   []*policy
	matcher    *matching.Matcher
	world      *world
	authorizer bridge
}

// New is the admission of an API server that has the objects of a snapshot. Nothing is
// compiled before it is asked for.
func New(s *snapshot.Snapshot, a *authorize.Authorizer) (*Admission, error) {
	w := newWorld(s)
	result := &Admission{matcher: matching.NewMatcher(namespaces{w}, nil), world: w, authorizer: bridge{a}}
	var failed []error
	bindings := map[string][]*binding{}
	for _, o := range s.Of(v1.GroupName, "ValidatingAdmissionPolicyBinding") {
		b, err := snapshot.Decode[v1.ValidatingAdmissionPolicyBinding](o)
		failed = append(failed, err)
		bindings[b.Spec.PolicyName] = append(bindings[b.Spec.PolicyName], &binding{&b, newCriteria(b.Spec.MatchResources)})
	}
	environments := sync.OnceValue(func() *environment.EnvSet {
		return environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion())
	})
	for _, o := range s.Of(v1.GroupName, "ValidatingAdmissionPolicy") {
		p, err := snapshot.Decode[v1.ValidatingAdmissionPolicy](o)
		failed = append(failed, err)
		if len(bindings[p.Name]) > 0 { // otherwise nobody meets it
			result.policies = append(result.policies, newPolicy(&p, o.Source, bindings[p.Name], environments))
		}
	}
	if err := errors.Join(failed...); err != nil {
		return nil, err
	}
	slices.SortFunc(result.policies, func(a, b *policy) int { return cmp.Compare(a.Name, b.Name) })
	return result, nil
}

// Refusals are all that refuse a request, by the names of the policies: the API server
// answers with one of them. An object that is not of its kind is an error.
func (a *Admission) Refusals(ctx context.Context, r Request) ([]Refusal, error) {
	if exempt[r.Resource.GroupResource()] {
		return nil, nil
	}
	attributes, err := a.world.attributes(r)
	if err != nil {
		return nil, err
	}
	var refusals []Refusal
	for _, p := range a.policies {
		refusals = append(refusals, a.refusalsOf(ctx, p, attributes)...)
	}
	return refusals, nil
}

// exempt are resources that the API server asks no policy about: policies themselves, and
// questions about rights, which policies ask, too.
var exempt = map[schema.GroupResource]bool{
	{Group: v1.GroupName, Resource: "validatingadmissionpolicies"}:         true,
	{Group: v1.GroupName, Resource: "validatingadmissionpolicybindings"}:   true,
	{Group: v1.GroupName, Resource: "mutatingadmissionpolicies"}:           true,
	{Group: v1.GroupName, Resource: "mutatingadmissionpolicybindings"}:     true,
	{Group: "authentication.k8s.io", Resource: "selfsubjectreviews"}:       true,
	{Group: "authentication.k8s.io", Resource: "tokenreviews"}:             true,
	{Group: "authorization.k8s.io", Resource: "localsubjectaccessreviews"}: true,
	{Group: "authorization.k8s.io", Resource: "selfsubjectaccessreviews"}:  true,
	{Group: "authorization.k8s.io", Resource: "selfsubjectrulesreviews"}:   true,
	{Group: "authorization.k8s.io", Resource: "subjectaccessreviews"}:      true,
}
