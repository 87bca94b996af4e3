package confine_test

import (
	"sigs.k8s.io/kustomize/kyaml/kio"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/confine"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/tenancy"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/tenancytest"
)

// The tenant has its control plane in istio-system1 and its applications in
// ns-1. Nodes have no namespace, so that the right on them stays where it is;
// the rest of the ClusterRole becomes Roles.
func Example() {
	step := tenancytest.Step{
		Tenant: tenancytest.Sales("ns-1"), Version: "1.31.0",
		New: func(t tenancy.Tenant) kio.Filter { return confine.Filter{Tenant: t} },
	}
	objecttest.Print(step, `
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod-sales, namespace: istio-system1}
spec:
  template:
    spec:
      serviceAccountName: istiod-sales
      containers: [{name: discovery, image: "docker.io/istio/pilot:1.31.0", args: [discovery]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: istiod-clusterrole-sales}
rules:
- apiGroups: [""]
  resources: [nodes, pods]
  verbs: [get, list, watch]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: istiod-clusterrole-sales}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: istiod-clusterrole-sales}
subjects:
- {kind: ServiceAccount, name: istiod-sales, namespace: istio-system1}
`)
	// Output:
	// apiVersion: apps/v1
	// kind: Deployment
	// metadata: {name: istiod-sales, namespace: istio-system1}
	// spec:
	//   template:
	//     spec:
	//       serviceAccountName: istiod-sales
	//       containers: [{name: discovery, image: "docker.io/istio/pilot:1.31.0", args: [discovery]}]
	// ---
	// apiVersion: rbac.authorization.k8s.io/v1
	// kind: ClusterRole
	// metadata: {name: istiod-clusterrole-sales}
	// rules:
	// - apiGroups:
	//   - ""
	//   resources:
	//   - nodes
	//   verbs:
	//   - get
	//   - list
	//   - watch
	// ---
	// apiVersion: rbac.authorization.k8s.io/v1
	// kind: ClusterRoleBinding
	// metadata: {name: istiod-clusterrole-sales}
	// roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: istiod-clusterrole-sales}
	// subjects:
	// - {kind: ServiceAccount, name: istiod-sales, namespace: istio-system1}
	// ---
	// apiVersion: rbac.authorization.k8s.io/v1
	// kind: Role
	// metadata:
	//   name: istiod-clusterrole-sales-confined
	//   namespace: ns-1
	//   labels:
	//     istio-tenancy.dev/tenant: sales
	// rules:
	// - apiGroups:
	//   - ""
	//   resources:
	//   - pods
	//   verbs:
	//   - get
	//   - list
	//   - watch
	// ---
	// apiVersion: rbac.authorization.k8s.io/v1
	// kind: RoleBinding
	// metadata:
	//   name: istiod-clusterrole-sales-confined
	//   namespace: ns-1
	//   labels:
	//     istio-tenancy.dev/tenant: sales
	// roleRef:
	//   apiGroup: rbac.authorization.k8s.io
	//   kind: Role
	//   name: istiod-clusterrole-sales-confined
	// subjects:
	// - {kind: ServiceAccount, name: istiod-sales, namespace: istio-system1}
}
