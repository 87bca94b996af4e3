package isolate_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

func floor(s *v1alpha1.TenantSpec) {
	yes := true
	s.Network.Floor = &yes
}

func TestTheFloorDeniesOtherNamespaces(t *testing.T) {
	got := run(t, filter(t, floor), istiod)
	for name, namespace := range map[string]string{"control-plane": "istio-system1", "applications": "ns-1"} {
		require.Equal(t, `apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata:
  name: floor-`+name+`-istio-system1
  labels:
    istio-tenancy.dev/tenant: sales
spec:
  ingress:
  - action: Deny
    from:
    - namespaces:
        matchExpressions:
        - key: kubernetes.io/metadata.name
          operator: NotIn
          values:
          - istio-system1
          - ns-1
    name: other-namespaces
  priority: 1000
  subject:
    namespaces:
      matchExpressions:
      - key: kubernetes.io/metadata.name
        operator: In
        values:
        - `+namespace+`
  tier: Admin
`, got("ClusterNetworkPolicy floor-"+name+"-istio-system1"))
	}
	require.NotEmpty(t, got("NetworkPolicy ns-1/allow-tenant"), "the floor adds to NetworkPolicies")
	require.NotContains(t, objecttest.Run(t, filter(t, nil), istiod), "ClusterNetworkPolicy")
}

// What is open to everybody stays for NetworkPolicies to decide: the webhooks,
// gateways, and gateways that are deployed later.
func TestTheFloorPassesWhatNetworkPoliciesOpenToAll(t *testing.T) {
	got := run(t, filter(t, floor), istiod+gateway)
	require.Equal(t, `spec:
  ingress:
  - action: Pass
    from:
    - namespaces: {}
    name: allow-webhooks
    protocols:
    - tcp:
        destinationPort:
          number: 15017
  priority: 999
  subject:
    pods:
      namespaceSelector:
        matchExpressions:
        - key: kubernetes.io/metadata.name
          operator: In
          values:
          - istio-system1
      podSelector:
        matchLabels:
          app: istiod
  tier: Admin
`, spec(got("ClusterNetworkPolicy floor-istio-system1.allow-webhooks-istio-system1")))
	ingress := got("ClusterNetworkPolicy floor-ns-1.allow-ingress-ingress-istio-system1")
	require.Contains(t, ingress, "        matchLabels:\n          istio: ingress\n")
	require.Contains(t, ingress, `    protocols:
    - tcp:
        destinationPort:
          number: 15021
    - tcp:
        destinationPort:
          number: 8080
    - destinationNamedPort: https
  priority: 999
`)
	deployed := got("ClusterNetworkPolicy floor-ns-1.allow-deployed-gateways-istio-system1")
	require.Contains(t, deployed, "        - key: gateway.networking.k8s.io/gateway-name\n          operator: Exists\n")
	require.Contains(t, deployed, `    - tcp:
        destinationPort:
          range:
            end: 14999
            start: 1
    - tcp:
        destinationPort:
          number: 15021
    - tcp:
        destinationPort:
          range:
            end: 65535
            start: 15091
`)
}

func TestAllowFromIsAboveTheFloor(t *testing.T) {
	got := run(t, filter(t, func(s *v1alpha1.TenantSpec) {
		floor(s)
		two(s)
		s.Network.AllowFrom = []string{"monitoring"}
	}), istiod)
	applications := got("ClusterNetworkPolicy floor-applications-istio-system1")
	require.Contains(t, applications, "NotIn\n          values:\n          - istio-system1\n          - ns-1\n          - ns-2\n          - monitoring\n")
	require.Contains(t, applications, "In\n        values:\n        - ns-1\n        - ns-2\n  tier")
	require.NotContains(t, got("ClusterNetworkPolicy floor-control-plane-istio-system1"), "monitoring", "xDS is the tenant's alone")
	metrics := got("ClusterNetworkPolicy floor-istio-system1.allow-from-istio-system1")
	require.Contains(t, metrics, "          operator: In\n          values:\n          - monitoring\n")
	require.Contains(t, metrics, "number: 15014\n")
	require.Empty(t, got("ClusterNetworkPolicy floor-ns-1.allow-from-istio-system1"), "which is denied nothing")
}

func TestTheFloorOfAClosedTenant(t *testing.T) {
	all := objecttest.Run(t, filter(t, func(s *v1alpha1.TenantSpec) { floor(s); deny(s) }), istiod)
	require.NotContains(t, all, "allow-control-plane-istio-system1", "which the floor does not deny")
	require.Equal(t, 4, strings.Count(all, "kind: ClusterNetworkPolicy"), "two floors, the webhooks, deployed gateways")
}

// A rule has at most 25 protocols.
func TestManyPortsOfAGatewayAreSeveralRules(t *testing.T) {
	var ports []string
	for i := range 60 {
		ports = append(ports, fmt.Sprintf("{name: p%[1]d, port: %[1]d}", 9000+i))
	}
	got := run(t, filter(t, floor), istiod+strings.Replace(gateway, "[{port: 15021}", "["+strings.Join(ports, ", ")+", {port: 15021}", 1))
	ingress := got("ClusterNetworkPolicy floor-ns-1.allow-ingress-ingress-istio-system1")
	require.Equal(t, 3, strings.Count(ingress, "- action: Pass\n"))
	require.Equal(t, 3, strings.Count(ingress, "    - namespaces: {}\n"))
	for i := range 60 {
		require.Contains(t, ingress, fmt.Sprintf("number: %d\n", 9000+i))
	}
}

func TestTheFloorIsIdempotent(t *testing.T) {
	f := filter(t, func(s *v1alpha1.TenantSpec) { floor(s); s.Network.AllowFrom = []string{"monitoring"} })
	once := objecttest.Run(t, f, istiod+gateway)
	require.Equal(t, once, objecttest.Run(t, f, once))
}

func spec(object string) string { return object[strings.Index(object, "spec:"):] }

// TestALabelMakesNoFloor: a patch that moves istiod and labels it makes the
// objects look like an earlier run's.
func TestALabelMakesNoFloor(t *testing.T) {
	const forged = "{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {name: x-istio-system1, labels: {istio-tenancy.dev/tenant: sales}}, " +
		"spec: {tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: [{name: all, action: Deny, from: [{namespaces: {}}]}]}}\n"
	const message = "ClusterNetworkPolicy x-istio-system1: decides for Pods of the whole cluster, and is not one that spec.network.floor of the tenant makes"
	require.Contains(t, objecttest.RunError(t, filter(t, nil), istiod+"---\n"+forged), message)
	require.Contains(t, objecttest.RunError(t, filter(t, floor), istiod+"---\n"+forged), message)
	own := strings.Replace(forged, "x-istio-system1", "floor-applications-istio-system1", 1)
	require.NotContains(t, objecttest.Run(t, filter(t, floor), istiod+"---\n"+own), "priority: 1\n", "is made anew")
}
