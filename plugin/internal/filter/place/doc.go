// Package place puts what is left in its place, and proves that the result is
// one tenant's and nobody else's.
//
//	metadata: {name: details}              # an application
//
// becomes
//
//	metadata:
//	  name: details
//	  namespace: ns-1
//	  labels: {istio-tenancy.dev/tenant: sales}
//
// and a RouteRule beside a Pilot that reads ns-1 only goes to ns-1.
package place
