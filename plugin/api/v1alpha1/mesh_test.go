package v1alpha1

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhoseMesh(t *testing.T) {
	decode := func(spec string) IstioTenant {
		got, err := DecodeTenant([]byte(head + "spec:\n" + admin + spec))
		require.NoError(t, err)
		return got
	}
	dedicated := decode("")
	require.Equal(t, "sales.istio-tenancy.dev", dedicated.TokenAudience())
	require.Equal(t, []string{"istio-sales", "sales"}, dedicated.Namespaces())
	require.False(t, dedicated.InSharedMesh())

	shared := decode("  mesh: shared\n")
	require.Equal(t, "shared.istio-tenancy.dev", shared.TokenAudience(), "the mesh's, not the tenant's")
	require.Equal(t, []string{"sales"}, shared.Namespaces(), "the control plane's is not the tenant's")
	require.Equal(t, ControlPlane{Namespace: "istio-shared", Revision: "shared"}, shared.Spec.ControlPlane)
	require.Equal(t, "istio-blue", decode("  mesh: shared\n  controlPlane: {revision: blue}\n").Spec.ControlPlane.Namespace)

	host := decode("  mesh: host\n")
	require.Equal(t, "sales", host.MeshName())
	require.Equal(t, DiscoverySelectors, host.Spec.Discovery)
	require.Equal(t, []string{"istio-sales", "sales"}, host.Namespaces())
}

func TestWhatMeansNothingInAMesh(t *testing.T) {
	const ofMesh = ` has no effect where spec.mesh is "shared": the tenant that has the mesh's control plane sets it for all tenants: leave it out`
	for name, c := range map[string]struct{ spec, want string }{
		"a trust domain":  {"  mesh: shared\n  controlPlane: {trustDomain: a.mesh}\n", "spec.controlPlane.trustDomain:" + ofMesh},
		"audiences":       {"  mesh: shared\n  controlPlane: {extraTokenAudiences: [istio-ca]}\n", "spec.controlPlane.extraTokenAudiences:" + ofMesh},
		"nodes":           {"  mesh: shared\n  controlPlane: {readNodes: false}\n", "spec.controlPlane.readNodes:" + ofMesh},
		"rights":          {"  mesh: shared\n  controlPlane: {rights: [{serviceAccount: a, apiGroups: [\"\"], resources: [pods], verbs: [get]}]}\n", "spec.controlPlane.rights:" + ofMesh},
		"access":          {"  mesh: shared\n  controlPlane: {adminAccess: operate}\n", `spec.controlPlane.adminAccess: has no effect where spec.mesh is "shared": the tenant's administrators have no right in the control plane's namespace: leave it out`},
		"discovery":       {"  mesh: shared\n  discovery: auto\n", `spec.discovery: has no effect where spec.mesh is "shared": the control plane selects the Namespaces with the label istio-tenancy.dev/mesh: leave it out`},
		"the mesh's name": {"  mesh: shared\n  controlPlane: {revision: sales}\n", `metadata.name: "sales" is the mesh's name (spec.controlPlane.revision), and the tenant with the control plane has this name: must be another name`},
		"a floor":         {"  mesh: shared\n  network: {floor: true}\n", `spec.network.floor: true is for a tenant with a control plane of its own, and spec.mesh is "shared": must be false, or left out`},
		"no Namespaces":   {"  mesh: shared\n  createNamespaces: false\n", `spec.createNamespaces: false leaves the Namespaces to you, and where spec.mesh is "shared", admission policies look for what this program writes into them: must be true, or left out`},
		"its namespace":   {"  mesh: shared\n  applicationNamespaces: [istio-shared]\n", `spec.applicationNamespaces[0]: "istio-shared" is the control plane's namespace (spec.controlPlane.namespace): must be another one`},

		"a host's revision":    {"  mesh: host\n  controlPlane: {revision: blue}\n", `spec.controlPlane.revision: "blue" is not the tenant's name, and where spec.mesh is "host" other tenants refer to the mesh by that name: must be "sales", or left out`},
		"a host's discovery":   {"  mesh: host\n  discovery: proxy\n", `spec.discovery: "proxy" selects namespaces by their names, and where spec.mesh is "host" they are selected by the label istio-tenancy.dev/mesh: must be selectors, or left out`},
		"a host's floor":       {"  mesh: host\n  network: {floor: true}\n", `spec.network.floor: true is for a tenant with a control plane of its own, and spec.mesh is "host": must be false, or left out`},
		"a host without nodes": {"  mesh: host\n  controlPlane: {readNodes: false}\n", `spec.controlPlane.readNodes: is for the discovery proxy, and where spec.mesh is "host" the control plane always reads the nodes: leave it out`},

		"no mesh": {"  mesh: Shared\n", `spec.mesh: "Shared" is unknown: must be dedicated, shared or host; did you mean "shared"?`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := DecodeTenant([]byte(head + "spec:\n" + admin + c.spec))
			require.EqualError(t, err, "IstioTenant sales: "+c.want)
		})
	}
	_, err := DecodeTenant([]byte(strings.Replace(head, "sales", "shared", 1) + "spec:\n" + admin + "  mesh: host\n"))
	require.NoError(t, err)
}
