// Package program knows the programs that a control plane consisted of before
// istiod, and which argument limits which of them to a tenant, by version.
//
// For the tenant with control plane in istio-system1 and applications in ns-1,
// Istio 0.7.1 becomes
//
//	args: [discovery, -v, "2"]                 [discovery, -v, "2", --appNamespace, ns-1]
//	args: [--istio-ca-storage-namespace=...]   [..., --listened-namespace=ns-1]
//	args: [--configStoreURL=k8s://]            [--configStoreURL=k8s://?ns=istio-system1,ns-1]
//
// An argument that is there already is replaced, in whichever form it is
// written: two arguments, --flag=value, or a letter as in -a x, -a=x and -ax.
package program
