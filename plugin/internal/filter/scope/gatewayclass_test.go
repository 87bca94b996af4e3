package scope_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

const (
	gatewayClass    = "{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: istio-istio-system1}, spec: {controllerName: istio.io/gateway-controller}}\n"
	classOfVariable = "        - name: PILOT_GATEWAY_API_DEFAULT_GATEWAYCLASS_NAME\n"
)

func gatewayOf(class string) string {
	return "{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: a, namespace: ns-1}, spec: {gatewayClassName: " + class + "}}\n---\n"
}

func defaultsFor(namespace, class string) string {
	return "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: " + namespace + ", labels: {gateway.istio.io/defaults-for-class: " + class + "}}}\n---\n"
}

func TestGatewaysGetTheTenantsClass(t *testing.T) {
	for _, discovery := range []string{"namespace", "selectors"} {
		f := filter(t, "1.31.0", v1alpha1.Discovery(discovery), "ns-1")
		for class, want := range map[string]string{"istio": "istio-sales", "istio-sales": "istio-sales", "istio-dev": "istio-dev", "istio-waypoint": "istio-waypoint", "nginx": "nginx"} {
			got := objecttest.Run(t, f, istiod+webhooks+ownValidator+"---\n"+gatewayOf(class)+gatewayClass)
			require.Contains(t, got, "gatewayClassName: "+want+"}")
			require.Contains(t, got, classOfVariable+"          value: \"istio-sales\"\n")
			require.Contains(t, got, "        - name: PILOT_GATEWAY_API_CONTROLLER_NAME\n          value: \"sales.istio-tenancy.dev/gateway-controller\"\n")
			require.Contains(t, got, "kind: GatewayClass, metadata: {name: istio-sales}, spec: {controllerName: sales.istio-tenancy.dev/gateway-controller}}")
			require.Equal(t, got, objecttest.Run(t, f, got))
		}
	}
}

// The class of a base's own is the one that its Gateways mean.
func TestGatewaysOfTheBasesClassAreTheTenants(t *testing.T) {
	ours := strings.Replace(istiod, "        env:\n", "        env:\n"+classOfVariable+"          value: ours\n", 1)
	var warned []string
	f := filter(t, "1.31.0", "auto", "ns-1")
	f.Warn = func(w string) { warned = append(warned, w) }
	for class, want := range map[string]string{"ours": "istio-sales", "istio": "istio"} {
		require.Contains(t, objecttest.Run(t, f, ours+webhooks+ownValidator+"---\n"+gatewayOf(class)), "gatewayClassName: "+want+"}")
	}
	require.Contains(t, warned[0], `env PILOT_GATEWAY_API_DEFAULT_GATEWAYCLASS_NAME: found "ours"; "istio-sales" is used`)
}

func TestDefaultsOfTheClassFollowIt(t *testing.T) {
	f := filter(t, "1.31.0", "selectors", "ns-1")
	for in, want := range map[string]string{
		defaultsFor("istio-system1", "istio"):          "{gateway.istio.io/defaults-for-class: istio-sales}",
		defaultsFor("istio-system1", "istio-waypoint"): "{gateway.istio.io/defaults-for-class: istio-waypoint}",
		defaultsFor("ns-1", "istio"):                   "{gateway.istio.io/defaults-for-class: istio}", // which no istiod reads
	} {
		require.Contains(t, objecttest.Run(t, f, istiod+webhooks+ownValidator+"---\n"+in), want)
	}
}

func TestOlderIstiodsServeTheClassOfAll(t *testing.T) {
	f := filter(t, "1.21.6", "selectors", "ns-1")
	got := objecttest.Run(t, f, istiod+webhooks+ownValidator+"---\n"+gatewayOf("istio")+defaultsFor("istio-system1", "istio"))
	require.Contains(t, got, "gatewayClassName: istio}")
	require.NotContains(t, got, "PILOT_GATEWAY_API_DEFAULT_GATEWAYCLASS_NAME")
	require.NotContains(t, got, "istio-sales}")
	require.Contains(t, objecttest.Run(t, filter(t, "1.22.0", "selectors", "ns-1"), istiod+webhooks+ownValidator+"---\n"+gatewayOf("istio")), "gatewayClassName: istio-sales}")
	require.Contains(t, objecttest.RunError(t, f, istiod+webhooks+ownValidator+"---\n"+gatewayClass),
		"GatewayClass istio-istio-system1: Istio 1.21.6 serves the class istio alone, which is no tenant's: remove bases/istio/gateway-class from resources")
}
