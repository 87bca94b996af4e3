// Package limit holds a tenant to what its cluster administrator has said in its
// file: what of the cluster it may take, on which nodes it runs, how much a Pod may
// have, and whether it is suspended.
//
// Admission policies of bases/tenancy do that in the cluster, by what stands on the
// tenant's Namespaces. For
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
