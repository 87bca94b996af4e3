// Package limit applies the limits that the cluster administrator has set in the
// tenant's file: what the tenant may use of the cluster, on which nodes it runs, how
// much a Pod may have, and whether the tenant is suspended.
//
// In the cluster, admission policies of bases/tenancy enforce this, by labels and
// annotations of the tenant's Namespaces. For
//
//	spec:
//	  allowed: {registries: [registry.example/sales, docker.io/istio]}
//	  nodeSelector: {pool: sales}
//	  limitRange: [{type: Container, default: {memory: 256Mi}}]
//	  suspended: true
//
// it adds
//
//	Namespace istio-system1, ns-1   labels       istio-tenancy.dev/allowed-registries: "true"
//	                                             istio-tenancy.dev/node-selector: "true"
//	                                             istio-tenancy.dev/suspended: "true"
//	                                annotations  istio-tenancy.dev/allowed-registries: registry.example/sales,docker.io/istio
//	                                             istio-tenancy.dev/node-selector: pool=sales
//	                                             istio-tenancy.dev/control-plane: istio-system1
//	LimitRange ns-1/tenant-limits   spec.limits
//	every Pod that it sees          spec.nodeSelector: {pool: sales}
//
// and refuses what the API server would refuse later, when the Pods start: images of
// istiod, of its API proxy, of what it injects, of gateways and of applications, and
// classes. A tenant without these fields is left as it is.
package limit
