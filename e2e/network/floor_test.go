package network_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/network"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/network-policy-api/apis/v1alpha2"
	"sigs.k8s.io/yaml"
)

// pods are who connects: two of the tenant, one of another tenant, one of the
// cluster's, one of a namespace in allowFrom, and addons of two tenants. gateway is what
// istiod deploys.
var pods = map[string]*corev1.Pod{
	"app":        pod("ns-1", 1, map[string]string{"app": "app"}),
	"peer":       pod("ns-1", 2, nil),
	"gateway":    pod("ns-1", 3, map[string]string{"gateway.networking.k8s.io/gateway-name": "web"}),
	"istiod":     pod("istio-system1", 4, map[string]string{"app": "istiod", "istio.io/rev": "sales"}),
	"dev":        pod("ns-0", 5, nil),
	"default":    pod("default", 6, nil),
	"prometheus": pod("monitoring", 7, nil),
	"outside":    pod("", 8, nil), // no Pod of the cluster

	"own prometheus":   pod("ns-1", 9, map[string]string{"app": "prometheus"}),
	"grafana":          pod("ns-1", 10, map[string]string{"app": "grafana"}),
	"kiali":            pod("ns-1", 11, map[string]string{"app": "kiali"}),
	"jaeger":           pod("ns-1", 12, map[string]string{"app": "jaeger"}),
	"dev's prometheus": pod("ns-0", 13, map[string]string{"app": "prometheus"}),
	"dev's grafana":    pod("ns-0", 14, map[string]string{"app": "grafana"}),
}

func pod(namespace string, address int, labels map[string]string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: fmt.Sprintf("pod-%d", address), Labels: labels},
		Status:     corev1.PodStatus{PodIP: fmt.Sprintf("10.0.0.%d", address)},
	}
}

// engine evaluates the policies of a stream of objects.
func engine(t *testing.T, text string) network.Engine {
	t.Helper()
	var o network.Objects
	for _, p := range pods {
		if p.Namespace != "" {
			o.Pods = append(o.Pods, *p)
			o.Namespaces = append(o.Namespaces, corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
				Name: p.Namespace, Labels: map[string]string{"kubernetes.io/metadata.name": p.Namespace},
			}})
		}
	}
	for doc := range strings.SplitSeq(text, "\n---\n") {
		var head metav1.TypeMeta
		require.NoError(t, yaml.Unmarshal([]byte(doc), &head))
		switch head.Kind {
		case "Namespace":
			var n corev1.Namespace
			require.NoError(t, yaml.UnmarshalStrict([]byte(doc), &n))
			n.Labels["kubernetes.io/metadata.name"] = n.Name // which the API server writes
			o.Namespaces = append(o.Namespaces, n)
		case "NetworkPolicy":
			var p networkingv1.NetworkPolicy
			require.NoError(t, yaml.UnmarshalStrict([]byte(doc), &p))
			o.Policies = append(o.Policies, p)
		case "ClusterNetworkPolicy":
			var p v1alpha2.ClusterNetworkPolicy
			require.NoError(t, yaml.UnmarshalStrict([]byte(doc), &p))
			o.ClusterPolicies = append(o.ClusterPolicies, p)
		}
	}
	e, err := network.New(o)
	require.NoError(t, err)
	return e
}

// open is what a tenant's administrator may write: everything, from everywhere.
func open(namespace string) string {
	return "\n---\n{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: open, namespace: " + namespace + "}, spec: {podSelector: {}, ingress: [{}]}}"
}

func TestTheFloorHoldsWhateverTheTenantOpens(t *testing.T) {
	const allow = "{allowFrom: [monitoring]}"
	shipped, floor := render(t, allow), render(t, strings.Replace(allow, "{", "{floor: true, ", 1))
	attack := open("ns-1") + open("istio-system1")
	engines := []network.Engine{engine(t, shipped), engine(t, shipped+attack), engine(t, floor), engine(t, floor+attack)}
	const yes, no = true, false
	for _, row := range []struct {
		from, to string
		port     int
		// As shipped; opened by the tenant; with the floor; opened with the floor.
		want [4]bool
	}{
		{"dev", "app", 8080, [4]bool{no, yes, no, no}},
		{"default", "app", 8080, [4]bool{no, yes, no, no}},
		{"dev", "app", 15021, [4]bool{no, yes, no, no}},
		{"dev", "gateway", 15000, [4]bool{no, yes, no, no}},
		{"dev", "gateway", 15090, [4]bool{no, yes, no, no}},
		{"dev", "istiod", 15012, [4]bool{no, yes, no, no}},
		{"default", "istiod", 15014, [4]bool{no, yes, no, no}},
		{"prometheus", "istiod", 15012, [4]bool{no, yes, no, no}},

		{"dev", "gateway", 8443, [4]bool{yes, yes, yes, yes}},
		{"dev", "gateway", 15021, [4]bool{yes, yes, yes, yes}},
		{"dev", "gateway", 20000, [4]bool{yes, yes, yes, yes}},
		{"default", "istiod", 15017, [4]bool{yes, yes, yes, yes}},
		{"outside", "istiod", 15017, [4]bool{yes, yes, yes, yes}},
		{"outside", "gateway", 443, [4]bool{yes, yes, yes, yes}},
		{"peer", "app", 8080, [4]bool{yes, yes, yes, yes}},
		{"istiod", "app", 15021, [4]bool{yes, yes, yes, yes}},
		{"app", "istiod", 15012, [4]bool{yes, yes, yes, yes}},
		{"prometheus", "app", 8080, [4]bool{yes, yes, yes, yes}},
		{"prometheus", "istiod", 15014, [4]bool{yes, yes, yes, yes}},

		// Not covered, as docs/network.md says.
		{"outside", "app", 8080, [4]bool{no, yes, no, yes}},
	} {
		var got [4]bool
		for i, e := range engines {
			var err error
			got[i], err = e.Allows(pods[row.from].Status.PodIP, pods[row.to].Status.PodIP, row.port)
			require.NoError(t, err)
		}
		require.Equal(t, row.want, got, "%s -> %s:%d", row.from, row.to, row.port)
	}
}

// What NetworkPolicies decide among the tenant's own is left to them.
func TestTheFloorLeavesTheTenantToItsOwnPolicies(t *testing.T) {
	e := engine(t, render(t, "{floor: true, withinTenant: deny}"))
	for _, row := range []struct {
		from, to string
		want     bool
	}{{"peer", "app", false}, {"istiod", "app", true}, {"dev", "app", false}} {
		got, err := e.Allows(pods[row.from].Status.PodIP, pods[row.to].Status.PodIP, 8080)
		require.NoError(t, err)
		require.Equal(t, row.want, got, "%s -> %s", row.from, row.to)
	}
}
