// Manifests of others, which are applied and never built.
module github.com/istio-tenancy/istio-tenancy/e2e/servers/crds

go 1.26.0

require (
	github.com/argoproj/argo-cd/v3 v3.2.11
	github.com/argoproj/argo-rollouts v1.9.0
	github.com/fluxcd/flux2/v2 v2.9.5
	github.com/fluxcd/helm-controller v1.6.4
	github.com/fluxcd/image-reflector-controller v1.1.1
	github.com/fluxcd/kustomize-controller v1.9.6
	github.com/fluxcd/notification-controller v1.9.2
	github.com/fluxcd/source-controller v1.9.5
	github.com/fluxcd/source-watcher/v2 v2.2.2
	sigs.k8s.io/network-policy-api v0.2.0
)
