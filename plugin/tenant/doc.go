// Package tenant lays one tenant over a shared Istio base: a fixed chain of
// filters, each of which does one thing.
//
//	admit     sorts the objects and refuses those that are not the tenant's
//	relocate  moves the control plane to the tenant's namespace
//	revision  gives it the tenant's revision
//	scope     limits discovery, injection and validation to the tenant's namespaces
//	confine   replaces its cluster-wide rights by rights in the tenant's namespaces
//	identify  lets clients join the mesh only with a token of the tenant's own audience
//	grant     gives the tenant's administrators and viewers their rights
//	isolate   adds namespaces, network policies, mutual TLS and quotas
//	place     places and labels everything, and proves that nothing is left over
//
// The chain is a pure function of its objects and the tenant: deterministic,
// and idempotent byte for byte.
package tenant
