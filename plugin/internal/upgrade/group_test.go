package upgrade

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/tenancytest"
)

func TestNamesOfATenant(t *testing.T) {
	tenant := tenancytest.Sales("ns-1")
	tenant.Spec.ControlPlane.Revision = "blue"
	for text, want := range map[string]string{
		"sales":                     "{tenant}",
		"salesperson, wholesales":   "salesperson, wholesales",
		"a-sales.istio-system1.svc": "a-{tenant}.{controlPlane}.svc",
		"ns-1,ns-12":                "{application},ns-12",
		"sales.mesh/blue":           "{trustDomain}/{revision}",
		"sales.istio-tenancy.dev":   "{tenant}.istio-tenancy.dev",
	} {
		require.Equal(t, want, namesOf(tenant).replace(text), text)
	}

	tenant = tenancytest.Sales("dev")
	tenant.Metadata.Name = "dev"
	require.Equal(t, "/dev/stdout istio-tenancy.dev {tenant}", namesOf(tenant).replace("/dev/stdout istio-tenancy.dev dev"))
}

// A tenant whose namespace is called as one is by default, and one in Istio's own, have
// the same objects as any.
func TestNamesOfObjects(t *testing.T) {
	tenant := tenancytest.Sales("ns-1")
	for namespace, names := range map[string][]string{
		"istio-system1": {"ConfigMap istio-sales", "ClusterRole istiod-sales-istio-system1", "Role istiod in ns-1", "ServiceAccount a of ns-1"},
		"istio-sales":   {"ConfigMap istio-sales", "ClusterRole istiod-sales-istio-sales", "Role istiod in ns-1", "ServiceAccount a of ns-1"},
		"istio-system":  {"ConfigMap istio-sales", "ClusterRole istiod-sales", "Role istiod in ns-1", "ServiceAccount a of ns-1"},
	} {
		tenant.Spec.ControlPlane.Namespace = namespace
		for i, want := range []string{"ConfigMap istio-{tenant}", "ClusterRole istiod-{tenant}", "Role istiod in {application}", "ServiceAccount a of {application}"} {
			require.Equal(t, want, objectName(names[i], tenant), namespace)
		}
	}
}

func TestGrouped(t *testing.T) {
	sales, hr := tenancytest.Sales("ns-1"), tenancytest.Sales("people")
	hr.Metadata.Name, hr.Spec.ControlPlane.Revision = "hr", "hr"
	report := func(overlay string, added ...string) Report {
		return Report{Tenants: []Tenant{{Overlay: overlay}}, Added: added}
	}
	reports := grouped([]one{
		newOne(report("a", "X istiod-sales in ns-1"), sales),
		newOne(report("b", "X istiod-hr in ns-1"), hr),
		newOne(report("c", "X istiod-hr in people"), hr),
	})
	require.Len(t, reports, 2)
	require.Equal(t, []Tenant{{Overlay: "a"}, {Overlay: "c"}}, reports[0].Tenants)
	require.Equal(t, []string{"X istiod-{tenant} in {application}"}, reports[0].Added)
	require.Equal(t, []string{"X istiod-hr in ns-1"}, reports[1].Added)
}
