package oracle_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/revision"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/oracle"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/release"
)

// Relocating and revising a base gives what Istio's charts render for the
// namespace and the revision.
func TestCharts(t *testing.T) {
	everything := map[string]any{
		"global":       map[string]any{"networkPolicy": map[string]any{"enabled": true}},
		"experimental": map[string]any{"stableValidationPolicy": true},
		"revisionTags": []any{"prod"},
		"pilot":        map[string]any{"jwksResolverExtraRootCA": "a certificate"},
		"gatewayClasses": map[string]any{
			"istio": map[string]any{"deployment": map[string]any{"spec": map[string]any{"replicas": 2}}},
		},
		"sidecarInjectorWebhook": map[string]any{"enableNamespacesByDefault": true},
	}
	policy := map[string]any{"global": map[string]any{"networkPolicy": map[string]any{"enabled": true}}}
	for _, test := range []struct {
		name   string
		part   v1alpha1.Part
		values map[string]any
	}{
		{"control plane", v1alpha1.PartControlPlane, nil},
		{"control plane with all that a revision changes", v1alpha1.PartControlPlane, everything},
		{"gateway", v1alpha1.PartGateway, nil},
		{"gateway with a NetworkPolicy", v1alpha1.PartGateway, policy},
	} {
		for _, namespace := range []string{"istio-sales", "istio-system"} {
			t.Run(test.name+" in "+namespace, func(t *testing.T) {
				base, err := release.Render(release.Options{Part: test.part, Values: test.values})
				require.NoError(t, err)
				got := move(t, base, v1alpha1.BaseNamespace, namespace)
				for _, rev := range []string{"", "sales"} {
					want, err := release.Render(release.Options{
						Part: test.part, Values: test.values, Namespace: namespace, Revision: rev,
					})
					require.NoError(t, err)
					got, err = revision.Filter{Namespace: namespace, Revision: rev}.Filter(got)
					require.NoError(t, err)
					require.Empty(t, oracle.Diff(want, got), "revision %q", rev)
				}
			})
		}
	}
}
