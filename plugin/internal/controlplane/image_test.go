package controlplane_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/controlplane"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

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
		require.Equal(t, []string{`Deployment a/istiod: container discovery: found image "` + image + `", which is not called pilot or istiod: the argument "discovery" makes it the control plane, ` +
			`whose rights whatever this image runs has: must be Istio's, under its own name`}, warnings)
	}
}
