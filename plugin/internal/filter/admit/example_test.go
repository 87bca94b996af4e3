package admit_test

import (
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/admit"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/tenancytest"
)

// The control plane of the base and an application without a namespace are the
// tenant's. The tenant has its control plane in istio-system1 and its
// applications in ns-1, so that the other two objects are not.
func Example() {
	objecttest.Print(admit.Filter{Tenant: tenancytest.Sales("ns-1")}, `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: istiod
  namespace: ISTIO_TENANT_NAMESPACE
spec:
  template:
    spec:
      containers:
      - name: discovery
        image: docker.io/istio/pilot:1.31.0
        args: [discovery]
---
apiVersion: v1
kind: Service
metadata:
  name: details
---
apiVersion: v1
kind: Service
metadata:
  name: ratings
  namespace: ns-0
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: gateways.networking.istio.io
`)
	// Output:
	// error: Service ns-0/ratings: metadata.namespace: found "ns-0"; must be one of the tenant's namespaces, istio-system1, ns-1, or none
	// CustomResourceDefinition gateways.networking.istio.io: exists once per cluster, so it is not a tenant's; move it to the common base, which the cluster administrator applies
}
