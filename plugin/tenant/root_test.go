package tenant_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/tenant"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

// TestAMeshWidePolicyMeetsTheOneThatIsMade: of what comes to the namespace where
// this program makes one, too, it says how to have it instead.
func TestAMeshWidePolicyMeetsTheOneThatIsMade(t *testing.T) {
	for mode, want := range map[string]string{
		"PERMISSIVE": "PeerAuthentication ns-1/mesh: spec.selector: is missing, as in PeerAuthentication ns-1/default, which istio-tenancy generates",
		"STRICT":     "",
	} {
		of := load(t, "shipped-sales")
		_, err := tenant.Transformer{Tenant: of}.Filter(append(base(t), objecttest.Parse(t, `
{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: mesh, namespace: ISTIO_TENANT_NAMESPACE}, spec: {mtls: {mode: `+mode+`}}}`)...))
		if want == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, want)
	}
}
