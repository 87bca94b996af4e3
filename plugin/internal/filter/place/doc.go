// Package place gives the remaining objects their namespace and their labels, and
// proves that the result belongs to one tenant only.
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
// and a RouteRule in the namespace of a Pilot that reads ns-1 only is moved to ns-1.
package place
