package tenant_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/tenant"
)

// TestATenantThatIsNotValidReachesNoStep is for those who make tenants in Go.
func TestATenantThatIsNotValidReachesNoStep(t *testing.T) {
	_, err := tenant.Transformer{}.Filter(nil)
	require.ErrorContains(t, err, `IstioTenant: metadata.name: "" is not allowed`)
	require.ErrorContains(t, err, "IstioTenant: spec.admins: is empty")

	var wrong v1alpha1.IstioTenant
	wrong.Metadata.Name = "Sales"
	wrong.Spec.Admins = []v1alpha1.Subject{{Kind: "Usr", Name: "jo"}}
	wrong.Spec.ApplicationNamespaces = []string{"ns_1"}
	_, err = tenant.Transformer{Tenant: wrong}.Filter(nil)
	for _, at := range []string{"metadata.name", "spec.admins[0].kind", "spec.applicationNamespaces[0]"} {
		require.ErrorContains(t, err, at)
	}
}

// TestDefaultsAreFilledIn: a tenant that is made in Go needs to say no more
// than one that is written in YAML.
func TestDefaultsAreFilledIn(t *testing.T) {
	var sales v1alpha1.IstioTenant
	sales.Metadata.Name = "sales"
	sales.Spec.Admins = []v1alpha1.Subject{{Kind: "User", Name: "sales-admin"}}
	objects, err := tenant.Transformer{Tenant: sales}.Filter(base(t))
	require.NoError(t, err)
	require.NotEmpty(t, objects)
}
