// CustomResourceDefinitions of others, which are applied and never built.
module github.com/istio-tenancy/istio-tenancy/e2e/servers/crds

go 1.26.0

require (
	github.com/argoproj/argo-cd/v3 v3.2.11
	sigs.k8s.io/network-policy-api v0.2.0
)
