package isolate_test

import (
	"fmt"
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
	require.Equal(t, `apiVersion: v1
kind: Namespace
metadata:
  name: ns-1
  labels:
    istio-injection: enabled
    istio-tenancy.dev/tenant: sales
    kubernetes.io/metadata.name: ns-1
  annotations:
    argocd.argoproj.io/sync-options: Prune=false
    kustomize.toolkit.fluxcd.io/prune: disabled
`, find(t, objects, "Namespace ns-1"))
	require.NotContains(t, text, "PeerAuthentication")
	require.Len(t, warnings, 1)
	require.True(t, strings.HasPrefix(warnings[0], `spec.mtls: found "STRICT"`), warnings[0])
}

// TestANamespaceHasItsNameAsALabelWhereTheAPIServerGivesItNone: every wall
// selects namespaces by it.
func TestANamespaceHasItsNameAsALabelWhereTheAPIServerGivesItNone(t *testing.T) {
	for version, want := range map[string]bool{"0.7.1": true, "1.4.10": true, "1.10.6": true, "1.13.9": true, "1.14.0": false, "1.31.0": false} {
		f := filter(t, nil)
		f.Version = version
		got := objecttest.Parse(t, objecttest.Run(t, f, classicPlane))
		for _, name := range []string{"istio-system1", "ns-1"} {
			label := "    kubernetes.io/metadata.name: " + name + "\n"
			require.Equal(t, want, strings.Contains(find(t, got, "Namespace "+name), label), "%s %s", version, name)
		}
	}
}

func TestANamespaceIsCalledNothingElse(t *testing.T) {
	const namespace = "---\n{apiVersion: v1, kind: Namespace, metadata: {name: ns-1, labels: {kubernetes.io/metadata.name: %s}}}\n"
	for _, version := range []string{"0.7.1", "1.31.0"} {
		f := filter(t, nil)
		f.Version = version
		require.Contains(t, objecttest.RunError(t, f, classicPlane+fmt.Sprintf(namespace, "ns-2")),
			`Namespace ns-1: metadata.labels: found kubernetes.io/metadata.name: "ns-2"; must be "ns-1", its name, or absent`)
		require.Contains(t, objecttest.Run(t, f, classicPlane+fmt.Sprintf(namespace, "ns-1")), "kubernetes.io/metadata.name: ns-1")
	}
}

// A webhook may call another port than 443, and a Service may lack the one that is
// called: that opens no other.
func TestOnlyThePortThatAWebhookCallsIsOpen(t *testing.T) {
	const service = "service: {name: istio-sidecar-injector, namespace: istio-system1"
	for called, want := range map[string]string{", port: 9093": "port: 9093\n", ", port: 8443": ""} {
		f := filter(t, floor)
		f.Version = "0.7.1"
		objects := objecttest.Parse(t, objecttest.Run(t, f, strings.Replace(classicPlane, service, service+called, 1)))
		opened := find(t, objects, "NetworkPolicy istio-system1/allow-webhooks-istio-sidecar-injector")
		passed := find(t, objects, "ClusterNetworkPolicy floor-istio-system1.allow-webhooks-istio-sidecar-injector-istio-system1")
		if want == "" {
			require.Empty(t, opened+passed)
			continue
		}
		require.Contains(t, opened, want)
		require.NotContains(t, opened, "port: 443")
		require.Contains(t, passed, "number: 9093\n")
	}
}
