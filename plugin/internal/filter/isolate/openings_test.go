package isolate_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

const classicPlane = `
apiVersion: extensions/v1beta1
kind: Deployment
metadata: {name: istio-pilot, namespace: istio-system1}
spec:
  template:
    metadata: {labels: {istio: pilot}}
    spec: {containers: [{name: discovery, image: "docker.io/istio/pilot:0.7.1", args: [discovery]}]}
---
apiVersion: v1
kind: Service
metadata: {name: istio-sidecar-injector, namespace: istio-system1}
spec: {selector: {istio: sidecar-injector}, ports: [{port: 443}, {port: 9093}]}
---
apiVersion: v1
kind: Service
metadata: {name: istio-ingress, namespace: istio-system1}
spec: {type: LoadBalancer, selector: {istio: ingress}, ports: [{port: 80}, {port: 443, targetPort: https}]}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: istio-sidecar-injector-istio-system1}
webhooks: [{name: a, clientConfig: {service: {name: istio-sidecar-injector, namespace: istio-system1}}}]
`

func TestAClassicControlPlaneIsOpenToTheAPIServerAndToClients(t *testing.T) {
	f := filter(t, func(s *v1alpha1.TenantSpec) { s.Network.AllowFrom = []string{"monitoring"} })
	var warnings []string
	f.Version, f.Warn = "0.7.1", func(w string) { warnings = append(warnings, w) }
	text := objecttest.Run(t, f, classicPlane)
	objects := objecttest.Parse(t, text)

	injector := find(t, objects, "NetworkPolicy istio-system1/allow-webhooks-istio-sidecar-injector")
	require.Contains(t, injector, "istio: sidecar-injector")
	require.Contains(t, injector, "port: 443")
	require.NotContains(t, injector, "9093")
	ingress := find(t, objects, "NetworkPolicy istio-system1/allow-ingress-istio-ingress")
	require.Contains(t, ingress, "port: 80")
	require.Contains(t, ingress, "port: https")
	metrics := find(t, objects, "NetworkPolicy istio-system1/allow-from")
	require.Contains(t, metrics, "istio: pilot", "by the template, as the Deployment has no selector")
	require.Contains(t, metrics, "port: 9093")
	require.Contains(t, find(t, objects, "Namespace ns-1"), "istio-injection: enabled")
	require.NotContains(t, text, "PeerAuthentication")
	require.Len(t, warnings, 1)
	require.True(t, strings.HasPrefix(warnings[0], `spec.mtls: found "STRICT"`), warnings[0])
}
