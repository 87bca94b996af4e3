package scope_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

// meshOf are the objects of a control plane with these settings.
func meshOf(settings string) string {
	from := strings.Index(istiod, "    # which")
	return istiod[:from] + settings + "---\n" + webhooks
}

func TestSaysWhichMeshSettingsAreReplaced(t *testing.T) {
	const at = "ConfigMap istio-system1/istio-sales: data.mesh"
	for name, test := range map[string]struct {
		version, mesh string
		namespaces    []string
		want          []string
	}{
		"the charts' own": {"1.31.0", "    trustDomain: cluster.local\n    rootNamespace: istio-system1\n    discoverySelectors: []\n", []string{"ns-1"}, nil},
		"none":            {"1.31.0", "    accessLogFile: /dev/stdout\n", []string{"ns-1"}, nil},
		"the tenant's":    {"1.31.0", "    trustDomain: sales.mesh\n", []string{"ns-1"}, nil},
		"null":            {"1.31.0", "    rootNamespace: null\n", []string{"ns-1"}, nil},
		"others": {
			"1.31.0", "    trustDomain: evil\n    rootNamespace: kube-system\n", []string{"ns-1"}, []string{
				at + `: rootNamespace: found "kube-system", the tenant's is "istio-system1" (spec.controlPlane.namespace): it is replaced`,
				at + `: trustDomain: found "evil", the tenant's is "sales.mesh" (spec.controlPlane.trustDomain): it is replaced`,
			},
		},
		"selectors beside one namespace": {
			"1.31.0", "    discoverySelectors: [{matchLabels: {team: all}}]\n", []string{"ns-1"}, []string{
				at + `: discoverySelectors: found [{"matchLabels":{"team":"all"}}], the tenant says which namespaces it has (spec.applicationNamespaces): it is removed`,
			},
		},
		"selectors beside several": {
			"1.31.0", "    discoverySelectors: [{matchLabels: {team: all}}]\n", []string{"ns-1", "ns-2"}, []string{
				at + `: discoverySelectors: found [{"matchLabels":{"team":"all"}}], the tenant says which namespaces it has (spec.applicationNamespaces): it is replaced`,
			},
		},
		"a class of Ingresses": {
			"1.15.0", "    ingressClass: nginx\n    ingressControllerMode: DEFAULT\n", []string{"ns-1", "ns-2"}, []string{
				at + `: ingressClass: found "nginx", the tenant's is "istio-sales" (metadata.name): it is replaced`,
			},
		},
		"a field that there is not": {
			"1.31.0", "    accesLogFile: /dev/stdout\n    enableTracing: \"yes\"\n", []string{"ns-1"}, []string{
				at + `.accesLogFile: no field of MeshConfig; did you mean "accessLogFile"?`,
				at + `.enableTracing: found "yes"; must be true or false`,
			},
		},
		"which another version may have": {"1.30.0", "    accesLogFile: /dev/stdout\n", []string{"ns-1"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, warnings := laid(t, test.version, meshOf(test.mesh), test.namespaces...)
			require.Equal(t, test.want, warnings)
			if test.version == "1.31.0" && !strings.Contains(test.mesh, "accesLogFile") {
				_, again := laid(t, test.version, got, test.namespaces...)
				require.Empty(t, again, "what an earlier run wrote")
			}
		})
	}
}

func TestProxiesAskTheTenantsControlPlane(t *testing.T) {
	for _, address := range []string{"istiod-sales.istio-system1.svc:15012", "istiod-sales.istio-system1:15012", "istiod-sales.istio-system1.svc.cluster.local:15012"} {
		got, warnings := laid(t, "1.31.0", meshOf("    defaultConfig: {discoveryAddress: \""+address+"\"}\n"), "ns-1")
		require.Contains(t, got, address)
		require.Empty(t, warnings)
	}
	for _, address := range []string{"istiod.istio-system2.svc:15012", "istiod-sales.istio-system1.example.com:15012", "10.0.0.1:15012", "istiod-sales"} {
		require.Equal(t, `ConfigMap istio-system1/istio-sales: data.mesh: defaultConfig.discoveryAddress: found "`+address+`"; `+
			`must name the Service of the tenant's control plane, istiod-sales.istio-system1.svc; remove it, and the proxies get the right one`,
			objecttest.RunError(t, filter(t, "1.31.0", "auto", "ns-1"), meshOf("    defaultConfig: {discoveryAddress: \""+address+"\"}\n")))
	}
	for _, field := range []string{"defaultConfig.discovery_address", "default_config.discoveryAddress", "default_config.discovery_address"} {
		config, name, _ := strings.Cut(field, ".")
		require.Contains(t, objecttest.RunError(t, filter(t, "1.31.0", "auto", "ns-1"), meshOf("    "+config+": {"+name+": \"a.b.svc:15012\"}\n")),
			"data.mesh: "+field+`: found "a.b.svc:15012"; must name the Service`, "as protobuf spells it")
	}
}

func TestASettingHasOneSpelling(t *testing.T) {
	require.Equal(t, `ConfigMap istio-system1/istio-sales: data.mesh: trust_domain: is trustDomain in another spelling, `+
		`and a mesh has one of the two: write trustDomain`,
		objecttest.RunError(t, filter(t, "1.31.0", "auto", "ns-1"), meshOf("    trust_domain: evil\n")))
}
