// Package upgrade says what changes for a tenant if its overlay uses another base of
// a control plane: it compares the objects that the two bases give, field by field, and
// sorts the differences by their meaning.
//
//	overlays/sales: Istio 1.30.0 -> 1.31.0
//	  bases/istio-1.30/control-plane -> bases/istio/control-plane: 32 objects, 4 change, 0 are new; 0 are removed
//	Rights
//	  + ServiceAccount istiod-sales, in the application namespaces: get list watch of xlistenersets.gateway.networking.x-k8s.io
//
// Every field that differs is in the report. For RBAC, the report has the rights that
// accounts gain and lose, and not the rules as they are written. The text of the report
// shortens lists, and says so.
package upgrade
