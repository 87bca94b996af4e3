package scope_test

import (
	"fmt"
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
