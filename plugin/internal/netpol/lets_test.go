package netpol_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/netpol"
)

const (
	random     = 200
	namespaces = "{apiVersion: v1, kind: Namespace, metadata: {name: ns-1}}\n---\n{apiVersion: v1, kind: Namespace, metadata: {name: hr, labels: {a: x}}}\n---\n{apiVersion: v1, kind: Namespace, metadata: {name: dev, labels: {a: z}}}\n"
)

// What random policies let in is what a try of all Pods and ports finds.
func TestLetsRandom(t *testing.T) {
	r := policies{rand.New(rand.NewPCG(2018, 2))}
	found := map[bool]int{}
	for range random {
		text := r.text()
		n := network(t, text)
		for _, o := range n.ClusterOpens("ns-1") {
			lets := n.Lets(t.Context(), o, "ns-1")
			for _, from := range []string{"hr", "dev"} {
				in, sure := lets(from)
				require.True(t, sure)
				require.Equal(t, tried(n, o, from), in, "%s: rule %d of %s\n%s", from, o.Rule, o.Policy, text)
				found[in]++
			}
		}
	}
	require.Greater(t, found[true], random/4)
	require.Greater(t, found[false], random/4)
}

// tried tries them all.
func tried(n *netpol.Network, o netpol.Opening, from string) bool {
	sets := []map[string]string{nil, {"a": "x"}, {"a": "z"}, {"b": "x"}, {"a": "x", "b": "x"}, {"a": "z", "b": "x"}}
	for _, receiver := range sets {
		for _, sender := range sets {
			for _, protocol := range []corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP} {
				for _, port := range []int32{79, 80, 81, 82} {
					for _, name := range []string{"", "web"} {
						to := netpol.Pod{Namespace: "ns-1", Labels: receiver, Ports: []netpol.Port{{Name: name, Protocol: protocol, Number: port}}}
						v := n.Allows(netpol.Pod{Namespace: from, Labels: sender}, to, protocol, port)
						if v.Allowed && slices.ContainsFunc(v.By, func(r netpol.Rule) bool { return r.Policy == o.Policy && r.Direction == "Ingress" && r.Index == o.Rule }) {
							return true
						}
					}
				}
			}
		}
	}
	return false
}

// policies are random ones, of which no two have the same priority.
type policies struct{ *rand.Rand }

func (r policies) text() string {
	var text strings.Builder
	text.WriteString(namespaces)
	for i := range 1 + r.IntN(4) {
		tier, subject := r.pick("Admin", "Admin", "Baseline"), r.pick("ns-1", "ns-1", "hr")
		if subject == "hr" {
			tier = "Admin" // before which a tenant's own policy does not decide
		}
		fmt.Fprintf(&text, "---\n{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {name: p%d}, spec: {tier: %s, priority: %d, subject: ", i, tier, i)
		name := "{matchLabels: {kubernetes.io/metadata.name: " + subject + "}}"
		if r.IntN(2) == 0 {
			text.WriteString("{namespaces: " + name + "}")
		} else {
			text.WriteString("{pods: {namespaceSelector: " + name + ", podSelector: " + r.selector() + "}}")
		}
		direction, peer := "ingress", "from"
		if subject == "hr" {
			direction, peer = "egress", "to"
		}
		text.WriteString(", " + direction + ": [")
		for range 1 + r.IntN(3) {
			fmt.Fprintf(&text, "{action: %s, %s: [%s]%s},", r.pick("Accept", "Accept", "Deny", "Pass"), peer, r.peer(peer), r.pick("", "",
				", protocols: [{tcp: {destinationPort: {range: {start: 1, end: 65535}}}}]", ", protocols: [{tcp: {destinationPort: {number: 80}}}]", ", protocols: [{tcp: {destinationPort: {range: {start: 80, end: 81}}}}, {udp: {destinationPort: {range: {start: 1, end: 65535}}}}]", ", protocols: [{destinationNamedPort: web}]"))
		}
		text.WriteString("]}}\n")
	}
	for i := range r.IntN(3) {
		fmt.Fprintf(&text, "---\n{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p%d, namespace: ns-1}, spec: {podSelector: %s, ingress: [{ports: [{port: 80}]}]}}\n", i, r.selector())
	}
	return text.String()
}

func (r policies) peer(direction string) string {
	name := r.pick("{}", "{}", "{matchLabels: {a: x}}", "{matchExpressions: [{key: a, operator: NotIn, values: [x]}]}")
	if direction == "to" && r.IntN(4) == 0 {
		return "{networks: [" + r.pick("10.0.0.0/8", "0.0.0.0/0, '::/0'") + "]}"
	}
	if r.IntN(2) == 0 {
		return "{namespaces: " + name + "}"
	}
	return "{pods: {namespaceSelector: " + name + ", podSelector: " + r.selector() + "}}"
}

func (r policies) selector() string {
	return r.pick("{}", "{matchLabels: {a: x}}", "{matchLabels: {a: z}}", "{matchLabels: {a: x, b: x}}", "{matchExpressions: [{key: b, operator: DoesNotExist}]}",
		"{matchExpressions: [{key: a, operator: NotIn, values: [x]}]}")
}

func (r policies) pick(from ...string) string { return from[r.IntN(len(from))] }

// A tenant writes as many NetworkPolicies as it wants.
func TestLetsMany(t *testing.T) {
	for name, test := range map[string]struct {
		tier, pods string
		in, sure   bool
	}{
		"before NetworkPolicies":                       {"Admin", "{matchLabels: {k%d: v}}", true, true},
		"where NetworkPolicies select some":            {"Baseline", "{matchLabels: {k%d: v}}", true, true},
		"where they select all":                        {"Baseline", "{}", false, true},
		"where nobody can say whether they select all": {"Baseline", "{matchLabels: {k%[1]d: v, l%[1]d: v, m%[1]d: v}, matchExpressions: [{key: all, operator: NotIn, values: [k%[1]d]}]}", true, true},
	} {
		t.Run(name, func(t *testing.T) {
			text := namespaces + "---\n" + clusterPolicy(test.tier, "open", 10, "Accept")
			var ports strings.Builder
			for i := range 200 {
				fmt.Fprintf(&ports, "{port: %d},", 1000+2*i)
			}
			for i := range 60 {
				text += fmt.Sprintf("\n---\n{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p%d, namespace: ns-1}, spec: {podSelector: ", i) +
					strings.Split(fmt.Sprintf(test.pods+"%%", i), "%")[0] + ", ingress: [{from: [{podSelector: {}}], ports: [" + ports.String() + "]}]}}"
			}
			n := network(t, text)
			start := time.Now()
			in, sure := n.Lets(t.Context(), n.ClusterOpens("ns-1")[0], "ns-1")("hr")
			require.Equal(t, []bool{test.in, test.sure}, []bool{in, sure})
			require.Less(t, time.Since(start), 20*time.Second)
		})
	}
}

// Nobody waits for what has been called off.
func TestLetsEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	n := network(t, namespaces+"---\n"+clusterPolicy("Admin", "open", 10, "Accept"))
	_, sure := n.Lets(ctx, n.ClusterOpens("ns-1")[0], "ns-1")("hr")
	require.False(t, sure)
}
