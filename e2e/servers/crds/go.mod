// Manifests of others, which are applied and never built.
module github.com/istio-tenancy/istio-tenancy/e2e/servers/crds

go 1.26.0

require (
	github.com/argoproj/argo-cd/v3 v3.2.11
	github.com/fluxcd/flux2/v2 v2.9.5
	github.com/fluxcd/kustomize-controller v1.9.6
	sigs.k8s.io/network-policy-api v0.2.0
)
