package admit_test

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/admit"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

func Example() {
	const group = "admissionregistration.k8s.io"
	s := snapshot.New([]*snapshot.Object{
		{
			ID:     object.ID{Group: group, Kind: "ValidatingAdmissionPolicy", Name: "host-network"},
			Source: snapshot.Source{File: "bases/tenancy/pods.yaml", Line: 12},
			Content: map[string]any{"metadata": map[string]any{"name": "host-network"}, "spec": map[string]any{
				"matchConstraints": map[string]any{"resourceRules": []any{map[string]any{
					"apiGroups": []any{""}, "apiVersions": []any{"v1"}, "operations": []any{"CREATE"}, "resources": []any{"pods"}}}},
				"validations": []any{map[string]any{"expression": "!object.spec.?hostNetwork.orValue(false)", "message": "the node's network is not a tenant's"}},
			}},
		},
		{
			ID: object.ID{Group: group, Kind: "ValidatingAdmissionPolicyBinding", Name: "host-network"},
			Content: map[string]any{"metadata": map[string]any{"name": "host-network"}, "spec": map[string]any{
				"policyName": "host-network", "validationActions": []any{"Deny"}}},
		},
	}, nil)
	authorizer, err := authorize.New(s)
	if err != nil {
		fmt.Println(err)
		return
	}
	policies, err := admit.New(s, authorizer)
	if err != nil {
		fmt.Println(err)
		return
	}
	refusals, err := policies.Refusals(context.Background(), admit.Request{
		Subject:   authorize.Subject{User: "sales-admin"},
		Operation: admission.Create,
		Resource:  schema.GroupVersionResource{Version: "v1", Resource: "pods"},
		Kind:      schema.GroupVersionKind{Version: "v1", Kind: "Pod"},
		Namespace: "ns-1",
		Object:    map[string]any{"metadata": map[string]any{"name": "p"}, "spec": map[string]any{"hostNetwork": true}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range refusals {
		fmt.Printf("%s: %s: %s\n", r.Source, r.Policy, r.Message)
	}
	// Output: bases/tenancy/pods.yaml:12: host-network: the node's network is not a tenant's
}
