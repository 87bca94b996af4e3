package controlplane_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/controlplane"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

func TestAPIProxyLooksRight(t *testing.T) {
	const must = `: must be an image of istio-tenancy, of a release or as make image makes it`
	for image, want := range map[string]string{
		"":                                 "",
		"registry.local/istio-tenancy:1.0": "",
		"tools/api-proxy":                  "",
		"registry.example/istio-tenancy:1": `, and registry.example is a name for examples, where no registry is`,
		"docker.io/istio/proxyv2:1.31.0":   `, which is called as Istio calls the proxy`,
		"example.com:5000/a@sha256:0":      `, and example.com:5000 is a name for examples, where no registry is`,
	} {
		plane, err := controlplane.Find(objecttest.Parse(t, fmt.Sprintf(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod, namespace: a, annotations: {istio-tenancy.dev/api-proxy-image: %q}}
spec: {template: {spec: {containers: [{name: discovery, image: "pilot:1.31.0", args: [discovery]}]}}}
`, image)))
		require.NoError(t, err, image)
		var warnings []string
		plane.APIProxyLooksRight(func(line string) { warnings = append(warnings, line) })
		plane.APIProxyLooksRight(nil) // nobody has to listen
		if want == "" {
			require.Empty(t, warnings, image)
			continue
		}
		require.Equal(t, []string{`Deployment a/istiod: metadata.annotations[istio-tenancy.dev/api-proxy-image]: found "` + image + `"` + want + must}, warnings)
	}
	controlplane.ControlPlane{}.APIProxyLooksRight(func(line string) { t.Error(line) })
}

// TestLooksRight: what is not called as a control plane is named, whatever its tag
// says; what mirrors and builds call one is not.
func TestLooksRight(t *testing.T) {
	for image, right := range map[string]bool{
		"docker.io/istio/pilot:1.31.0":                 true,
		"docker.io/istio/pilot:1.31.0-distroless":      true,
		"registry.local:5000/pilot":                    true,
		"registry.local/pilot@sha256:0a":               true,
		"registry.local/istio/pilot-distroless:1.31.0": true,
		"registry.local/mirrored-istio-pilot:1.31.0":   true,
		"registry.local/istio_pilot:1.31.0":            true,
		"registry.local/istiod:1.31.0":                 true,
		"registry.local/mirror:pilot-1.31.0":           true,
		"nginx:1.31.0":                                 false,
		"docker.io/istio/proxyv2:1.31.0":               false,
		"registry.local/pilot/nginx:1.31.0":            false,
		"pilot.example/nginx@sha256:0a":                false,
		"":                                             false,
	} {
		plane, err := controlplane.Find(objecttest.Parse(t, fmt.Sprintf(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod, namespace: a, annotations: {istio-tenancy.dev/istio-version: "1.31"}}
spec: {template: {spec: {containers: [{name: proxy, image: pilot}, {name: discovery, image: %q, args: [discovery]}]}}}
`, image)))
		require.NoError(t, err, image)
		var warnings []string
		plane.LooksRight(func(line string) { warnings = append(warnings, line) })
		plane.LooksRight(nil) // nobody has to listen
		if right {
			require.Empty(t, warnings, image)
			continue
		}
		require.Equal(t, []string{`Deployment a/istiod: container discovery: found image "` + image + `", whose name is not pilot or istiod: the argument "discovery" makes it the control plane, ` +
			`and the image gets the control plane's rights: must be Istio's image, under its own name`}, warnings)
	}
}
