package scope_test

import (
	"slices"
	"testing"

	"github.com/Masterminds/semver/v3"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/program"
)

// set gives a container of a version what the catalogue has for it. Not every
// version that it is asked for takes two namespaces, which the plan would refuse.
func set(t *testing.T, version, container string) []string {
	t.Helper()
	sales := istio.Values{ControlPlane: "istio-system1", Applications: []string{"ns-1", "ns-2"}}
	v := semver.MustParse(version)
	c := yaml.MustParse(container)
	for range 2 { // the second time changes nothing
		for _, component := range istio.Components {
			if !component.Holds(v) || !component.Runs(object.String(c, "name"), object.String(c, "image")) {
				continue
			}
			for _, a := range component.Arguments {
				if a.Holds(v) && (len(a.Modes) == 0 || slices.Contains(a.Modes, v1alpha1.DiscoveryAppNamespace)) {
					require.NoError(t, program.SetArgument(c, a, sales))
				}
			}
		}
	}
	if args := object.Strings(c, "args"); len(args) > 0 {
		return args
	}
	return object.Strings(c, "command")
}

func TestEveryFormOfAnArgumentIsReplaced(t *testing.T) {
	for _, args := range []string{
		`[discovery, -v, "2"]`,
		`[discovery, -v, "2", --appNamespace, ns-0]`,
		`[discovery, -v, "2", --appNamespace=ns-0]`,
		`[discovery, -v, "2", -a, ns-0]`,
		`[discovery, -v, "2", -a=ns-0]`,
		`[discovery, -v, "2", -ans-0]`,
		`[discovery, -v, "2", -a, ns-0, --appNamespace=ns-3]`,
		`[discovery, -v, "2", --appNamespace]`,
	} {
		require.Equal(t, []string{"discovery", "-v", "2", "--appNamespace", "ns-1"},
			set(t, "0.7.1", "{name: discovery, args: "+args+"}"), args)
	}
	require.Equal(t, []string{"discovery", "--appNamespace", "ns-1", "--admission-service", "x"},
		set(t, "0.7.1", "{name: discovery, args: [discovery, -a, y, --admission-service, x]}"), "in its place")
	require.Equal(t, []string{"discovery", "--app", "--appNamespaces=x", "--appNamespace", "ns-1"},
		set(t, "0.7.1", "{name: discovery, args: [discovery, --app, --appNamespaces=x]}"), "and nothing like it")
}

// TestFlagsOfAVersion is the table as the releases have it.
func TestFlagsOfAVersion(t *testing.T) {
	for _, test := range []struct {
		version, container string
		want               []string
	}{
		{"0.7.1", "{image: docker.io/istio/pilot:0.7.1, args: [discovery]}", []string{"discovery", "--appNamespace", "ns-1"}},
		{"0.8.0", "{image: istio/pilot:0.8.0, args: [discovery]}",
			[]string{"discovery", "--appNamespace", "ns-1", "--clusterRegistriesNamespace", "istio-system1"}},
		{"1.0.9", "{image: istio/pilot:1.0.9, args: [discovery]}", []string{"discovery", "--appNamespace", "ns-1"}},
		{"1.4.10", "{image: istio/pilot, args: [discovery]}", []string{"discovery", "--appNamespace", "ns-1", "--disable-install-crds=true"}},
		{"1.6.0", "{image: istio/pilot, args: [discovery]}", []string{"discovery", "--appNamespace", "ns-1"}},
		{"1.7.0", "{image: istio/pilot, args: [discovery]}", []string{"discovery", "--appNamespace", "ns-1,ns-2"}},
		{"1.10.6", "{image: istio/pilot, args: [discovery]}", []string{"discovery", "--appNamespace", "ns-1,ns-2"}},
		{"1.11.0", "{image: istio/pilot, args: [discovery]}", []string{"discovery"}},
		{"0.7.1", "{image: docker.io/istio/istio-ca:0.7.1, command: [istio_ca], args: [--grpc-port=8060]}",
			[]string{"--grpc-port=8060", "--listened-namespace=ns-1"}},
		{"1.0.9", "{image: citadel@sha256:0, args: [--listened-namespace, x]}", []string{"--listened-namespace=ns-1"}},
		{"1.4.10", "{image: citadel, args: [x]}", []string{"x", "--listened-namespaces=istio-system1,ns-1,ns-2"}},
		{"0.7.1", "{name: mixer, image: r/m, args: ['--configStoreURL=k8s://']}", []string{"--configStoreURL=k8s://?ns=istio-system1,ns-1,ns-2"}},
		{"1.4.10", "{name: mixer, image: r/m, args: ['--configStoreURL=mcp://istio-galley.istio-system1.svc:9901', a]}",
			[]string{"--configStoreURL=k8s://?ns=istio-system1,ns-1,ns-2", "a"}},
		{"1.4.10", "{name: galley, image: r/g, command: [galley, server, --enable-server, --insecure=true]}",
			[]string{"galley", "server", "--enable-server=false", "--insecure=true", "--webhook-name=istio-galley-istio-system1"}},
		{"1.0.9", "{name: galley, image: r/g, command: [galley, validator]}", []string{"galley", "validator"}},
		{"0.7.1", "{name: istio-proxy, image: istio/proxy_debug, args: [proxy, -a, b]}", []string{"proxy", "-a", "b"}},
	} {
		require.Equal(t, test.want, set(t, test.version, test.container), test.version+" "+test.container)
	}
}
