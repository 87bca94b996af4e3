package admit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	celgo "github.com/google/cel-go/cel"
	v1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions"
	"k8s.io/apiserver/pkg/cel/environment"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// policy is a policy with its bindings.
type policy struct {
	*v1.ValidatingAdmissionPolicy
	source      snapshot.Source
	constraints *criteria
	bindings    []*binding
	compiled    func() (compiled, error)
}

// binding is a binding and what it matches; nil: all that its policy does.
type binding struct {
	*v1.ValidatingAdmissionPolicyBinding
	matches *criteria
}

// compiled are the expressions of a policy.
type compiled struct {
	conditions                         matchconditions.Matcher // nil: there is none
	validations, messages, annotations cel.ConditionEvaluator
}

func newPolicy(p *v1.ValidatingAdmissionPolicy, source snapshot.Source, bindings []*binding, environments func() *environment.EnvSet) *policy {
	return &policy{p, source, newCriteria(p.Spec.MatchConstraints), bindings, known(p, environments)}
}

// compilations are those of a process, by policy: func() (compiled, error). A program that
// judges several snapshots meets the same policies again and again, and to compile them is
// most of its work.
var compilations sync.Map

// known is the compilation of a policy, or of one that is the same.
func known(p *v1.ValidatingAdmissionPolicy, environments func() *environment.EnvSet) func() (compiled, error) {
	compile := sync.OnceValues(func() (compiled, error) { return compile(p, environments()) })
	key, err := json.Marshal([]any{p.Name, p.Spec})
	if err != nil {
		return compile
	}
	first, _ := compilations.LoadOrStore(string(key), compile)
	return first.(func() (compiled, error))
}

// expression is one that is to have one of some types; name is a variable's.
type expression struct {
	name, text string
	types      []*celgo.Type
}

func (e expression) GetName() string            { return e.name }
func (e expression) GetExpression() string      { return e.text }
func (e expression) ReturnTypes() []*celgo.Type { return e.types }

// compile is how the API server compiles a policy. An expression that does not compile
// fails when it is evaluated.
func compile(p *v1.ValidatingAdmissionPolicy, environments *environment.EnvSet) (c compiled, err error) {
	compiler, err := cel.NewCompositedCompiler(environments)
	if err != nil {
		return c, err
	}
	asks := cel.OptionalVariableDeclarations{HasParams: p.Spec.ParamKind != nil, HasAuthorizer: true}
	tells := cel.OptionalVariableDeclarations{HasParams: p.Spec.ParamKind != nil}
	for _, v := range p.Spec.Variables {
		compiler.CompileAndStoreVariable(expression{v.Name, v.Expression, []*celgo.Type{celgo.AnyType, celgo.DynType}}, asks, environment.StoredExpressions)
	}
	var conditions, validations, messages, annotations []cel.ExpressionAccessor
	for i := range p.Spec.MatchConditions {
		conditions = append(conditions, (*matchconditions.MatchCondition)(&p.Spec.MatchConditions[i]))
	}
	for _, v := range p.Spec.Validations {
		validations = append(validations, expression{"", v.Expression, []*celgo.Type{celgo.BoolType}})
		var message cel.ExpressionAccessor // nil: there is none
		if v.MessageExpression != "" {
			message = expression{"", v.MessageExpression, []*celgo.Type{celgo.StringType}}
		}
		messages = append(messages, message)
	}
	for _, a := range p.Spec.AuditAnnotations {
		annotations = append(annotations, expression{"", a.ValueExpression, []*celgo.Type{celgo.StringType, celgo.NullType}})
	}
	if len(conditions) > 0 {
		c.conditions = matchconditions.NewMatcher(compiler.CompileCondition(conditions, asks, environment.StoredExpressions), p.Spec.FailurePolicy, "policy", "validate", p.Name)
	}
	c.validations = compiler.CompileCondition(validations, asks, environment.StoredExpressions)
	c.messages = compiler.CompileCondition(messages, tells, environment.StoredExpressions)
	c.annotations = compiler.CompileCondition(annotations, asks, environment.StoredExpressions)
	return c, nil
}

// refusalsOf are those of one policy. A policy or binding that cannot be used refuses,
// unless its policy ignores failures.
func (a *Admission) refusalsOf(ctx context.Context, p *policy, attributes admission.Attributes) []Refusal {
	if p.constraints == nil {
		return p.failed("", errors.New("spec.matchConstraints: is missing"))
	}
	matches, resource, kind, err := a.matcher.Matches(attributes, a.world.servedAs(attributes), p.constraints)
	if err != nil {
		return p.failed("", err)
	}
	if !matches {
		return nil
	}
	var refusals []Refusal
	for _, binding := range p.bindings {
		refusals = append(refusals, a.refusalsBy(ctx, p, binding, attributes, resource, kind)...)
	}
	return refusals
}

func (a *Admission) refusalsBy(ctx context.Context, p *policy, binding *binding, attributes admission.Attributes, resource schema.GroupVersionResource, kind schema.GroupVersionKind) []Refusal {
	if binding.matches != nil {
		matches, _, _, err := a.matcher.Matches(attributes, a.world.servedAs(attributes), binding.matches)
		if err != nil {
			return p.failed(binding.Name, err)
		}
		if !matches {
			return nil
		}
	}
	params, err := a.world.params(p.Spec.ParamKind, binding.Spec.ParamRef, attributes.GetNamespace())
	if err != nil {
		return p.failed(binding.Name, err)
	}
	versioned, err := admission.NewVersionedAttributes(attributes, kind, a.world.servedAs(attributes))
	if err != nil {
		return p.failed(binding.Name, fmt.Errorf("convert to %s: %w", kind, err))
	}
	var refusals []Refusal
	for _, param := range params {
		e := evaluation{p, binding, versioned, a.world.namespaceOf(attributes),
			cel.CreateAdmissionRequest(attributes, metav1.GroupVersionResource(resource), metav1.GroupVersionKind(kind)), param, a.authorizer}
		refusals = append(refusals, e.refusals(ctx)...)
	}
	return refusals
}

// failed is the refusal for what cannot be used.
func (p *policy) failed(binding string, err error) []Refusal {
	if p.ignores() {
		return nil
	}
	return []Refusal{{Policy: p.Name, Binding: binding, Source: p.source, Message: err.Error()}}
}

func (p *policy) ignores() bool {
	return p.Spec.FailurePolicy != nil && *p.Spec.FailurePolicy == v1.Ignore
}
