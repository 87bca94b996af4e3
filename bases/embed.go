// Package bases holds the Kustomize bases that tenants share: those of current Istio,
// and what does not depend on Istio's release.
package bases

import "embed"

// Tenancy are the files of tenancy, a kustomization of its own:
// what keeps tenants apart in a cluster, whatever release of Istio they run.
//
//go:embed tenancy/*.yaml
var Tenancy embed.FS

// Istio are the files of istio, current Istio. They are rendered from the charts that are
// compiled into the program, and build on [Tenancy].
//
//go:embed istio
var Istio embed.FS
