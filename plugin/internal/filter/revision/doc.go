// Package revision gives a control plane its revision, as Istio's own charts do
// for the value "revision". Filter{Namespace: "istio-dev", Revision: "dev"} turns
//
//	Service istiod, which selects istio: pilot
//
// into
//
//	Service istiod-dev, which selects istio.io/rev: dev
//
// and what refers to the Service accordingly; the example shows whole objects.
// Control planes older than Istio 1.6 have no revision and stay as they are.
package revision
