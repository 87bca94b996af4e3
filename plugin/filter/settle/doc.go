// Package settle puts what is left in its place, and proves that the result is
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
package settle
