package authorize_test

import (
	"fmt"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

func Example() {
	binding := &snapshot.Object{
		ID:     object.ID{Group: "rbac.authorization.k8s.io", Kind: "RoleBinding", Namespace: "ns-1", Name: "access-all-ns-1"},
		Source: snapshot.Source{File: "overlays/sales"},
		Content: map[string]any{
			"metadata": map[string]any{"namespace": "ns-1", "name": "access-all-ns-1"},
			"roleRef":  map[string]any{"kind": "ClusterRole", "name": "admin"},
			"subjects": []any{map[string]any{"kind": "User", "name": "sales-admin"}},
		},
	}
	authorizer, err := authorize.New(snapshot.New([]*snapshot.Object{binding}, nil))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, namespace := range []string{"ns-1", "ns-0"} {
		answer := authorizer.Decide(authorize.Request{
			Subject: authorize.Subject{User: "sales-admin", Groups: []string{"system:authenticated"}},
			Verb:    "create", Resource: "pods", Subresource: "exec", Namespace: namespace,
		})
		fmt.Println(namespace, answer.Allowed, answer.By.Role, answer.By.Binding)
	}
	// Output:
	// ns-1 true ClusterRole system:aggregate-to-edit RoleBinding ns-1/access-all-ns-1
	// ns-0 false
}
