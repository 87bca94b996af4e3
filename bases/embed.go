// Package bases holds the Kustomize bases that tenants share, and the part of
// them that does not depend on Istio's release.
package bases

import "embed"

// Tenancy are the files of istio/common/tenancy, a kustomization of its own:
// what keeps tenants apart in a cluster, whatever release of Istio they run.
//
//go:embed istio/common/tenancy/*.yaml
var Tenancy embed.FS
