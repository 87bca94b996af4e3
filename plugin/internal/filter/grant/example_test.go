package grant_test

import (
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/grant"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/tenancy"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/tenancytest"
)

// The bindings of a tenant with an administrator and a group of viewers. The
// Roles in the control plane's namespace, which have a rule for each resource,
// are left out here.
func Example() {
	tenant := tenancytest.Sales("ns-1")
	tenant.Spec.Viewers = []v1alpha1.Subject{{Kind: "Group", Name: "support"}}
	step := tenancytest.Step{Tenant: tenant, Version: "1.31.0", New: func(t tenancy.Tenant) kio.Filter {
		return kio.FilterFunc(func(objects []*yaml.RNode) ([]*yaml.RNode, error) {
			objects, err := grant.Filter{Tenant: t}.Filter(objects)
			return object.Of("RoleBinding", objects), err
		})
	}}
	objecttest.Print(step, "")
	// Output:
	// apiVersion: rbac.authorization.k8s.io/v1
	// kind: RoleBinding
	// metadata:
	//   name: access-all-istio-system1
	//   namespace: istio-system1
	//   labels:
	//     istio-tenancy.dev/tenant: sales
	// roleRef:
	//   apiGroup: rbac.authorization.k8s.io
	//   kind: Role
	//   name: ns-access-for-sales-admin-istio-system1
	// subjects:
	// - apiGroup: rbac.authorization.k8s.io
	//   kind: User
	//   name: sales-admin
	// ---
	// apiVersion: rbac.authorization.k8s.io/v1
	// kind: RoleBinding
	// metadata:
	//   name: access-all-ns-1
	//   namespace: ns-1
	//   labels:
	//     istio-tenancy.dev/tenant: sales
	// roleRef:
	//   apiGroup: rbac.authorization.k8s.io
	//   kind: ClusterRole
	//   name: admin
	// subjects:
	// - apiGroup: rbac.authorization.k8s.io
	//   kind: User
	//   name: sales-admin
	// ---
	// apiVersion: rbac.authorization.k8s.io/v1
	// kind: RoleBinding
	// metadata:
	//   name: view-all-istio-system1
	//   namespace: istio-system1
	//   labels:
	//     istio-tenancy.dev/tenant: sales
	// roleRef:
	//   apiGroup: rbac.authorization.k8s.io
	//   kind: Role
	//   name: ns-view-for-sales-viewer-istio-system1
	// subjects:
	// - apiGroup: rbac.authorization.k8s.io
	//   kind: Group
	//   name: support
	// ---
	// apiVersion: rbac.authorization.k8s.io/v1
	// kind: RoleBinding
	// metadata:
	//   name: view-all-ns-1
	//   namespace: ns-1
	//   labels:
	//     istio-tenancy.dev/tenant: sales
	// roleRef:
	//   apiGroup: rbac.authorization.k8s.io
	//   kind: ClusterRole
	//   name: view
	// subjects:
	// - apiGroup: rbac.authorization.k8s.io
	//   kind: Group
	//   name: support
}
