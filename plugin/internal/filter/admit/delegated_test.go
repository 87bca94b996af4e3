package admit_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/admit"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

// TestNoControllerActsForTheTenantWithItsOwnRights: an object in the tenant's
// namespace would have Flux make any object of the cluster.
func TestNoControllerActsForTheTenantWithItsOwnRights(t *testing.T) {
	for _, kind := range []string{"kustomize.toolkit.fluxcd.io/v1, kind: Kustomization", "helm.toolkit.fluxcd.io/v2, kind: HelmRelease"} {
		refused := objecttest.RunError(t, admit.Filter{Tenant: sales()}, istiod+`{apiVersion: `+kind+`, metadata: {name: a}, spec: {}}`)
		require.Contains(t, refused, " a: spec.serviceAccountName: is missing, so that the controller of ")
		objecttest.Run(t, admit.Filter{Tenant: sales()}, istiod+`{apiVersion: `+kind+`, metadata: {name: a}, spec: {serviceAccountName: sales}}`)
		require.Contains(t, objecttest.RunError(t, admit.Filter{Tenant: sales()}, istiod+`{apiVersion: `+kind+`, metadata: {name: a}, spec: {kubeConfig: {secretRef: {name: any}}}}`),
			" a: spec.serviceAccountName: is missing", "the file may name the controller's own token")
	}
}
