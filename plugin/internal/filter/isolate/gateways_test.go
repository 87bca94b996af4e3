package isolate_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

const gateway = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ingress, namespace: istio-system1, labels: {istio-tenancy.dev/part: gateway}}
spec: {selector: {matchLabels: {istio: ingress}}, template: {metadata: {labels: {istio: ingress}}}}
---
apiVersion: v1
kind: Service
metadata: {name: ingress, namespace: istio-system1, labels: {istio-tenancy.dev/part: gateway}}
spec:
  type: LoadBalancer
  selector: {istio: ingress}
  ports: [{port: 15021}, {port: 80, targetPort: 8080}, {port: 443, targetPort: https}, {port: 443, targetPort: https, protocol: UDP}]
---
`

// injected is a gateway of an overlay; NAMESPACE is a field, or nothing.
const injected = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ingress, NAMESPACE}
spec:
  selector: {matchLabels: {istio: partners}}
  template: {metadata: {labels: {istio: partners}, annotations: {inject.istio.io/templates: gateway}}}
---
apiVersion: v1
kind: Service
metadata: {name: partners, NAMESPACE}
spec: {type: NodePort, selector: {istio: partners}, ports: [{port: 8443}]}
---
`

func in(namespace, text string) string {
	return strings.ReplaceAll(text, "NAMESPACE", "namespace: "+namespace)
}

func two(s *v1alpha1.TenantSpec) { s.ApplicationNamespaces = []string{"ns-1", "ns-2"} }

func TestAGatewayIsOpenOnThePortsOfItsServices(t *testing.T) {
	got := run(t, filter(t, nil), istiod+gateway+`
{apiVersion: v1, kind: Service, metadata: {name: more, namespace: ns-1}, spec: {type: NodePort, selector: {istio: ingress}, ports: [{port: 9443}, {port: 8080}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: inside, namespace: ns-1}, spec: {selector: {istio: ingress}, ports: [{port: 15090}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: other, namespace: ns-1}, spec: {type: NodePort, selector: {app: other}, ports: [{port: 7777}]}}
`)
	require.Contains(t, got("NetworkPolicy ns-1/allow-ingress-ingress"), `spec:
  ingress:
  - ports:
    - port: 15021
      protocol: TCP
    - port: 8080
      protocol: TCP
    - port: https
      protocol: TCP
    - port: https
      protocol: UDP
    - port: 9443
      protocol: TCP
  podSelector:
    matchLabels:
      istio: ingress
`)
}

func TestAGatewaysPolicyIsWhereItRuns(t *testing.T) {
	f := filter(t, two)
	got := run(t, f, istiod+gateway+in("ns-2", injected))
	first, second := got("NetworkPolicy ns-1/allow-ingress-ingress"), got("NetworkPolicy ns-2/allow-ingress-ingress")
	require.Contains(t, first, "istio: ingress\n")
	require.NotContains(t, first, "8443", "the other gateway of this name")
	require.Contains(t, second, "istio: partners\n")
	require.Contains(t, second, "port: 8443\n")
	require.NotContains(t, second, "8080")
}

func TestAGatewayByTemplateHasAPolicy(t *testing.T) {
	for _, namespace := range []string{"", "ns-1", "istio-system1"} {
		text := strings.ReplaceAll(injected, ", NAMESPACE", "")
		if namespace != "" {
			text = in(namespace, injected)
		}
		require.Contains(t, run(t, filter(t, nil), istiod+text)("NetworkPolicy ns-1/allow-ingress-ingress"), `spec:
  ingress:
  - ports:
    - port: 8443
      protocol: TCP
  podSelector:
    matchLabels:
      istio: partners
`, namespace)
	}
}

func TestTwoGatewaysOfOneNameHaveAPolicyEach(t *testing.T) {
	daemon := strings.ReplaceAll(strings.Replace(injected, "kind: Deployment", "kind: DaemonSet", 1), "partners", "nodes")
	got := run(t, filter(t, nil), istiod+in("ns-1", injected)+in("ns-1", daemon))
	require.Contains(t, got("NetworkPolicy ns-1/allow-ingress-ingress"), "istio: partners\n")
	require.Contains(t, got("NetworkPolicy ns-1/allow-ingress-ingress-daemonset"), "istio: nodes\n")
}

func TestGatewaysThatIstiodDeploysAreOpenByLabel(t *testing.T) {
	got := run(t, filter(t, two), istiod)
	for _, namespace := range []string{"ns-1", "ns-2"} {
		require.Contains(t, got("NetworkPolicy "+namespace+"/allow-deployed-gateways"), `spec:
  ingress:
  - ports:
    - endPort: 14999
      port: 1
      protocol: TCP
    - port: 15021
      protocol: TCP
    - endPort: 65535
      port: 15091
      protocol: TCP
  podSelector:
    matchExpressions:
    - key: gateway.networking.k8s.io/gateway-name
      operator: Exists
    - key: gateway.istio.io/managed
      operator: NotIn
      values:
      - istio.io-mesh-controller
      - istio.io-agentgateway-waypoint-controller
`)
	}
	require.Empty(t, got("NetworkPolicy istio-system1/allow-deployed-gateways"))
}

func TestTheLabelOfDeployedGatewaysIsTheVersions(t *testing.T) {
	for version, want := range map[string]string{
		"1.11.0": "", "1.12.0": "key: istio.io/gateway-name\n", "1.20.8": "key: istio.io/gateway-name\n",
		"1.21.0": "key: gateway.networking.k8s.io/gateway-name\n",
	} {
		f := filter(t, func(s *v1alpha1.TenantSpec) { s.Discovery = v1alpha1.DiscoverySelectors })
		f.Version = version
		got := run(t, f, istiod)("NetworkPolicy ns-1/allow-deployed-gateways")
		require.Equal(t, want != "", got != "", version)
		require.Contains(t, got, want, version)
	}
}

func TestGatewaysOfAnOpenTenantNeedNoPolicy(t *testing.T) {
	objects, err := filter(t, func(s *v1alpha1.TenantSpec) { s.Network.Policy = v1alpha1.NetworkOpen }).Filter(objecttest.Parse(t, istiod+gateway))
	require.NoError(t, err)
	require.Empty(t, object.Of("NetworkPolicy", objects))
}
