package scope_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

func ingress(class string) string {
	return "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a, annotations: {kubernetes.io/ingress.class: " + class + "}}}\n"
}

func TestIngressesGetTheTenantsClass(t *testing.T) {
	f := filter(t, "0.7.1", "auto", "ns-1")
	for class, want := range map[string]string{"istio": "istio-sales", "istio-sales": "istio-sales", "nginx": "nginx"} {
		require.Contains(t, objecttest.Run(t, f, pilot+ingress(class)), "ingress.class: "+want+"}")
	}
	ours := strings.Replace(pilot, "# how proxies find Mixer", "ingressClass: ours", 1)
	require.Contains(t, objecttest.Run(t, f, ours+ingress("ours")), "ingress.class: istio-sales}")
	require.Contains(t, objecttest.Run(t, f, ours+ingress("istio")), "ingress.class: istio}")
	byField := "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a}\nspec: {ingressClassName: istio, rules: []}\n"
	require.Contains(t, objecttest.Run(t, f, pilot+byField),
		"metadata: {name: a, annotations: {kubernetes.io/ingress.class: istio-sales}}\nspec: {rules: []}\n")
}

// Up to 1.17, an istiod that lists the cluster serves each Ingress of its class;
// later ones see the tenant's alone.
func TestTheClassIsTheTenantsWhereIngressesAreNot(t *testing.T) {
	for version, want := range map[string]string{"1.10.6": "istio-sales", "1.17.8": "istio-sales", "1.18.0": "istio", "1.31.0": "istio"} {
		got := objecttest.Run(t, filter(t, version, "selectors", "ns-1", "ns-2"), istiod+webhooks+ownValidator+"---\n"+ingress("istio"))
		require.Contains(t, got, "ingress.class: "+want+"}", version)
		require.Equal(t, want == "istio-sales", strings.Contains(got, "    ingressControllerMode: STRICT\n    ingressClass: istio-sales\n"), version)
	}
}

func TestIngressesStayOff(t *testing.T) {
	off := strings.Replace(pilot, "# how proxies find Mixer", `ingressControllerMode: "OFF"`, 1)
	got := objecttest.Run(t, filter(t, "0.7.1", "auto", "ns-1"), off)
	require.NotContains(t, got, "STRICT")
	require.Contains(t, got, "ingressControllerMode: ")
}

func TestIngressesAreServedWhereTheTenantsGatewayRuns(t *testing.T) {
	const (
		variable = "        - name: K8S_INGRESS_NS\n          value: "
		labelled = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: g, namespace: NS, labels: {istio-tenancy.dev/part: gateway}}, spec: {template: {metadata: {labels: {istio: LABEL}}}}}\n---\n"
		beside   = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: g, namespace: NS}, spec: {template: {metadata: {labels: {istio: LABEL}}}}}\n---\n"
		service  = "{apiVersion: v1, kind: Service, metadata: {name: istio-ingressgateway, namespace: NS}}\n---\n"
	)
	for name, test := range map[string]struct{ objects, namespace, label, mesh, want string }{
		"no gateway":                      {"", "", "", "", "ns-1"},
		"the base's gateway moves":        {labelled, "istio-system1", "ingressgateway", "", "ns-1"},
		"one beside the control plane":    {beside, "istio-system1", "ingressgateway", "", "istio-system1"},
		"one in the second namespace":     {beside, "ns-2", "ingressgateway", "", "ns-2"},
		"a gateway for something else":    {beside, "ns-2", "egressgateway", "", "ns-1"},
		"the mesh's selector":             {beside, "ns-2", "edge", "ingressSelector: edge", "ns-2"},
		"the mesh's service":              {beside, "ns-2", "edge", "ingressService: edge", "ns-2"},
		"the service that clients reach":  {service, "ns-2", "", "", "ns-2"},
		"another service of the mesh":     {service, "ns-2", "", "ingressService: edge", "ns-1"},
		"a gateway for another mesh name": {labelled, "istio-system1", "ingressgateway", "ingressSelector: edge", "ns-1"},
	} {
		t.Run(name, func(t *testing.T) {
			mesh := strings.Replace(istiod, "# which configuration holds for the whole mesh", test.mesh, 1)
			f := filter(t, "1.31.0", "auto", "ns-1", "ns-2")
			got := objecttest.Run(t, f, mesh+webhooks+strings.NewReplacer("NS", test.namespace, "LABEL", test.label).Replace(test.objects)+ownValidator)
			require.Contains(t, got, variable+`"`+test.want+`"`+"\n")
			require.Equal(t, got, objecttest.Run(t, f, got))
		})
	}
}

func TestTheVariableIsTheVersionsAndKeepsTheTenantsChoice(t *testing.T) {
	const variable = `name: K8S_INGRESS_NS,?\s+value: "?`
	require.NotContains(t, objecttest.Run(t, filter(t, "1.0.9", "auto", "ns-1"), pilot), "K8S_INGRESS_NS")
	for _, version := range []string{"1.1.17", "1.4.10", "1.10.6"} {
		require.Regexp(t, variable+`ns-1\b`, objecttest.Run(t, filter(t, version, "auto", "ns-1"), pilot), version)
	}
	for has, want := range map[string]string{"ns-2": "ns-2", "istio-system": "ns-1", "ns-0": "ns-1"} {
		text := strings.Replace(istiod, "        env:\n", "        env:\n        - {name: K8S_INGRESS_NS, value: "+has+"}\n", 1)
		got := objecttest.Run(t, filter(t, "1.31.0", "auto", "ns-1", "ns-2"), text+webhooks+ownValidator)
		require.Regexp(t, variable+want+`\b`, got, has)
	}
}
