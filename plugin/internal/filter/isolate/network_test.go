package isolate_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

func deny(s *v1alpha1.TenantSpec) { s.Network.WithinTenant = v1alpha1.WithinTenantDeny }

func TestWithinTheTenantOnlyWhatItsOwnPoliciesOpen(t *testing.T) {
	got := run(t, filter(t, deny), istiod+gateway)
	require.Empty(t, got("NetworkPolicy ns-1/allow-tenant"))
	require.Contains(t, got("NetworkPolicy ns-1/allow-control-plane"), `spec:
  ingress:
  - from:
    - namespaceSelector:
        matchExpressions:
        - key: kubernetes.io/metadata.name
          operator: In
          values:
          - istio-system1
  podSelector: {}
`)
	require.Contains(t, got("NetworkPolicy istio-system1/allow-tenant"), "          - ns-1\n", "proxies reach istiod")
	require.NotEmpty(t, got("NetworkPolicy istio-system1/allow-webhooks"))
	require.NotEmpty(t, got("NetworkPolicy ns-1/allow-ingress-ingress"))
}

const own = `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: db}, spec: {podSelector: {matchLabels: {app: db}}, ingress: []}}`

func TestAPolicyThatNarrowsNothingIsNamed(t *testing.T) {
	warnings := func(edit func(*v1alpha1.TenantSpec), text string) []string {
		f := filter(t, edit)
		var all []string
		f.Warn = func(w string) { all = append(all, w) }
		objecttest.Run(t, f, istiod+text)
		return all
	}
	require.Empty(t, warnings(nil, strings.Replace(own, "ingress: []", "ingress: [{ports: [{port: 80}]}]", 1)), "it opens a port to everybody")
	require.Equal(t, []string{`NetworkPolicy ns-1/db: spec.podSelector: these Pods stay open to the whole tenant, in spite of this policy: ` +
		`"allow-tenant" allows that, and policies add up; set spec.network.withinTenant of the tenant to "deny", ` +
		`so that only policies such as this one open them`}, warnings(nil, own))
	require.Empty(t, warnings(deny, own))
	require.Empty(t, warnings(func(s *v1alpha1.TenantSpec) { s.Network.Policy = v1alpha1.NetworkOpen }, own))
	require.Empty(t, warnings(nil, strings.Replace(own, "ingress: []", "policyTypes: [Egress]", 1)))
}

func TestAnOwnObjectInTheWaySaysWhatToSet(t *testing.T) {
	const peers = `{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: default%}, spec: {mtls: {mode: PERMISSIVE}}}`
	for _, namespace := range []string{"", ", namespace: ns-1"} {
		text := strings.Replace(peers, "%", namespace, 1) + "\n---\n" +
			strings.Replace(own, "{name: db}", "{name: allow-tenant"+namespace+"}", 1)
		require.Equal(t, `PeerAuthentication ns-1/default: metadata.name: istio-tenancy generates a PeerAuthentication of this name: `+
			`rename yours if it has a selector, set spec.mtls of the tenant to its mode, or to "none", so that none is generated
NetworkPolicy ns-1/allow-tenant: metadata.name: istio-tenancy generates a NetworkPolicy of this name: `+
			`rename yours; policies add up: for what Pods of the tenant may do to one another, set spec.network.withinTenant of the tenant, `+
			`and spec.network.policy to "open" so that none is generated`,
			objecttest.RunError(t, filter(t, nil), istiod+text))
	}
	objecttest.Run(t, filter(t, func(s *v1alpha1.TenantSpec) { s.MTLS = v1alpha1.MTLSNone }), istiod+strings.Replace(peers, "%", "", 1))
}

func TestANamespaceSaysMutualTLSOnce(t *testing.T) {
	peers := func(namespace, spec string) string {
		return istiod + `{apiVersion: security.istio.io/v1beta1, kind: PeerAuthentication, metadata: {name: mine` + namespace + `}, spec: ` + spec + `}`
	}
	for _, namespace := range []string{"", ", namespace: ns-1"} {
		for _, spec := range []string{`{mtls: {mode: PERMISSIVE}}`, `{mtls: {mode: DISABLE}, selector: {matchLabels: {}}}`, `{}`} {
			require.Equal(t, `PeerAuthentication ns-1/mine: spec.selector: is missing, as in PeerAuthentication ns-1/default, which istio-tenancy generates, `+
				`and of two without a selector in a namespace Istio uses the older: set spec.mtls of the tenant to its mode and remove yours, `+
				`or set spec.mtls to "none", so that none is generated`, objecttest.RunError(t, filter(t, nil), peers(namespace, spec)))
		}
		for _, spec := range []string{`{mtls: {mode: STRICT}}`, `{mtls: {mode: PERMISSIVE}, selector: {matchLabels: {app: a}}}`} {
			objecttest.Run(t, filter(t, nil), peers(namespace, spec))
		}
		none := func(s *v1alpha1.TenantSpec) { s.MTLS = v1alpha1.MTLSNone }
		objecttest.Run(t, filter(t, none), peers(namespace, `{mtls: {mode: PERMISSIVE}}`))
	}
	objecttest.Run(t, filter(t, nil), peers(", namespace: istio-system1", `{mtls: {mode: PERMISSIVE}}`))
}

// TestTheProxysMetricsAreForWhomIstiodsAre, and its other port is for its own Pod.
func TestTheProxysMetricsAreForWhomIstiodsAre(t *testing.T) {
	base := strings.Replace(istiod, "istio-system1}", "istio-system1, annotations: {istio-tenancy.dev/api-proxy-image: a/b:1.0}}", 1)
	for discovery, want := range map[v1alpha1.Discovery]string{
		"namespace": "    ports:\n    - port: 15014\n      protocol: TCP\n",
		"proxy":     "    ports:\n    - port: 15014\n      protocol: TCP\n    - port: 15094\n      protocol: TCP\n",
	} {
		of := func(s *v1alpha1.TenantSpec) {
			s.Discovery, s.Network.AllowFrom = discovery, []string{"monitoring"}
			floor := true
			s.Network.Floor = &floor
		}
		text := objecttest.Run(t, filter(t, of), base)
		require.Contains(t, text, "name: allow-from\n  namespace: istio-system1\n")
		require.Contains(t, text, want+"  podSelector:", discovery)
		require.Equal(t, discovery == "proxy", strings.Contains(text, "number: 15094"), "the floor passes it on")
		require.NotContains(t, text, "16443")
	}
}

// TestTheMeshSaysMutualTLSOnce: where istiod watches its own namespace, what is
// made there holds for all of the tenant's, unless one of these says otherwise.
func TestTheMeshSaysMutualTLSOnce(t *testing.T) {
	base := strings.Replace(istiod, "istio-system1}", "istio-system1, annotations: {istio-tenancy.dev/api-proxy-image: a/b:1.0}}", 1)
	for _, discovery := range []v1alpha1.Discovery{"selectors", "proxy"} {
		two := func(s *v1alpha1.TenantSpec) {
			s.ApplicationNamespaces, s.Discovery = []string{"ns-1", "ns-2"}, discovery
		}
		peers := func(namespace, spec string) string {
			return base + `{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: mine, namespace: ` + namespace + `}, spec: ` + spec + `}`
		}
		for _, namespace := range []string{"ns-1", "ns-2"} {
			require.Equal(t, `PeerAuthentication `+namespace+`/mine: spec.selector: is missing, so that in this namespace it goes before `+
				`PeerAuthentication istio-system1/default, which istio-tenancy generates for the whole mesh: set spec.mtls of the tenant to its mode and remove yours, `+
				`or set spec.mtls to "none", so that none is generated`, objecttest.RunError(t, filter(t, two), peers(namespace, `{mtls: {mode: PERMISSIVE}}`)))
			objecttest.Run(t, filter(t, two), peers(namespace, `{mtls: {mode: STRICT}}`))
			objecttest.Run(t, filter(t, two), peers(namespace, `{mtls: {mode: PERMISSIVE}, selector: {matchLabels: {app: a}}}`))
		}
		require.Contains(t, objecttest.RunError(t, filter(t, two), peers("istio-system1", `{mtls: {mode: PERMISSIVE}}`)), "Istio uses the older")
	}
}

func TestANamespaceThatIsLeftOutIsNamed(t *testing.T) {
	no := false
	f := filter(t, func(s *v1alpha1.TenantSpec) { s.CreateNamespaces = &no })
	var warnings []string
	f.Warn = func(w string) { warnings = append(warnings, w) }
	got := objecttest.Run(t, f, istiod+`{apiVersion: v1, kind: Namespace, metadata: {name: ns-1, labels: {team: a}}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: istio-system1}}`)
	require.NotContains(t, got, "kind: Namespace\n")
	require.Equal(t, []string{`Namespace ns-1: is left out, with the labels and annotations that it has, since spec.createNamespaces ` +
		`of the tenant is false; remove it here, and apply it with the cluster's own Namespaces`}, warnings)
}
