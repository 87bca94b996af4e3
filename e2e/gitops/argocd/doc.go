// Package argocd holds the tests of the examples of Argo CD with Argo CD's own
// components, which run as Pods from Argo CD's own manifests.
package argocd
