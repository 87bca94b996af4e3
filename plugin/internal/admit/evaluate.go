package admit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/cel-go/common/types"
	admissionv1 "k8s.io/api/admission/v1"
	v1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/cel"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	apicel "k8s.io/apiserver/pkg/cel"
)

// evaluation is of a policy for a request, with one of a binding's parameters.
type evaluation struct {
	policy     *policy
	binding    *binding
	attributes *admission.VersionedAttributes
	namespace  *corev1.Namespace
	request    *admissionv1.AdmissionRequest
	param      runtime.Object // nil: there is none
	authorizer bridge
}

// refusals are what k8s.io/apiserver/pkg/admission/plugin/policy/validating decides. That
// package itself comes with every client and informer of Kubernetes, and with fakes of
// them for its tests, which would cost each run of this program.
func (e evaluation) refusals(ctx context.Context) []Refusal {
	c, err := e.policy.compiled()
	if err != nil {
		return e.failed("", err)
	}
	if c.conditions != nil {
		result := c.conditions.Match(ctx, e.attributes, e.param, e.authorizer)
		if result.Error != nil {
			return e.failed("", result.Error)
		}
		if !result.Matches {
			return nil
		}
	}
	asks := cel.OptionalVariableBindings{VersionedParams: e.param, Authorizer: e.authorizer}
	tells := cel.OptionalVariableBindings{VersionedParams: e.param}
	results, budget, err := c.validations.ForInput(ctx, e.attributes, e.request, asks, e.namespace, celconfig.RuntimeCELCostBudget)
	if err != nil {
		return e.failed("", err)
	}
	messages, _, messageErr := c.messages.ForInput(ctx, e.attributes, e.request, tells, e.namespace, budget)
	var refusals []Refusal
	for i, result := range results {
		validation := e.policy.Spec.Validations[i]
		switch {
		case result.Error != nil:
			refusals = append(refusals, e.failed(validation.Expression, result.Error)...)
		case errors.Is(messageErr, apicel.ErrInternal) || errors.Is(messageErr, apicel.ErrOutOfBudget):
			refusals = append(refusals, e.failed(validation.Expression, fmt.Errorf("failed messageExpression: %w", messageErr))...)
		case result.EvalResult != types.True && e.denies():
			var told cel.EvaluationResult
			if i < len(messages) {
				told = messages[i]
			}
			refusals = append(refusals, e.refusal(validation.Expression, message(validation, told)))
		}
	}
	return append(refusals, e.annotations(ctx, c, tells)...)
}

// annotations are what is wrong with values for the audit log: the API server refuses a
// request for those, whatever the actions of the binding are.
func (e evaluation) annotations(ctx context.Context, c compiled, tells cel.OptionalVariableBindings) []Refusal {
	results, _, err := c.annotations.ForInput(ctx, e.attributes, e.request, tells, e.namespace, celconfig.RuntimeCELCostBudget)
	if err != nil {
		return e.failed("", err)
	}
	var refusals []Refusal
	for i, result := range results {
		value := e.policy.Spec.AuditAnnotations[i].ValueExpression
		switch {
		case result.Error != nil && !e.policy.ignores():
			refusals = append(refusals, e.refusal(value, result.Error.Error()))
		case result.Error == nil && result.EvalResult.Type() != types.StringType && result.EvalResult.Type() != types.NullType:
			refusals = append(refusals, e.refusal(value, fmt.Sprintf("valueExpression %q resulted in %v: must be a string or null", value, result.EvalResult.Type())))
		}
	}
	return refusals
}

func (e evaluation) denies() bool {
	return slices.Contains(e.binding.Spec.ValidationActions, v1.Deny)
}

func (e evaluation) refusal(expression, message string) Refusal {
	return Refusal{e.policy.Name, e.binding.Name, e.policy.source, expression, message}
}

// failed is what could not be evaluated.
func (e evaluation) failed(expression string, err error) []Refusal {
	if e.policy.ignores() || !e.denies() {
		return nil
	}
	return []Refusal{e.refusal(expression, err.Error())}
}

// message is the first that there is of what messageExpression gives, message, and the
// expression that was false.
func message(v v1.Validation, told cel.EvaluationResult) string {
	if told.Error == nil && told.EvalResult != nil {
		text, _ := told.EvalResult.Value().(string)
		text = strings.TrimSpace(text)
		if text != "" && len(text) <= celconfig.MaxEvaluatedMessageExpressionSizeBytes && !strings.Contains(text, "\n") {
			return text
		}
	}
	if text := strings.TrimSpace(v.Message); text != "" {
		return text
	}
	return "failed expression: " + strings.TrimSpace(v.Expression)
}
