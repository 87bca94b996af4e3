package identify_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

const plane = "Deployment istio-system1/istiod-sales: "

// TestAddressesThatAreOwned: what asks nobody who he is stays in the Pod.
func TestAddressesThatAreOwned(t *testing.T) {
	for _, version := range []string{"1.6.0", "1.31.0"} {
		for _, arguments := range []string{"--ctrlz_address=0.0.0.0", "--ctrlz_address, 0.0.0.0"} {
			got, warned := run(t, version, istiod("        args: [discovery, "+arguments+"]\n"))
			require.Contains(t, got, "--ctrlz_address=127.0.0.1")
			require.NotContains(t, got, "0.0.0.0")
			require.Contains(t, warned, plane+`argument --ctrlz_address: found "0.0.0.0"; "127.0.0.1" is used: `+
				`whoever can connect to the introspection port can end istiod, without authentication`)
		}
		got, _ := run(t, version, istiod(args))
		require.NotContains(t, got, "ctrlz")
	}
	got, warned := run(t, "1.31.0", istiod(args+"        env: [{name: UNSAFE_ENABLE_ADMIN_ENDPOINTS, value: \"true\"}]\n"))
	require.Contains(t, got, `{name: UNSAFE_ENABLE_ADMIN_ENDPOINTS, value: "false"}`)
	require.Equal(t, []string{plane + `env UNSAFE_ENABLE_ADMIN_ENDPOINTS: found "true"; "false" is used: with it, the debug port changes istiod as well`}, warned)
}

// TestWhatOpensAMesh is named, and stays: it may be meant.
func TestWhatOpensAMesh(t *testing.T) {
	const (
		elsewhere = "it reads the mesh's configuration from elsewhere, of which nothing is checked"
		server    = "that API server then decides who is who, instead of this cluster's"
	)
	for fields, want := range map[string]string{
		"        args: [discovery, --meshConfig=/other]\n":                       "argument --meshConfig: " + elsewhere,
		"        args: [discovery, --meshConfig, /other]\n":                      "argument --meshConfig: " + elsewhere,
		"        args: [discovery, --kubeconfig=/k]\n":                           "argument --kubeconfig: " + server,
		"        args: [discovery, --clusterRegistriesNamespace=ns-1]\n":         "argument --clusterRegistriesNamespace: it takes Secrets of that namespace for other API servers, which then decide who is who",
		"        args: [discovery, $(X)]\n":                                      `argument "$(X)": Kubernetes puts a variable's value there, which may be any argument: write the value itself`,
		"        args: [discovery, --$(X)=1]\n":                                  `argument "--$(X)=1": Kubernetes puts a variable's value there, which may be any argument: write the value itself`,
		args + "        env: [{name: KUBERNETES_SERVICE_HOST, value: evil}]\n":   "env KUBERNETES_SERVICE_HOST: " + server,
		args + "        env: [{name: KUBECONFIG, value: /tmp/k}]\n":              "env KUBECONFIG: " + server,
		args + "        env: [{name: SHARED_MESH_CONFIG, value: other}]\n":       "env SHARED_MESH_CONFIG: " + elsewhere,
		args + "        env: [{name: UNSAFE_OTHER, value: \"true\"}]\n":          "env UNSAFE_OTHER: Istio calls it unsafe",
		args + "        env: [{name: ROOT_CA_DIR, valueFrom: {fieldRef: {}}}]\n": "env ROOT_CA_DIR: it reads the CA's key from there",
		args + "        envFrom: [{configMapRef: {name: more}}]\n":               "envFrom: the variables that it sets are not known here: none may decide who is a member of the mesh; write them under env",
		args + "        command: [sh, -c, exec x]\n": `command: found "sh", which may run anything before or instead of pilot-discovery: ` +
			`whether only the tenant joins its mesh is not checked`,
		args + "        lifecycle: {postStart: {exec: {command: [x]}}}\n": "container discovery: exec: runs a command in the control plane's Pod, " +
			"which may open its mesh to others: whether it does is not checked",
		args + "      - {name: socat, image: socat}\n": "container socat: shares the network of the control plane's Pod, in which plaintext xDS (15010) and " +
			"the debug port need no authentication: it must not let others connect to them",
		args + "        volumeMounts: [{name: v, mountPath: /etc/istio/config/}]\n      volumes: [{name: v, configMap: {name: unknown}}]\n": `volumeMounts: found /etc/istio/config, ` +
			`where the mesh's configuration is read, and the volume "v" is no ConfigMap with data.mesh among the objects: nothing of it is checked`,
		args + "        volumeMounts: [{name: v, mountPath: /etc}]\n      volumes: [{name: v, emptyDir: {}}]\n": `volumeMounts: found /etc, ` +
			`where the mesh's configuration is read, and the volume "v" is no ConfigMap with data.mesh among the objects: nothing of it is checked`,
	} {
		_, warned := run(t, "1.31.0", istiod(fields))
		require.Equal(t, []string{plane + want}, warned, fields)
	}
	for _, fields := range []string{
		args + "        command: [/usr/local/bin/pilot-discovery]\n",
		args + "        env: [{name: KUBECONFIG, value: /var/run/secrets/remote/config}]\n",
		args + "        volumeMounts: [{name: v, mountPath: /etc/cacerts}]\n      volumes: [{name: v, secret: {secretName: cacerts}}]\n",
		"        args: [discovery, --domain, a.$(B)]\n",
	} {
		_, warned := run(t, "1.31.0", istiod(fields))
		require.Empty(t, warned, fields)
	}
	require.Equal(t, plane+"env TOKEN_AUDIENCES: is set twice, and Kubernetes uses the last one: must be set once",
		fails(t, "1.31.0", istiod(args+"        env: [{name: TOKEN_AUDIENCES, value: a}, {name: TOKEN_AUDIENCES, value: b}]\n")))
}

func TestMeshesThatTrustOthers(t *testing.T) {
	mesh := func(data string) string {
		return istiod(args+"        volumeMounts: [{name: v, mountPath: /etc/istio/config}]\n      volumes: [{name: v, configMap: {name: istio-sales}}]\n") +
			"---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: istio-sales, namespace: istio-system1}, " + data + "}\n"
	}
	for field, why := range map[string]string{
		"trustDomainAliases: [other]":         "identities of those trust domains count as the tenant's own, wherever their CA is trusted",
		"trust_domain_aliases: [other]":       "identities of those trust domains count as the tenant's own, wherever their CA is trusted",
		"caCertificates: [{pem: x}]":          "certificates of those CAs are trusted in the mesh",
		"configSources: [{address: xds://x}]": "istiod takes Istio's configuration from there as well, or instead of from the API server",
		"ca: {address: x}":                    "another CA than the tenant's signs certificates of the mesh",
	} {
		_, warned := run(t, "1.31.0", mesh(fmt.Sprintf("data: {mesh: %q}", field)))
		require.Len(t, warned, 1)
		require.Regexp(t, `^ConfigMap istio-system1/istio-sales: data.mesh: \w+: `+why+`$`, warned[0])
	}
	_, warned := run(t, "1.31.0", mesh(`data: {mesh: "trustDomainAliases: []\nca: null"}`))
	require.Empty(t, warned)

	require.Equal(t, "ConfigMap istio-system1/istio-sales: binaryData.mesh: is the mesh's configuration, and must be text: write it under data",
		fails(t, "1.31.0", mesh("binaryData: {mesh: Y2E6IHt9}")))
}
