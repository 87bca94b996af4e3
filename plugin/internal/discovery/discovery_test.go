package discovery_test

import (
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"
	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/discovery"
)

const (
	howToState = "set spec.apiProxy.image of the IstioRelease, give istio-tenancy split --api-proxy-image, " +
		"or write the annotation istio-tenancy.dev/api-proxy-image on the control plane's Deployment by a patch"
	orProxy = "state an image for the discovery proxy, which reads the tenant's namespaces only (" + howToState + "), or "
)

func TestFor(t *testing.T) {
	one, two := []string{"ns-1"}, []string{"ns-1", "ns-2"}
	for name, test := range map[string]struct {
		version    string
		asked      v1alpha1.Discovery
		namespaces []string
		want       v1alpha1.Discovery
		watch      []string
		policies   []string
		err        string
	}{
		"one namespace is watched by name": {
			"1.31.0", "auto", one, "namespace", one, one, "",
		},
		"several are selected": {
			"1.31.0", "auto", two, "selectors", []string{"istio-sales", "ns-1", "ns-2"}, []string{"istio-sales"}, "",
		},
		"one may be selected too": {
			"1.31.0", "selectors", one, "selectors", []string{"istio-sales", "ns-1"}, []string{"istio-sales"}, "",
		},
		"before 1.18 one is selected": {
			"1.17.0", "auto", one, "selectors", []string{"istio-sales", "ns-1"}, []string{"istio-sales"}, "",
		},
		"1.10 is told both ways": {
			"1.10.6", "auto", two, "appNamespace", []string{"istio-sales", "ns-1", "ns-2"}, []string{"istio-sales"}, "",
		},
		"1.8 would ignore what it is told": {
			"1.8.0", "auto", one, "", nil, nil,
			"spec.discovery: Istio 1.8.0 accepts --appNamespace and watches every namespace all the same, so that it would see other tenants; " +
				orProxy + `take a base of 1.6 or older, or of 1.10 or newer, or set "appNamespace" to use it anyway`,
		},
		"and does so on request": {
			"1.8.0", "appNamespace", two, "appNamespace", []string{"istio-sales", "ns-1", "ns-2"}, []string{"istio-sales"}, "",
		},
		"1.6 knows one namespace": {
			"1.6.0", "auto", one, "appNamespace", one, one, "",
		},
		"the CA of 1.0 knows one, whoever shows Pilot more": {
			"1.0.9", "proxy", two, "", nil, nil,
			`spec.discovery: found "proxy", by which Istio 1.0.9 knows one application namespace, and the tenant has 2: its CA knows ` +
				`one namespace only, whatever Pilot sees; give the tenant one application namespace`,
		},
		"and not two": {
			"1.6.0", "auto", two, "", nil, nil,
			"spec.applicationNamespaces: Istio 1.6.0 cannot be limited to 2 namespaces: ns-1, ns-2; " + orProxy + "give the tenant one application namespace",
		},
		"an old version does not know a new way": {
			"1.9.0", "selectors", one, "", nil, nil,
			`spec.discovery: Istio 1.9.0 with 1 application namespace(s) does not know "selectors"; it knows: proxy, appNamespace, or auto`,
		},
		"a new version does not know the old way": {
			"1.31.0", "appNamespace", one, "", nil, nil,
			`spec.discovery: Istio 1.31.0 with 1 application namespace(s) does not know "appNamespace"; it knows: proxy, namespace, selectors, or auto`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			tenant := v1alpha1.IstioTenant{Metadata: v1alpha1.Metadata{Name: "sales"}}
			tenant.Spec.ApplicationNamespaces, tenant.Spec.Discovery = test.namespaces, test.asked
			tenant.Default()
			plan, err := discovery.For(tenant, semver.MustParse(test.version), "")
			if test.err != "" {
				require.EqualError(t, err, test.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want, plan.Name)
			require.Equal(t, test.watch, plan.Watch)
			require.Equal(t, test.policies, plan.Policies)
		})
	}
}

func TestOnlySomeListNoMoreThanTheyWatch(t *testing.T) {
	for version, lists := range map[string]bool{"0.7.1": false, "1.4.10": false, "1.6.0": false, "1.8.0": true, "1.10.6": true, "1.17.0": true, "1.31.0": false} {
		tenant := v1alpha1.IstioTenant{Metadata: v1alpha1.Metadata{Name: "sales"}}
		if version == "1.8.0" {
			tenant.Spec.Discovery = v1alpha1.DiscoveryAppNamespace
		}
		tenant.Default()
		plan, err := discovery.For(tenant, semver.MustParse(version), "")
		require.NoError(t, err)
		require.Equal(t, lists, plan.Lists, version)
		require.Equal(t, lists && version != "1.8.0", plan.Selects, version)
		require.Equal(t, lists, len(plan.Warnings) > 0, version)
	}
}

// TestForAnImage: with the image of the API proxy, auto takes the proxy for any
// number of namespaces, where the version can be told of it.
func TestForAnImage(t *testing.T) {
	const image = "registry.example/istio-tenancy:1.0"
	one, two := []string{"ns-1"}, []string{"ns-1", "ns-2"}
	for _, test := range []struct {
		version    string
		asked      v1alpha1.Discovery
		namespaces []string
		want       v1alpha1.Discovery
		selects    bool
	}{
		{"1.31.0", "auto", one, "proxy", true},
		{"1.31.0", "auto", two, "proxy", true},
		{"1.31.0", "proxy", two, "proxy", true},
		{"1.31.0", "namespace", one, "namespace", false},
		{"1.31.0", "selectors", two, "selectors", true},
		{"1.10.6", "auto", two, "proxy", true},
		{"1.9.0", "auto", two, "proxy", false},
		{"1.6.0", "auto", two, "proxy", false},
		{"1.8.0", "appNamespace", two, "appNamespace", false},
	} {
		tenant := v1alpha1.IstioTenant{Metadata: v1alpha1.Metadata{Name: "sales"}}
		tenant.Spec.ApplicationNamespaces, tenant.Spec.Discovery = test.namespaces, test.asked
		tenant.Default()
		plan, err := discovery.For(tenant, semver.MustParse(test.version), image)
		require.NoError(t, err)
		require.Equal(t, test.want, plan.Name, test)
		require.Equal(t, test.selects, plan.Selects, test)
		if plan.Name != "proxy" {
			require.Empty(t, plan.Image)
			require.True(t, plan.Nodes)
			continue
		}
		require.Equal(t, image, plan.Image)
		require.Empty(t, plan.Warnings)
		require.False(t, plan.Lists)
		require.False(t, plan.Nodes)
		require.Equal(t, append([]string{"istio-sales"}, test.namespaces...), plan.Watch)
		require.Equal(t, []string{"istio-sales"}, plan.Policies, "the root namespace is watched")
	}
}

func TestAnImageWithoutAReleaseIsWarnedOf(t *testing.T) {
	for image, want := range map[string]bool{"r.example/a": true, "r.example/a:latest": true, "r.example/a:1.0": false} {
		tenant := v1alpha1.IstioTenant{Metadata: v1alpha1.Metadata{Name: "sales"}}
		tenant.Default()
		plan, err := discovery.For(tenant, semver.MustParse("1.31.0"), image)
		require.NoError(t, err)
		if !want {
			require.Empty(t, plan.Warnings)
			continue
		}
		require.Equal(t, []string{`spec.discovery: the image "` + image + `" of the API proxy has no tag of a release: the proxy and what is rendered for it ` +
			`are of one release of istio-tenancy, so that a tag such as 1.0, or a digest, is better`}, plan.Warnings)
	}
}

func TestForSaysWhereToStateAnImage(t *testing.T) {
	two := func(asked v1alpha1.Discovery) v1alpha1.IstioTenant {
		tenant := v1alpha1.IstioTenant{Metadata: v1alpha1.Metadata{Name: "sales"}}
		tenant.Spec.ApplicationNamespaces, tenant.Spec.Discovery = []string{"ns-1", "ns-2"}, asked
		tenant.Default()
		return tenant
	}
	_, err := discovery.For(two("proxy"), semver.MustParse("1.31.0"), "")
	require.EqualError(t, err, `spec.discovery: "proxy" runs a proxy beside the control plane, and the base states no image of it: `+howToState)
	plan, err := discovery.For(two("auto"), semver.MustParse("1.31.0"), "")
	require.NoError(t, err)
	require.Equal(t, `spec.discovery: auto is "selectors" here, with which the control plane reads every Secret of the cluster; `+orProxy+
		`take one application namespace and Istio 1.18 or later, or write "selectors" to accept that`, strings.Join(plan.Warnings, "\n"))
	plan, err = discovery.For(two("selectors"), semver.MustParse("1.31.0"), "")
	require.NoError(t, err)
	require.Empty(t, plan.Warnings, "it was asked for by name")
}

func TestForNodes(t *testing.T) {
	yes, no := true, false
	for _, test := range []struct {
		asked   v1alpha1.Discovery
		nodes   *bool
		want    bool
		warning string
	}{
		{"proxy", nil, false, ""},
		{"proxy", &no, false, ""},
		{"proxy", &yes, true, ""},
		{"namespace", nil, true, ""},
		{"namespace", &yes, true, ""},
		{"namespace", &no, true, `spec.controlPlane.readNodes: found false; with the discovery "namespace", the control plane always reads the cluster's nodes`},
		{"selectors", &no, true, `spec.controlPlane.readNodes: found false; with the discovery "selectors", the control plane always reads the cluster's nodes`},
	} {
		tenant := v1alpha1.IstioTenant{Metadata: v1alpha1.Metadata{Name: "sales"}}
		tenant.Spec.Discovery, tenant.Spec.ControlPlane.ReadNodes = test.asked, test.nodes
		tenant.Default()
		plan, err := discovery.For(tenant, semver.MustParse("1.31.0"), "a/b:1.0")
		require.NoError(t, err)
		require.Equal(t, test.want, plan.Nodes)
		require.Equal(t, test.warning, strings.Join(plan.Warnings, "\n"))
	}
}
