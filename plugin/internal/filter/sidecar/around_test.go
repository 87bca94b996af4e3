package sidecar_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

func TestAControlPlaneWithoutATokenIsRefused(t *testing.T) {
	const account = "---\n{apiVersion: v1, kind: ServiceAccount, metadata: {name: istiod, namespace: istio-system1}, automountServiceAccountToken: false}\n"
	const why = "found false, with which the control plane has no token for its requests to the API proxy: remove it"
	for pod, want := range map[string]string{
		"automountServiceAccountToken: false, ":                            "spec.template.spec.automountServiceAccountToken: " + why,
		"serviceAccountName: istiod, ":                                     "spec.template.spec.serviceAccountName: ServiceAccount istio-system1/istiod: automountServiceAccountToken: " + why,
		"serviceAccount: istiod, ":                                         "spec.template.spec.serviceAccountName: ServiceAccount istio-system1/istiod: automountServiceAccountToken: " + why,
		"serviceAccountName: istiod, automountServiceAccountToken: true, ": "",
		"serviceAccountName: another, ":                                    "",
	} {
		text := base(volume+pod, mount) + account
		if want == "" {
			objecttest.Run(t, step("proxy", new([]string)), text)
			continue
		}
		require.Equal(t, "Deployment istio-system1/istiod-sales: "+want, objecttest.RunError(t, step("proxy", new([]string)), text))
		objecttest.Run(t, step("selectors", new([]string)), text)
	}
}

func TestWhatWeakensTheProxyIsWarnedOf(t *testing.T) {
	const key = "securityContext.runAsUser: found 65532, which is the API proxy's user: the control plane could read the proxy's key; take another one"
	for name, test := range map[string]struct{ pod, container, want string }{
		"its user":              {"", "securityContext: {runAsUser: 65532}, ", "containers: discovery: " + key},
		"its user, for the Pod": {"securityContext: {runAsUser: 65532}, ", "", key},
		"another user":          {"securityContext: {runAsUser: 65532}, ", "securityContext: {runAsUser: 1337}, ", ""},
		"addresses of Services": {"enableServiceLinks: true, ", "", "enableServiceLinks: found true; false is used, so that no Service in the control plane's namespace is used as the API server"},
		"names of hosts": {`hostAliases: [{ip: 192.0.2.1, hostnames: [a]}], `, "",
			`hostAliases: found [{"hostnames":["a"],"ip":"192.0.2.1"}], by which the API proxy resolves names, too: none of them may be the API server's`},
	} {
		t.Run(name, func(t *testing.T) {
			var warnings []string
			objecttest.Run(t, step("proxy", &warnings), base(volume+test.pod, mount+test.container))
			if test.want == "" {
				require.Empty(t, warnings)
				return
			}
			require.Equal(t, []string{"Deployment istio-system1/istiod-sales: spec.template.spec." + test.want}, warnings)
		})
	}
}

func TestNobodyElseBringsTheCertificateOfTheAPIServer(t *testing.T) {
	text := base(volume, mount) + "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: kube-root-ca.crt, namespace: istio-system1}, data: {ca.crt: a}}\n"
	require.Equal(t, `ConfigMap istio-system1/kube-root-ca.crt: metadata.name: found "kube-root-ca.crt", which the controller manager of Kubernetes writes into `+
		`each namespace, and with which the API proxy verifies the API server: remove it`, objecttest.RunError(t, step("proxy", new([]string)), text))
	objecttest.Run(t, step("selectors", new([]string)), text)
}
