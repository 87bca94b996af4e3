// Package argocd holds the tests of the examples of Argo CD with Argo CD's own components,
// which run as Pods from Argo CD's own manifests.
//
// The tests are written and have not been run: their build tag keeps them out of make
// e2e-gitops, and docs/what-is-tested.md has no table of theirs. To run them:
//
//	go test -tags argocd -count=1 -timeout 60m -v ./gitops/argocd
package argocd
