package identify_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestOtherDoors are settings of istiod that would let in, or tell, who has no
// token of the tenant's.
func TestOtherDoors(t *testing.T) {
	const why = "Deployment istio-system1/istiod-sales: "
	for _, test := range []struct{ version, name, value, want, warning string }{
		{"1.31.0", "TOKEN_AUDIENCES", "istio-ca", "sales.istio-tenancy.dev", "tokens of other audiences are refused, by the CA, by xDS and by the debug port"},
		{"1.31.0", "XDS_AUTH", "false", "true", "without it, xDS has no authentication"},
		{"1.31.0", "PILOT_ENABLE_XDS_IDENTITY_CHECK", "false", "true", "without it, a proxy may claim to be in another namespace"},
		{"1.31.0", "PILOT_SKIP_VALIDATE_TRUST_DOMAIN", "true", "false", "with it, workloads trust peers of other trust domains, such as a tenant's with the same root certificate"},
		{"1.31.0", "JWT_RULE", "{}", "", "it lets another issuer of tokens decide who is who"},
		{"1.31.0", "TRUSTED_GATEWAY_CIDR", "10.0.0.0/8", "", "from there, istiod takes the identity of a client from a header of the request"},
		{"1.31.0", "TOKEN_ISSUER", "https://issuer", "", "with an empty KUBERNETES_SERVICE_HOST, that issuer's tokens are taken"},
		{"1.31.0", "AUDIENCE", "a", "", "with an empty KUBERNETES_SERVICE_HOST, tokens of that audience are taken"},
		{"1.31.0", "ENABLE_DEBUG_ENDPOINT_AUTH", "false", "true", "without it, the debug port shows the mesh's configuration to everybody"},
		{"1.31.0", "ENABLE_XDS_API_GENERATOR_AUTH", "false", "true", "without it, xDS shows the mesh's configuration across namespaces"},
		{"1.18.0", "SPIFFE_BUNDLE_ENDPOINTS", "a|https://a", "", "it lets certificates of other trust domains in"},
		{"1.10.6", "REQUIRE_3P_TOKEN", "false", "true", "otherwise a token without any audience is taken, such as one in a Secret; from 1.22 on it is not"},
	} {
		got, warned := run(t, test.version, istiod(args+fmt.Sprintf("        env: [{name: %s, value: %q}]\n", test.name, test.value)))
		require.Contains(t, got, fmt.Sprintf("{name: %s, value: %q}", test.name, test.want))
		require.Equal(t, []string{why + fmt.Sprintf("env %s: found %q; %q is used: %s", test.name, test.value, test.want, test.warning)}, warned)

		got, warned = run(t, test.version, istiod(args+fmt.Sprintf("        env: [{name: %s, valueFrom: {configMapKeyRef: {name: a, key: b}}}]\n", test.name)))
		require.Contains(t, got, fmt.Sprintf("{name: %s, value: %q}", test.name, test.want))
		require.Len(t, warned, 1)
		require.Contains(t, warned[0], "found valueFrom")
	}
	got, warned := run(t, "1.31.0", istiod(args+"        env: [{name: XDS_AUTH, value: \"true\"}, {name: OTHER, value: \"1\"}]\n"))
	require.Contains(t, got, `[{name: XDS_AUTH, value: "true"}, {name: OTHER, value: "1"}, {name: TOKEN_AUDIENCES, value: "sales.istio-tenancy.dev"}]`)
	require.Empty(t, warned)
}

// TestOtherDoorsOfAnyVersion: a base may state an older version than the one that
// runs, and a variable that is not known does no harm.
func TestOtherDoorsOfAnyVersion(t *testing.T) {
	for _, version := range []string{"1.5.10", "1.6.0", "1.12.0", "1.19.0", "1.31.0"} {
		for _, name := range []string{
			"TOKEN_AUDIENCES", "XDS_AUTH", "PILOT_ENABLE_XDS_IDENTITY_CHECK", "PILOT_SKIP_VALIDATE_TRUST_DOMAIN", "JWT_RULE", "TRUSTED_GATEWAY_CIDR",
			"TOKEN_ISSUER", "AUDIENCE", "ENABLE_DEBUG_ENDPOINT_AUTH", "ENABLE_XDS_API_GENERATOR_AUTH", "SPIFFE_BUNDLE_ENDPOINTS",
		} {
			got, warned := run(t, version, istiod(args+fmt.Sprintf("        env: [{name: %s, value: evil}]\n", name)))
			require.NotContains(t, got, "evil", "%s %s", version, name)
			require.Contains(t, fmt.Sprint(warned), "env "+name+`: found "evil"`, "%s %s", version, name)
		}
	}
}

// TestVariablesOfAConfigMap cannot be seen, so that they are overruled.
func TestVariablesOfAConfigMap(t *testing.T) {
	got, _ := run(t, "1.31.0", istiod(args+"        envFrom: [{configMapRef: {name: more}}]\n"))
	for _, want := range []string{"name: XDS_AUTH\n          value: \"true\"", "name: TRUSTED_GATEWAY_CIDR\n          value: \"\""} {
		require.Contains(t, got, want)
	}
}

func TestTokensWithoutAnAudienceAreRefused(t *testing.T) {
	values := func(policy string) string {
		return istiod(args) + `---
apiVersion: v1
kind: ConfigMap
metadata: {name: istio-sidecar-injector-sales, namespace: istio-system1}
data:
  values: '{"global": {"jwtPolicy": "` + policy + `"}}'
`
	}
	const why = `found "first-party-jwt": with it, proxies show the token that every Pod of the cluster has for the API server; ` +
		`must be "third-party-jwt": render the base with global.jwtPolicy=third-party-jwt`
	first := istiod(args + "        env: [{name: JWT_POLICY, value: first-party-jwt}]\n")
	for _, version := range []string{"1.8.0", "1.21.6"} {
		require.Equal(t, "Deployment istio-system1/istiod-sales: env JWT_POLICY: "+why, fails(t, version, first))
		require.Equal(t, "ConfigMap istio-system1/istio-sidecar-injector-sales: data.values: global.jwtPolicy: "+why, fails(t, version, values("first-party-jwt")))
		run(t, version, values("third-party-jwt"))
	}
	run(t, "1.22.0", first) // asks for the audience whatever this says
}
