package limit_test

import (
	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

// The tenant takes images of one registry, runs on its own nodes, and is suspended.
func Example() {
	objecttest.Print(step(func(s *v1alpha1.TenantSpec) {
		s.Allowed.Registries = []string{"registry.example/sales"}
		s.NodeSelector = map[string]string{"pool": "sales"}
		s.LimitRange = []v1alpha1.Limit{{Type: "Container", Default: map[string]string{"memory": "256Mi"}}}
		s.Suspended = new(true)
	}, nil), `
apiVersion: v1
kind: Namespace
metadata:
  name: ns-1
---
apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: ns-1
spec:
  containers:
  - name: web
    image: registry.example/sales/web:1
`)
	// Output:
	// apiVersion: v1
	// kind: Namespace
	// metadata:
	//   name: ns-1
	//   labels:
	//     istio-tenancy.dev/allowed-registries: "true"
	//     istio-tenancy.dev/node-selector: "true"
	//     istio-tenancy.dev/suspended: "true"
	//   annotations:
	//     istio-tenancy.dev/allowed-registries: registry.example/sales
	//     istio-tenancy.dev/control-plane: istio-system1
	//     istio-tenancy.dev/node-selector: pool=sales
	// ---
	// apiVersion: v1
	// kind: Pod
	// metadata:
	//   name: web
	//   namespace: ns-1
	// spec:
	//   containers:
	//   - name: web
	//     image: registry.example/sales/web:1
	//   nodeSelector:
	//     pool: sales
	// ---
	// apiVersion: v1
	// kind: LimitRange
	// metadata:
	//   name: tenant-limits
	//   namespace: ns-1
	//   labels:
	//     istio-tenancy.dev/tenant: sales
	// spec:
	//   limits:
	//   - default:
	//       memory: 256Mi
	//     type: Container
}
