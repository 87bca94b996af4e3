package identify_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestServicesLoseThePlaintextPort(t *testing.T) {
	const ports = "        ports: [{containerPort: 15010, name: grpc-xds}]\n"
	service := func(list string) string {
		return istiod(args+ports) + `---
apiVersion: v1
kind: Service
metadata: {name: istiod-sales, namespace: istio-system1}
spec: {selector: {app: istiod}, ports: ` + list + "}\n"
	}
	for _, test := range []struct{ before, after, warning string }{
		{"[{port: 15010, name: grpc-xds}, {port: 15012}]", "[{port: 15012}]", ""},
		{"[{port: 1, targetPort: 15010}, {port: 15012}]", "[{port: 15012}]", "1"},
		{"[{port: 2, targetPort: grpc-xds}, {port: 15012}]", "[{port: 15012}]", "2"},
		{"[{port: 15010, targetPort: 15012}]", "[{port: 15010, targetPort: 15012}]", ""},
	} {
		got, warned := run(t, "1.31.0", service(test.before))
		require.Contains(t, got, "ports: "+test.after+"}")
		require.Contains(t, got, "ports: []\n", "of the container")
		if test.warning == "" {
			require.Empty(t, warned)
			continue
		}
		require.Equal(t, []string{"Service istio-system1/istiod-sales: spec.ports: dropped " + test.warning +
			", which is for plaintext xDS: the control plane keeps it to its own Pod"}, warned)
	}
	require.Equal(t, "Service istio-system1/istiod-sales: spec.ports: is for plaintext xDS (15010) only, which the control plane serves in its own Pod "+
		"only, because it has no authentication; remove the Service: xDS with TLS has a port of its own", fails(t, "1.31.0", service("[{port: 80, targetPort: 15010}]")))

	other := istiod(args) + `---
{kind: Service, metadata: {name: other, namespace: istio-system1}, spec: {selector: {app: other}, ports: [{port: 15010}]}}
---
{kind: Service, metadata: {name: istiod-sales, namespace: ns-1}, spec: {selector: {app: istiod}, ports: [{port: 15010}]}}
`
	got, _ := run(t, "1.31.0", other)
	require.Contains(t, got, "selector: {app: other}, ports: [{port: 15010}]")
	require.Contains(t, got, "selector: {app: istiod}, ports: [{port: 15010}]")
}

// TestNetworkPoliciesLoseIt: a rule without ports would open all of them.
func TestNetworkPoliciesLoseIt(t *testing.T) {
	policy := func(labels string) string {
		return istiod(args) + `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: istiod, namespace: istio-system1` + labels + `}
spec:
  ingress:
  - ports: [{port: 15010}, {port: 15012}]
  - ports: [{port: 15010}]
  - ports: [{port: 15000, endPort: 15020}]
  - from: [{podSelector: {}}]
`
	}
	const after = `  ingress:
  - ports: [{port: 15012}]
  - ports: [{port: 15000, endPort: 15020}]
  - from: [{podSelector: {}}]
`
	got, warned := run(t, "1.31.0", policy(", labels: {operator.istio.io/component: Pilot}"))
	require.Contains(t, got, after)
	require.Empty(t, warned, "the charts' own")

	got, warned = run(t, "1.31.0", policy(""))
	require.Contains(t, got, after)
	require.Equal(t, []string{"NetworkPolicy istio-system1/istiod: spec.ingress: dropped port 15010, which is for plaintext xDS: " +
		"the control plane keeps it to its own Pod"}, warned)
}

func TestAddressesOfABase(t *testing.T) {
	for argument, warning := range map[string]string{
		"--grpcAddr=:15010":            "",
		"--grpcAddr, ':15010'":         "",
		"--grpcAddr=0.0.0.0:15010":     "",
		"--grpcAddr=127.0.0.1:15010":   "",
		"--grpcAddr=":                  `""`,
		"'--grpcAddr=:16010'":          `":16010"`,
		"--grpcAddr, 10.0.0.1:15010":   `"10.0.0.1:15010"`,
		"a, --secureGRPCAddr=:15012":   "",
		"--grpcAddr=:1, --grpcAddr=:2": `":1"`,
	} {
		got, warned := run(t, "1.31.0", istiod("        args: [discovery, "+argument+"]\n"))
		require.Regexp(t, `args: \[discovery,.* ?'--grpcAddr=127\.0\.0\.1:15010'\]|--grpcAddr=127\.0\.0\.1:15010`, got, argument)
		require.NotContains(t, got, ":16010")
		if warning == "" {
			require.Empty(t, warned, argument)
			continue
		}
		require.Equal(t, `Deployment istio-system1/istiod-sales: argument --grpcAddr: found `+warning+`; "127.0.0.1:15010" is used: `+
			`plaintext xDS asks for no token; without an address, istiod serves it on the debug port instead`, warned[0])
	}
}

func TestProxiesOfPlaintextAreRefused(t *testing.T) {
	const why = `, and there is no plaintext xDS outside of the control plane's own Pod; leave the address out, and the proxies get the right one`
	for object, want := range map[string]string{
		`{kind: ConfigMap, metadata: {name: istio-sales, namespace: istio-system1}, data: {mesh: "defaultConfig:\n  discoveryAddress: istiod-sales.istio-system1.svc:15010\n"}}`:    `ConfigMap istio-system1/istio-sales: found "discoveryAddress: istiod-sales.istio-system1.svc:15010"` + why,
		`{kind: Deployment, metadata: {name: a}, spec: {template: {metadata: {annotations: {proxy.istio.io/config: '{"discoveryAddress": "istiod-sales.istio-system1:15010"}'}}}}}`: `Deployment a: found "discoveryAddress\": \"istiod-sales.istio-system1:15010"` + why,
		`{kind: Pod, metadata: {name: a, annotations: {sidecar.istio.io/discoveryAddress: "istiod:15010"}}}`:                                                                        `Pod a: found "discoveryAddress: istiod:15010"` + why,
		`{apiVersion: networking.istio.io/v1beta1, kind: ProxyConfig, metadata: {name: a}, spec: {discovery_address: "istiod:15010"}}`:                                              `ProxyConfig a: found "discovery_address: istiod:15010"` + why,
		`{kind: Deployment, metadata: {name: a}, spec: {template: {metadata: {annotations: {inject.istio.io/templates: "grpc-simple, mine"}}}}}`:                                    `Deployment a: spec.template.metadata.annotations[inject.istio.io/templates]: found "grpc-simple", whose Pods use plaintext xDS, and there is none outside of the control plane's own Pod`,
		`{kind: Pod, metadata: {name: a, annotations: {inject.istio.io/templates: grpc-simple}}}`:                                                                                   `Pod a: metadata.annotations[inject.istio.io/templates]: found "grpc-simple", whose Pods use plaintext xDS, and there is none outside of the control plane's own Pod`,
	} {
		require.Equal(t, want, fails(t, "1.31.0", istiod(args)+"---\n"+object))
	}
	run(t, "1.31.0", istiod(args)+`---
{kind: ConfigMap, metadata: {name: istio-sales, namespace: istio-system1}, data: {mesh: "defaultConfig:\n  discoveryAddress: istiod-sales.istio-system1.svc:15012\n", other: "a:15010"}}`)
	run(t, "1.4.10", istiod(args)+`---
{kind: ConfigMap, metadata: {name: istio, namespace: istio-system1}, data: {mesh: "defaultConfig:\n  discoveryAddress: istio-pilot:15010\n"}}`)
}
