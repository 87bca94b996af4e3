package checklist

import (
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"
	"github.com/stretchr/testify/require"
)

func TestGapsOfTheCatalogue(t *testing.T) {
	// What the catalogue counts on in 1.31.
	const istiod = `
feature: AUDIENCE
feature: BLOCKED_CIDRS_IN_JWKS_URIS
feature: CA_TRUSTED_NODE_ACCOUNTS
feature: DEBUG_ENDPOINT_AUTH_ALLOWED_NAMESPACES
feature: ENABLE_DEBUG_ENDPOINT_AUTH
feature: ENABLE_XDS_API_GENERATOR_AUTH
feature: ISTIO_WATCH_NAMESPACE
feature: JWT_RULE
feature: K8S_INGRESS_NS
feature: PILOT_ENABLE_GATEWAY_API_GATEWAYCLASS_CONTROLLER
feature: PILOT_ENABLE_K8S_SELECT_WORKLOAD_ENTRIES
feature: PILOT_GATEWAY_API_CONTROLLER_NAME
feature: PILOT_GATEWAY_API_DEFAULT_GATEWAYCLASS_NAME
feature: PILOT_ENABLE_XDS_IDENTITY_CHECK
feature: PILOT_SCOPE_GATEWAY_TO_NAMESPACE
feature: PILOT_SKIP_VALIDATE_TRUST_DOMAIN
feature: TOKEN_AUDIENCES
feature: TOKEN_ISSUER
feature: TRUSTED_GATEWAY_CIDR
feature: UNSAFE_ENABLE_ADMIN_ENDPOINTS
feature: XDS_AUTH
flag: --grpcAddr
port: Deployment istiod discovery: 15010
port: Deployment istiod discovery: 15012
port: Deployment istiod discovery: 15014
port: Deployment istiod discovery: 15017
`
	for _, test := range []struct{ name, version, facts, want string }{
		{"nothing", "1.31.0", istiod + "right: istiod in the cluster: pods = get\nkind: Sidecar sidecars.networking.istio.io\n", ""},
		{"a right", "1.31.0", istiod + "right: istiod in the cluster: frobs.example.com = get\n", "no right of istiod is about frobs.example.com"},
		{"a right in its own namespace", "1.31.0", istiod + "right: istiod in its namespace: frobs.example.com = get\n", ""},
		{"an account", "1.31.0", istiod + "right: istio-frob in the cluster: pods = get\n", "no component has the account istio-frob"},
		{"an account that a tenant does not have", "1.31.0", istiod + "right: istio-reader-service-account in the cluster: frobs.example.com = get\n", ""},
		{"a kind", "1.31.0", istiod + "kind: Frob frobs.networking.istio.io = Namespaced\n", "istio.Resources has no frobs.networking.istio.io"},
		{"a newer version", "1.99.0", istiod, "the newest version that the catalogue knows is "},
		{"a limit that is gone", "1.31.0", strings.Replace(istiod, "feature: ISTIO_WATCH_NAMESPACE\n", "", 1),
			"istiod does not read ISTIO_WATCH_NAMESPACE, which a tenant sets: "},
		{"an identity that is gone", "1.31.0", strings.Replace(istiod, "feature: TOKEN_AUDIENCES\n", "", 1),
			"istiod does not read TOKEN_AUDIENCES, which a tenant sets: "},
		{"a plaintext port under another argument", "1.31.0", strings.Replace(istiod, "flag: --grpcAddr\n", "", 1),
			"istiod does not know --grpcAddr, which a tenant sets: "},
		{"audiences that a tenant replaces", "1.31.0", istiod + "template: waypoint: audience istio-ca\n" +
			"template: sidecar: audience {{ .Values.global.sds.token.aud }}\n", ""},
		{"an audience of its own", "1.31.0", istiod + "template: frob: audience istio-frob\n",
			"frob asks for tokens of the audience istio-frob, which a tenant's istiod does not accept"},
		{"a port that is gone", "1.31.0", strings.Replace(istiod, "15017", "1", 1), "istiod has no port 15017, which is for webhooks"},
	} {
		t.Run(test.name, func(t *testing.T) {
			facts, err := Read(strings.NewReader(test.facts))
			require.NoError(t, err)
			catalogue(semver.MustParse(test.version), &facts)
			var gaps []string
			for _, f := range facts.All() {
				if f.Topic == "gap" {
					gaps = append(gaps, f.Name)
				}
			}
			if test.want == "" {
				require.Empty(t, gaps)
				return
			}
			require.Len(t, gaps, 1)
			require.Contains(t, gaps[0], test.want)
		})
	}
}
