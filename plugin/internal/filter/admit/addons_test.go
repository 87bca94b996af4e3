package admit_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/admit"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

// TestAnAddonMayRunWithTheApplications: its ClusterRole is confined, wherever in
// the tenant it runs. Nobody else's account of an application namespace has one.
func TestAnAddonMayRunWithTheApplications(t *testing.T) {
	binding := func(subject string) string {
		return istiod + rbac + `ClusterRoleBinding, metadata: {name: x-ISTIO_TENANT_NAMESPACE}, roleRef: {kind: ClusterRole, name: x-ISTIO_TENANT_NAMESPACE}, subjects: [` + subject + `]}`
	}
	for _, subject := range []string{
		"{kind: ServiceAccount, name: kiali}", "{kind: ServiceAccount, name: prometheus, namespace: ns-1}", "{kind: ServiceAccount, name: kiali, namespace: ISTIO_TENANT_NAMESPACE}",
	} {
		objecttest.Run(t, admit.Filter{Tenant: sales()}, binding(subject))
	}
	for _, subject := range []string{
		"{kind: ServiceAccount, name: collector}", "{kind: ServiceAccount, name: kiali, namespace: ns-0}", "{kind: ServiceAccount, name: istiod, namespace: ns-1}",
		"{kind: User, name: kiali}", "{kind: Group, name: prometheus}",
	} {
		require.Contains(t, objecttest.RunError(t, admit.Filter{Tenant: sales()}, binding(subject)), "a tenant's overlay grants cluster-wide rights only to the control plane's")
	}
}
