package relocate_test

import (
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/relocate"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

// Whole names move, also at the end of another name and inside a text. Another
// name that begins alike does not.
func Example() {
	objecttest.Print(relocate.Filter{From: "istio-system", To: "istio-dev"}, `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: istiod-clusterrole-istio-system
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: istiod-clusterrole-istio-system
subjects:
- kind: ServiceAccount
  name: istiod
  namespace: istio-system
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: istio
  namespace: istio-system
data:
  mesh: |-
    # As in istio-system-2.
    defaultConfig:
      discoveryAddress: istiod.istio-system.svc:15012
    rootNamespace: istio-system
`)
	// Output:
	// apiVersion: rbac.authorization.k8s.io/v1
	// kind: ClusterRoleBinding
	// metadata:
	//   name: istiod-clusterrole-istio-dev
	// roleRef:
	//   apiGroup: rbac.authorization.k8s.io
	//   kind: ClusterRole
	//   name: istiod-clusterrole-istio-dev
	// subjects:
	// - kind: ServiceAccount
	//   name: istiod
	//   namespace: istio-dev
	// ---
	// apiVersion: v1
	// kind: ConfigMap
	// metadata:
	//   name: istio
	//   namespace: istio-dev
	// data:
	//   mesh: |-
	//     # As in istio-system-2.
	//     defaultConfig:
	//       discoveryAddress: istiod.istio-dev.svc:15012
	//     rootNamespace: istio-dev
}
