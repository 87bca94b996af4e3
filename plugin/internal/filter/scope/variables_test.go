package scope_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

func TestOnlyProxiesGetTheTrustDomain(t *testing.T) {
	for _, test := range []struct {
		name, image string
		want        string
	}{
		{"istio-proxy", "auto", "sales.mesh"},
		{"gateway", "registry.example/istio/proxyv2:1.31.0", "sales.mesh"},
		{"ingressglobalproxy", "docker.io/istio/proxy:0.7.1", "sales.mesh"},
		{"spire", "registry.example/spire-agent:1", "own"},
	} {
		for _, namespace := range []string{"", ", namespace: ns-1", ", namespace: istio-system1"} {
			got := objecttest.Run(t, filter(t, "1.31.0", "auto", "ns-1"), istiod+webhooks+fmt.Sprintf(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: a%s}
spec:
  template:
    spec:
      containers:
      - name: %s
        image: %s
        env:
        - {name: TRUST_DOMAIN, value: "own"}
        - {name: ISTIO_META_MESH_ID, value: "own"}
`, namespace, test.name, test.image))
			require.Contains(t, got, fmt.Sprintf("- {name: TRUST_DOMAIN, value: %q}\n        - {name: ISTIO_META_MESH_ID, value: %[1]q}", test.want), test.name)
		}
	}
}

func TestSaysWhomAnAddonLetsIn(t *testing.T) {
	const at = "Deployment ns-1/grafana: env "
	for env, want := range map[string][]string{
		`{name: GF_AUTH_ANONYMOUS_ORG_ROLE, value: Viewer}`: nil,
		`{name: GF_AUTH_ANONYMOUS_ORG_ROLE, value: Admin}`: {at + `GF_AUTH_ANONYMOUS_ORG_ROLE: found "Admin": whoever connects, such as any Pod of the tenant, has that role, ` +
			`with which an Admin changes its data sources, and lets it send requests to other addresses: write Viewer`},
		`{name: GF_SECURITY_ADMIN_PASSWORD, value: admin}`:                                 {at + `GF_SECURITY_ADMIN_PASSWORD: found "admin": whoever reads the output has the password of its administrator: take it from a Secret`},
		`{name: GF_SECURITY_ADMIN_PASSWORD, valueFrom: {secretKeyRef: {name: a, key: b}}}`: nil,
	} {
		for image, want := range map[string][]string{"docker.io/grafana/grafana:12.0.0": want, "registry.example/own:1": nil} {
			var all []string
			f := filter(t, "1.31.0", "auto", "ns-1")
			f.Warn = func(w string) {
				if strings.Contains(w, "grafana") {
					all = append(all, w)
				}
			}
			objecttest.Run(t, f, istiod+webhooks+"\n{apiVersion: apps/v1, kind: Deployment, metadata: {name: grafana, namespace: ns-1}, spec: {template: {spec: {containers: [{name: a, image: \""+image+"\", env: ["+env+"]}]}}}}")
			require.Equal(t, want, all, env)
		}
	}
}

// withEnv are the objects of a control plane that has more variables.
func withEnv(env string) string {
	return strings.Replace(meshOf("    trustDomain: cluster.local\n"), "        env:\n", "        env:\n"+env, 1)
}

func TestSaysWhichVariablesAreReplaced(t *testing.T) {
	const at = "Deployment istio-system1/istiod-sales: env "
	for env, want := range map[string][]string{
		`{name: ISTIO_WATCH_NAMESPACE, value: other}`: {
			at + `ISTIO_WATCH_NAMESPACE: found "other"; "ns-1" is used, which limits the control plane to the tenant`,
		},
		`{name: K8S_INGRESS_NS, value: zzz}`: {
			at + `K8S_INGRESS_NS: found "zzz"; "ns-1" is used, which limits the control plane to the tenant`,
		},
		`{name: ISTIO_WATCH_NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}`: {
			at + `ISTIO_WATCH_NAMESPACE: found valueFrom; "ns-1" is used, which limits the control plane to the tenant`,
		},
		`{name: ISTIO_WATCH_NAMESPACE, value: ns-1}`:              nil,
		`{name: K8S_INGRESS_NS, value: istio-system1}`:            nil, // kept
		`{name: BLOCKED_CIDRS_IN_JWKS_URIS, value: 10.0.0.0/8}`:   nil, // kept beside others
		`{name: PILOT_SCOPE_GATEWAY_TO_NAMESPACE, value: "true"}`: nil,
		`{name: PILOT_ENABLE_ANALYSIS, value: "of no concern"}`:   nil,
	} {
		got, warnings := laid(t, "1.31.0", withEnv("        - "+env+"\n"), "ns-1")
		require.Equal(t, want, warnings, env)
		_, again := laid(t, "1.31.0", got, "ns-1")
		require.Empty(t, again, env)
	}
}

func TestAVariableIsThereOnce(t *testing.T) {
	require.Equal(t, `Deployment istio-system1/istiod-sales: container discovery: env REVISION: is there more than once; `+
		`a container has one variable of a name: remove the others
Deployment istio-system1/istiod-sales: container discovery: env CA_TRUSTED_NODE_ACCOUNTS: is there more than once; `+
		`a container has one variable of a name: remove the others`,
		objecttest.RunError(t, filter(t, "1.31.0", "auto", "ns-1"), strings.Replace(withEnv(""), "        env:\n", `        env:
        - {name: CA_TRUSTED_NODE_ACCOUNTS}
        - {name: REVISION, value: a}
        - {name: REVISION, value: a}
        - {name: REVISION, value: b}
`, 1)))
}

func TestOneNamespaceIsNotNamedBesideSelectors(t *testing.T) {
	require.Equal(t, `Deployment istio-system1/istiod-sales: env ISTIO_WATCH_NAMESPACE: found "other", with which istiod would watch this namespace alone, `+
		`and the tenant's are istio-system1, ns-1 (spec.discovery is "selectors" here): remove it`,
		objecttest.RunError(t, filter(t, "1.31.0", "selectors", "ns-1"), withEnv("        - {name: ISTIO_WATCH_NAMESPACE, value: other}\n")))
}
