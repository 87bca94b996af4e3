package identify_test

import (
	"sigs.k8s.io/kustomize/kyaml/kio"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/identify"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/tenancy"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/tenancytest"
)

// istiod takes tokens of the tenant alone, and what it injects asks for them.
func Example() {
	step := tenancytest.Step{
		Tenant: tenancytest.Sales("ns-1"), Version: "1.31.0",
		New: func(t tenancy.Tenant) kio.Filter { return identify.Filter{Tenant: t} },
	}
	objecttest.Print(step, `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: istiod-sales
  namespace: istio-system1
spec:
  template:
    spec:
      containers:
      - name: discovery
        image: docker.io/istio/pilot:1.31.0
        args: [discovery]
      volumes:
      - name: istio-token
        projected:
          sources:
          - serviceAccountToken:
              audience: istio-ca
              path: istio-token
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: istio-sidecar-injector-sales
  namespace: istio-system1
data:
  values: '{"global": {"sds": {"token": {"aud": "istio-ca"}}}}'
`)
	// Output:
	// apiVersion: apps/v1
	// kind: Deployment
	// metadata:
	//   name: istiod-sales
	//   namespace: istio-system1
	// spec:
	//   template:
	//     spec:
	//       containers:
	//       - name: discovery
	//         image: docker.io/istio/pilot:1.31.0
	//         args: [discovery, '--grpcAddr=127.0.0.1:15010']
	//         env:
	//         - name: TOKEN_AUDIENCES
	//           value: "sales.istio-tenancy.dev"
	//       volumes:
	//       - name: istio-token
	//         projected:
	//           sources:
	//           - serviceAccountToken:
	//               audience: sales.istio-tenancy.dev
	//               path: istio-token
	// ---
	// apiVersion: v1
	// kind: ConfigMap
	// metadata:
	//   name: istio-sidecar-injector-sales
	//   namespace: istio-system1
	// data:
	//   values: '{"global": {"sds": {"token": {"aud": "sales.istio-tenancy.dev"}}}}'
}
