package istio_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"
	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
)

// TestEachRowIsWhole holds what every engine takes for granted.
func TestEachRowIsWhole(t *testing.T) {
	names := map[string]bool{}
	for _, c := range istio.Components {
		require.NotEmpty(t, c.Name)
		require.False(t, names[c.Name], "%s is there twice", c.Name)
		names[c.Name] = true
		inOrder(t, c.Range, c.Name)
		arguments, variables := c.Arguments, c.Variables
		if c.Identity != nil {
			require.NotEmpty(t, c.Identity.Why)
			inOrder(t, c.Identity.Range, c.Name)
			arguments, variables = slices.Concat(arguments, c.Identity.Arguments), slices.Concat(variables, c.Identity.Variables)
			require.True(t, slices.ContainsFunc(variables, func(v istio.Variable) bool {
				return v.Name == c.Identity.Audience && v.Range == (istio.Range{}) && strings.Contains(v.Value, "{audiences}")
			}), "the variable that lists audiences, whatever the version")
			for _, r := range c.Identity.Refused {
				require.NotEmpty(t, r.Why, r.Variable)
				inOrder(t, r.Range, r.Variable)
			}
		}
		for _, a := range arguments {
			require.NotEmpty(t, a.Why, a.Name)
			require.True(t, strings.HasPrefix(a.Name, "--"), a.Name)
			inOrder(t, a.Range, a.Name)
			filledIn(t, a.Value)
		}
		for _, v := range variables {
			require.NotEmpty(t, v.Why, v.Name)
			inOrder(t, v.Range, v.Name)
			filledIn(t, v.Value)
		}
		for _, s := range c.Mesh {
			require.NotEmpty(t, s.Why, s.Name)
			inOrder(t, s.Range, s.Name)
			filledIn(t, s.Value)
		}
		for _, r := range c.Rights {
			require.NotEmpty(t, r.Why, "%s: %s", c.Name, r.Resources)
			require.NotEmpty(t, r.Groups, "%s: %s", c.Name, r.Resources)
			require.NotEmpty(t, r.Resources, "%s: %s", c.Name, r.Groups)
			require.NotContains(t, r.Groups, "*", "no program needs every group")
			inOrder(t, r.Range, c.Name)
		}
	}
}

// TestAnAddonIsSafeToBecome: whoever administers an application namespace can
// become the addons there.
func TestAnAddonIsSafeToBecome(t *testing.T) {
	addons := 0
	for _, c := range istio.Components {
		if !c.Addon {
			continue
		}
		addons++
		for _, r := range c.Rights {
			require.Equal(t, istio.None, r.Write, "%s: %s", c.Name, r.Resources)
			require.Contains(t, []istio.Place{istio.None, istio.TenantNamespaces, istio.ApplicationNamespaces, istio.ControlPlaneNamespace}, r.Read, "%s: %s", c.Name, r.Resources)
			require.NotContains(t, r.Resources, "secrets", c.Name)
		}
		for _, u := range c.URLs {
			require.False(t, u.Given, "%s: %s", c.Name, u.Path)
		}
	}
	require.NotZero(t, addons)
}

func inOrder(t *testing.T, r istio.Range, what string) {
	t.Helper()
	for _, bound := range []string{r.Since, r.Before} {
		if bound != "" {
			_, err := semver.NewVersion(bound)
			require.NoError(t, err, what)
		}
	}
	if r.Since != "" && r.Before != "" {
		require.True(t, semver.MustParse(r.Since).LessThan(semver.MustParse(r.Before)), "%s: from %s to %s", what, r.Since, r.Before)
	}
}

var placeholder = regexp.MustCompile(`\{\w+\}`)

func filledIn(t *testing.T, text string) {
	t.Helper()
	values := istio.Values{
		Tenant: "sales", ControlPlane: "istio-system1", Applications: []string{"ns-1", "ns-2"}, Watched: []string{"ns-1"},
		Revision: "sales", TrustDomain: "sales.mesh", Audiences: []string{"sales.istio-tenancy.dev"},
	}
	require.Empty(t, placeholder.FindString(values.Expand(text)), text)
}

// TestEveryVersionHasOneControlPlane looks at each minor version that is known.
func TestEveryVersionHasOneControlPlane(t *testing.T) {
	for minor := range semver.MustParse(istio.Newest).Minor() + 1 {
		version := semver.New(1, minor, 0, "", "")
		var planes []string
		for _, c := range istio.Of(version) {
			if c.Discovery {
				planes = append(planes, c.Name)
				require.True(t, slices.ContainsFunc(c.Ports, func(p istio.Port) bool { return p.Name == istio.PortMonitoring && p.Holds(version) }))
			}
		}
		require.Len(t, planes, 1, "%s: %s", version, planes)
	}
}

func TestARange(t *testing.T) {
	for _, test := range []struct {
		r       istio.Range
		version string
		want    bool
	}{
		{istio.Range{}, "0.7.1", true},
		{istio.Range{Since: "1.18"}, "1.17.8", false},
		{istio.Range{Since: "1.18"}, "1.18.0", true},
		{istio.Range{Before: "1.18"}, "1.17.8", true},
		{istio.Range{Before: "1.18"}, "1.18.0", false},
		{istio.Range{Since: "1.1", Before: "1.10"}, "1.9.9", true},
		{istio.Range{Since: "1.1", Before: "1.10"}, "1.10.0", false},
	} {
		require.Equal(t, test.want, test.r.Holds(semver.MustParse(test.version)), "%v %s", test.r, test.version)
	}
}

// TestWhereARightGoes is the meaning of the places.
func TestWhereARightGoes(t *testing.T) {
	one := istio.Mode{Nodes: true}
	listing := istio.Mode{Lists: true, OwnNamespace: true, Nodes: true}
	proxied := istio.Mode{Proxied: true, OwnNamespace: true}
	withNodes := proxied
	withNodes.Nodes = true
	for _, test := range []struct {
		place                       istio.Place
		one, listed, proxied, noded istio.Place
	}{
		{istio.Watched, istio.ApplicationNamespaces, istio.Cluster, istio.TenantNamespaces, istio.TenantNamespaces},
		{istio.WatchedAndControlPlane, istio.TenantNamespaces, istio.Cluster, istio.TenantNamespaces, istio.TenantNamespaces},
		{istio.WatchedOfTenant, istio.ApplicationNamespaces, istio.TenantNamespaces, istio.TenantNamespaces, istio.TenantNamespaces},
		{istio.ApplicationNamespaces, istio.ApplicationNamespaces, istio.ApplicationNamespaces, istio.ApplicationNamespaces, istio.ApplicationNamespaces},
		{istio.ListedException, istio.Cluster, istio.Cluster, istio.TenantNamespaces, istio.TenantNamespaces},
		{istio.ClusterException, istio.Cluster, istio.Cluster, istio.Cluster, istio.Cluster},
		{istio.ClusterByName, istio.ClusterByName, istio.ClusterByName, istio.ClusterByName, istio.ClusterByName},
		{istio.ClusterOwn, istio.ClusterOwn, istio.ClusterOwn, istio.ClusterOwn, istio.ClusterOwn},
		{istio.ClusterOrByName, istio.Cluster, istio.Cluster, istio.ClusterByName, istio.ClusterByName},
		{istio.ClusterNodes, istio.Cluster, istio.Cluster, istio.None, istio.Cluster},
		{istio.None, istio.None, istio.None, istio.None, istio.None},
	} {
		require.Equal(t, test.one, test.place.In(one))
		require.Equal(t, test.listed, test.place.In(listing))
		require.Equal(t, test.proxied, test.place.In(proxied))
		require.Equal(t, test.noded, test.place.In(withNodes))
	}
}

// TestWhoReadsThroughTheProxyIsToldOfIt: otherwise it would read past it.
func TestWhoReadsThroughTheProxyIsToldOfIt(t *testing.T) {
	for _, version := range []string{"0.7.1", "1.0.0", "1.4.10", "1.6.0", "1.9.9", "1.10.6", "1.31.0"} {
		v := semver.MustParse(version)
		if !slices.ContainsFunc(istio.Modes, func(m istio.Mode) bool { return m.Proxied && m.Holds(v) }) {
			continue
		}
		require.True(t, slices.ContainsFunc(istio.Of(v), func(c istio.Component) bool { return c.Discovery && c.Kubeconfig != nil }), version)
	}
}

func TestWhatAContainerRuns(t *testing.T) {
	runs := func(container, image string) (names []string) {
		for _, c := range istio.Components {
			if c.Runs(container, image) {
				names = append(names, c.Name)
			}
		}
		return names
	}
	require.Equal(t, []string{"istiod", "Pilot"}, runs("x", "registry:5000/istio/pilot:1.31.0@sha256:0"))
	require.Equal(t, []string{"Citadel"}, runs("citadel", "mirror/ca"))
	require.Equal(t, []string{"the proxy"}, runs("istio-proxy", "auto"))
	require.Empty(t, runs("productpage", "istio/examples-bookinfo-productpage-v1"))
}

func TestTheEmbeddedReleaseIsTheNewest(t *testing.T) {
	require.True(t, strings.HasPrefix(istio.Release, istio.Newest+"."))
	require.True(t, semver.MustParse(istio.Oldest).LessThan(semver.MustParse(istio.Newest)))
}

// TestLocks has the names that the control planes of each version have beside them.
func TestLocks(t *testing.T) {
	for _, name := range []string{
		"istio-ingress-controller-leader-istio", // up to 1.4
		"istio-leader", "istio-namespace-controller-election", "istio-validation-controller-election", "istio-status-leader", "istio-analyze-leader",
		"istio-serviceexport-controller-election", "istio-gateway-leader", "istio-gateway-status-leader", "istio-gateway-deployment-leader",
		"istio-node-untaint", "istio-ip-autoallocate", "istio-clustertrustbundle-controller-election",
	} {
		require.True(t, istio.IsLock(name), name)
	}
	for _, name := range []string{"istio", "istio-sales", "istio-sidecar-injector", "istio-ingress-controller-leader", "values", ""} {
		require.False(t, istio.IsLock(name), name)
	}
}
