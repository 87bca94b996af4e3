package place_test

import (
	"sigs.k8s.io/kustomize/kyaml/kio"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/place"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/tenancy"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/tenancytest"
)

// An application without a namespace, and a gateway, which bases carry beside
// the control plane, go to the first application namespace.
func Example() {
	step := tenancytest.Step{
		Tenant: tenancytest.Sales("ns-1"), Version: "1.31.0",
		New: func(t tenancy.Tenant) kio.Filter { return place.Filter{Tenant: t} },
	}
	objecttest.Print(step, `
apiVersion: v1
kind: Service
metadata:
  name: details
---
apiVersion: v1
kind: Service
metadata:
  name: istio-ingressgateway
  namespace: istio-system1
  labels:
    istio-tenancy.dev/part: gateway
---
apiVersion: v1
kind: Service
metadata:
  name: istiod-sales
  namespace: istio-system1
`)
	// Output:
	// apiVersion: v1
	// kind: Service
	// metadata:
	//   name: details
	//   namespace: ns-1
	//   labels:
	//     istio-tenancy.dev/tenant: sales
	// ---
	// apiVersion: v1
	// kind: Service
	// metadata:
	//   name: istio-ingressgateway
	//   namespace: ns-1
	//   labels:
	//     istio-tenancy.dev/part: gateway
	//     istio-tenancy.dev/tenant: sales
	// ---
	// apiVersion: v1
	// kind: Service
	// metadata:
	//   name: istiod-sales
	//   namespace: istio-system1
	//   labels:
	//     istio-tenancy.dev/tenant: sales
}
