// Package upgrade says what changes for a tenant whose overlay takes another base of
// a control plane: it compares the objects that the two give, field by field, and
// sorts what differs by what it means.
//
//	overlays/sales: Istio 1.30.0 -> 1.31.0
//	  bases/istio-1.30/control-plane -> bases/istio/control-plane: 32 objects, 4 change, 0 are new; 0 go
//	Rights
//	  + ServiceAccount istiod-sales, in the application namespaces: get list watch of xlistenersets.gateway.networking.x-k8s.io
//
// Every field that differs is in the report, and of RBAC what accounts gain and lose, however
// the rules say it. Its text shortens lists, and says so.
package upgrade
