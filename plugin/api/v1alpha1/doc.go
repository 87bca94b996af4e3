// Package v1alpha1 holds the two kinds that a kustomization lists:
//
//   - [IstioTenant], a transformer: one tenant, laid over a shared Istio base;
//   - [IstioRelease], a generator: Istio's own charts, rendered as such a base.
//
// A tenant needs a name and an administrator; the rest has defaults:
//
//	apiVersion: istio-tenancy.dev/v1alpha1
//	kind: IstioTenant
//	metadata:
//	  name: sales
//	spec:
//	  admins:
//	  - kind: User
//	    name: sales-admin
//
// Configuration is decoded strictly: every error names the field path, what
// was found and what would be right, and all errors of a file are reported at
// once.
package v1alpha1
