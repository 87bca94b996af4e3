// Package render turns many overlays into plain YAML, for Flux, which runs no
// functions, and for people, who review what will change:
//
//	overlays/sales/kustomization.yaml        rendered/sales/kustomization.yaml
//	overlays/sales/tenant.yaml          ->   rendered/sales/manifests.yaml
//
// What it writes is, to the byte, what kustomize build prints. If at least a few
// tenants differ in their names only, package template fills the names into a template;
// package build builds all others. rendered/.istio-tenancy is a cache for the next run
// on the same machine, and may be deleted at any time.
package render
