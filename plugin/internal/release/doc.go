// Package release renders Istio's own charts as a base for tenants.
//
//	apiVersion: istio-tenancy.dev/v1alpha1
//	kind: IstioRelease
//	metadata:
//	  name: istio
//	spec:
//	  part: control-plane
//	  values:
//	    traceSampling: 5
//
// gives the objects of Istio's istiod chart, in the base's namespace and
// without a revision; both are the tenant's to choose:
//
//	apiVersion: v1
//	kind: ServiceAccount
//	metadata:
//	  name: istiod
//	  namespace: ISTIO_TENANT_NAMESPACE
//	---
//	...
//
// The charts are embedded in the module istio.io/istio, and Helm's engine
// renders them in process: no helm, no network, no cluster.
package release
