package controlplane_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/controlplane"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

func TestVersion(t *testing.T) {
	for _, test := range []struct{ image, annotation, want string }{
		{"docker.io/istio/pilot:1.31.0", "", "1.31.0"},
		{"docker.io/istio/pilot:1.31.0-distroless", "", "1.31.0"},
		{"localhost:5000/pilot:v1.24", "", "1.24.0"},
		{"docker.io/istio/pilot:0.7.1@sha256:abc", "", "0.7.1"},
		{"docker.io/istio/pilot:latest", "1.20", "1.20.0"},
		{"docker.io/istio/pilot:latest", "", ""},
		{"localhost:5000/pilot", "", ""},
		{"docker.io/istio/pilot@sha256:1.2", "", ""},
		{"docker.io/istio/pilot:1.31.0", "newest", ""},
	} {
		plane, err := controlplane.Find(objecttest.Parse(t, fmt.Sprintf(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod, namespace: a, annotations: {istio-tenancy.dev/istio-version: %q}}
spec: {template: {spec: {containers: [{name: proxy}, {name: discovery, image: %q, args: [discovery, --domain]}]}}}
`, test.annotation, test.image)))
		if test.want == "" {
			require.ErrorContains(t, err, `Deployment a/istiod: cannot tell the Istio version from image "`+test.image+`"; state it`)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, test.want, plane.Version.String(), test.image)
	}
}

func TestTheControlPlanesOwnImageIsNoneOfTheAPIProxy(t *testing.T) {
	plane, err := controlplane.Find(objecttest.Parse(t, `
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod, namespace: a, annotations: {istio-tenancy.dev/api-proxy-image: "r.example/istio/pilot:1.31.0"}}
spec: {template: {spec: {containers: [{name: discovery, image: "docker.io/istio/pilot:1.31.0", args: [discovery]}]}}}
`))
	require.NoError(t, err)
	_, err = plane.APIProxyImage()
	require.EqualError(t, err, `Deployment a/istiod: metadata.annotations[istio-tenancy.dev/api-proxy-image]: found "r.example/istio/pilot:1.31.0", which has the name `+
		`of the control plane's own image "docker.io/istio/pilot:1.31.0": must be an image of istio-tenancy, of a release or as make image makes it; it is stated by the annotation, `+
		`by spec.apiProxy.image of the IstioRelease, or by istio-tenancy split --api-proxy-image`)
}
