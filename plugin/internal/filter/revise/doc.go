// Package revise gives a control plane its revision, as Istio's own charts do
// for the value "revision". Filter{Namespace: "istio-dev", Revision: "dev"}
// turns
//
//	kind: Service
//	metadata:
//	  name: istiod
//	  namespace: istio-dev
//	  labels:
//	    istio.io/rev: default
//	spec:
//	  selector:
//	    app: istiod
//	    istio: pilot
//
// into
//
//	kind: Service
//	metadata:
//	  name: istiod-dev
//	  namespace: istio-dev
//	  labels:
//	    istio.io/rev: dev
//	spec:
//	  selector:
//	    app: istiod
//	    istio.io/rev: dev
//
// and what refers to the Service accordingly. Control planes older than Istio
// 1.6 have no revision and stay as they are.
package revise
