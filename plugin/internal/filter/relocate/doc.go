// Package relocate moves a control plane from one namespace to another, in
// every place where the namespace is named: in names, references, texts inside
// ConfigMaps and addresses.
//
//	discoveryAddress: istiod.istio-system.svc:15012
//	name: istiod-clusterrole-istio-system
//
// become, with Filter{From: "istio-system", To: "istio-dev"},
//
//	discoveryAddress: istiod.istio-dev.svc:15012
//	name: istiod-clusterrole-istio-dev
//
// It replaces whole names only (see package token), and keeps the order of keys,
// comments and style. The example shows whole objects.
package relocate
