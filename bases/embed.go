// Package bases holds the Kustomize bases that tenants share, and the part of
// them that does not depend on Istio's release.
package bases

import "embed"

// Tenancy are the files of tenancy, a kustomization of its own:
// what keeps tenants apart in a cluster, whatever release of Istio they run.
//
//go:embed tenancy/*.yaml
var Tenancy embed.FS
