package netpol_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/json"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/manifest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/netpol"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// read returns the network of manifests.
func read(t testing.TB, manifests string) (*netpol.Network, error) {
	t.Helper()
	nodes, _, err := manifest.Read(strings.NewReader(manifests), "m.yaml")
	require.NoError(t, err)
	var objects []*snapshot.Object
	for _, n := range nodes {
		text, err := n.String()
		require.NoError(t, err)
		data, err := sigsyaml.YAMLToJSON([]byte(text))
		require.NoError(t, err)
		var content map[string]any
		require.NoError(t, json.Unmarshal(data, &content))
		objects = append(objects, &snapshot.Object{ID: object.IDOf(n), Source: snapshot.Source{File: "m.yaml", Line: n.YNode().Line}, Content: content})
	}
	return netpol.New(snapshot.New(objects, nil))
}

func network(t testing.TB, manifests string) *netpol.Network {
	t.Helper()
	n, err := read(t, manifests)
	require.NoError(t, err)
	return n
}

const twoTenants = `
apiVersion: v1
kind: Namespace
metadata: {name: ns-1, labels: {istio-tenancy.dev/tenant: sales}}
---
apiVersion: v1
kind: Namespace
metadata: {name: hr, labels: {istio-tenancy.dev/tenant: hr}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: reviews, namespace: ns-1}
spec:
  template:
    metadata: {labels: {app: reviews}}
    spec:
      containers: [{name: reviews, ports: [{name: http, containerPort: 9080}]}]
      initContainers:
      - {name: proxy, restartPolicy: Always, ports: [{name: envoy, containerPort: 15006, protocol: TCP}]}
      - {name: once, ports: [{name: never, containerPort: 1}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: ours, namespace: ns-1}
spec:
  podSelector: {}
  ingress:
  - from: [{namespaceSelector: {matchLabels: {istio-tenancy.dev/tenant: sales}}}]
`

func TestAllows(t *testing.T) {
	sales, hr := netpol.Pod{Namespace: "ns-1"}, netpol.Pod{Namespace: "hr"}
	for name, test := range map[string]struct {
		more     string
		from, to netpol.Pod
		port     int32
		allowed  bool
		by       string
	}{
		"within":           {from: sales, to: sales, allowed: true, by: "NetworkPolicy ns-1/ours Ingress 0"},
		"from outside":     {from: hr, to: sales, by: "NetworkPolicy ns-1/ours Ingress -1"},
		"no policy":        {from: sales, to: hr, allowed: true},
		"unknown":          {from: netpol.Pod{Namespace: "none"}, to: sales, by: "NetworkPolicy ns-1/ours Ingress -1"},
		"from a node":      {from: netpol.Pod{Namespace: "hr", HostNetwork: true}, to: sales, allowed: true},
		"to a node's port": {from: hr, to: netpol.Pod{Namespace: "ns-1", HostNetwork: true}, allowed: true},
		"an empty list of rules lets nobody in": {
			more: `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: none, namespace: hr}, spec: {podSelector: {}, ingress: [], egress: []}}`,
			from: sales, to: hr, by: "NetworkPolicy hr/none Ingress -1",
		},
		"what goes out": {
			more: `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: out, namespace: hr}, spec: {podSelector: {}, policyTypes: [Egress], egress: [{to: [{podSelector: {}}]}]}}`,
			from: hr, to: netpol.Pod{Namespace: "else"}, by: "NetworkPolicy hr/out Egress -1",
		},
		"a port without a protocol is one of TCP": {
			more: `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: port, namespace: hr}, spec: {podSelector: {}, ingress: [{ports: [{port: 80}]}], egress: [{ports: [{port: 1}]}]}}`,
			from: sales, to: hr, port: 80, allowed: true, by: "NetworkPolicy hr/port Ingress 0",
		},
		"any private address": {
			more: `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: block, namespace: hr}, spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8, 192.168.0.0/16]}}]}]}}`,
			from: sales, to: hr, allowed: true, by: "NetworkPolicy hr/block Ingress 0",
		},
		"only public addresses": {
			more: `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: block, namespace: hr}, spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8, 192.168.0.0/16, 172.16.0.0/12, 100.64.0.0/10]}}]}]}}`,
			from: sales, to: hr, by: "NetworkPolicy hr/block Ingress -1",
		},
		"some private addresses": {
			more: `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: block, namespace: hr}, spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/9]}}]}]}}`,
			from: sales, to: hr, allowed: true, by: "NetworkPolicy hr/block Ingress 0",
		},
		"the tier Admin denies": {
			more: clusterPolicy("Admin", "floor", 1000, "Deny"), from: hr, to: sales, by: "ClusterNetworkPolicy floor Ingress 0",
		},
		"the tier Admin accepts": {
			more: clusterPolicy("Admin", "open", 7, "Accept"), from: hr, to: sales, allowed: true, by: "ClusterNetworkPolicy open Ingress 0",
		},
		"the tier Admin passes, before it denies": {
			more: clusterPolicy("Admin", "floor", 1000, "Deny") + "\n---\n" + clusterPolicy("Admin", "pass", 999, "Pass"),
			from: hr, to: sales, by: "NetworkPolicy ns-1/ours Ingress -1",
		},
		"of two policies with one priority, the one that accepts": {
			more: clusterPolicy("Admin", "a-shut", 7, "Deny") + "\n---\n" + clusterPolicy("Admin", "b-open", 7, "Accept"),
			from: hr, to: sales, allowed: true, by: "ClusterNetworkPolicy b-open Ingress 0",
		},
		"of two policies with one priority, the one that passes": {
			more: clusterPolicy("Admin", "a-shut", 7, "Deny") + "\n---\n" + clusterPolicy("Admin", "b-pass", 7, "Pass") + "\n---\n" + clusterPolicy("Admin", "open", 8, "Accept"),
			from: hr, to: sales, by: "NetworkPolicy ns-1/ours Ingress -1",
		},
		"the first rule of a policy": {
			more: strings.Replace(clusterPolicy("Admin", "shut", 7, "Deny"), "ingress: [", "ingress: [{action: Deny, from: [{namespaces: {}}]}, {action: Accept, from: [{namespaces: {}}]}, ", 1),
			from: hr, to: sales, by: "ClusterNetworkPolicy shut Ingress 0",
		},
		"the tier Baseline decides where a NetworkPolicy is for the other direction": {
			more: strings.ReplaceAll(clusterPolicy("Baseline", "base", 0, "Deny"), "ns-1", "hr") + `
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: out, namespace: hr}, spec: {podSelector: {}, policyTypes: [Egress], egress: [{}]}}`,
			from: sales, to: hr, by: "ClusterNetworkPolicy base Ingress 0",
		},
		"the tier Baseline does not decide where a NetworkPolicy does": {
			more: clusterPolicy("Baseline", "open", 7, "Accept"), from: hr, to: sales, by: "NetworkPolicy ns-1/ours Ingress -1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if test.port == 0 {
				test.port = 8080
			}
			v := network(t, twoTenants+"---\n"+test.more).Allows(test.from, test.to, corev1.ProtocolTCP, test.port)
			require.Equal(t, test.allowed, v.Allowed)
			require.Equal(t, test.by, names(v.By))
		})
	}
}

func names(rules []netpol.Rule) string {
	var all []string
	for _, r := range rules {
		all = append(all, fmt.Sprint(r.Policy, " ", r.Direction, " ", r.Index))
	}
	return strings.Join(all, ", ")
}

func clusterPolicy(tier, name string, priority int, action string) string {
	const text = `{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {name: %s}, spec: {tier: %s, priority: %d,
  subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: ns-1}}},
  ingress: [{name: others, action: %s, from: [{namespaces: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [ns-1]}]}}]}]}}`
	return fmt.Sprintf(text, name, tier, priority, action)
}

func TestAny(t *testing.T) {
	for name, test := range map[string]struct{ more, want string }{
		"closed": {},
		"a label that anybody can give to a Pod": {
			`{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: opens, namespace: ns-1}, spec: {podSelector: {matchLabels: {app: reviews}},
			  ingress: [{from: [{namespaceSelector: {}, podSelector: {matchExpressions: [{key: role, operator: In, values: [client]}]}}]}]}}`,
			"map[role:client] TCP 9080, NetworkPolicy ns-1/opens Ingress 0",
		},
		"a port that no container declares": {
			`{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: opens, namespace: ns-1}, spec: {podSelector: {}, ingress: [{ports: [{port: 7000, endPort: 7009, protocol: UDP}]}]}}`,
			"map[] UDP 7000, NetworkPolicy ns-1/opens Ingress 0",
		},
		"the name of a port": {
			`{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: opens, namespace: ns-1}, spec: {podSelector: {}, ingress: [{ports: [{port: envoy}]}]}}`,
			"map[] TCP 15006, NetworkPolicy ns-1/opens Ingress 0",
		},
		"the name of a port of a container that has ended": {
			more: `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: opens, namespace: ns-1}, spec: {podSelector: {}, ingress: [{ports: [{port: never}]}]}}`,
		},
		"other Pods": {
			more: `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: opens, namespace: ns-1}, spec: {podSelector: {matchLabels: {app: ratings}}, ingress: [{}]}}`,
		},
		"a Pod that the policies where it is do not select": {
			`{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: opens, namespace: ns-1}, spec: {podSelector: {}, ingress: [{from: [{namespaceSelector: {}}]}]}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: out, namespace: hr}, spec: {podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [x, z]}]}, policyTypes: [Egress]}}`,
			"map[app:x] TCP 9080, NetworkPolicy ns-1/opens Ingress 0",
		},
		"nothing goes out": {
			more: `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: opens, namespace: ns-1}, spec: {podSelector: {}, ingress: [{from: [{namespaceSelector: {}}]}]}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: out, namespace: hr}, spec: {podSelector: {}, policyTypes: [Egress]}}`,
		},
		"a port that the tier Admin opens": {
			`{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {name: open}, spec: {tier: Admin, priority: 1,
			  subject: {pods: {namespaceSelector: {matchLabels: {istio-tenancy.dev/tenant: sales}}, podSelector: {}}},
			  ingress: [{name: a, action: Accept, from: [{namespaces: {}}], protocols: [{tcp: {destinationPort: {number: 7777}}}]}]}}`,
			"map[] TCP 7777, ClusterNetworkPolicy open Ingress 0",
		},
		"a Pod that the tier Admin does not select where it is": {
			`{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: opens, namespace: ns-1}, spec: {podSelector: {}, ingress: [{from: [{namespaceSelector: {}}]}]}}
---
{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {name: out}, spec: {tier: Admin, priority: 1,
			  subject: {pods: {namespaceSelector: {}, podSelector: {matchExpressions: [{key: role, operator: DoesNotExist}]}}},
			  egress: [{name: a, action: Deny, to: [{networks: [0.0.0.0/0, "::/0"]}]}]}}`,
			"map[role:any.other] TCP 9080, NetworkPolicy ns-1/opens Ingress 0",
		},
		"the tier Admin accepts": {clusterPolicy("Admin", "open", 7, "Accept"), "map[] TCP 9080, ClusterNetworkPolicy open Ingress 0"},
	} {
		t.Run(name, func(t *testing.T) {
			n := network(t, twoTenants+"---\n"+test.more)
			pods := n.Pods("ns-1")
			require.Len(t, pods, 1)
			c, found := n.Any("hr", pods[0])
			require.Equal(t, test.want != "", found)
			require.False(t, c.Unsure)
			if found {
				require.Equal(t, test.want, fmt.Sprint(c.From.Labels, " ", c.Protocol, " ", c.Port, ", ", names(c.By)))
			}
		})
	}
}

func TestOpens(t *testing.T) {
	n := network(t, twoTenants+`
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: more, namespace: ns-1}
spec:
  podSelector: {matchLabels: {app: gateway}}
  ingress:
  - from:
    - podSelector: {}
    - namespaceSelector: {matchExpressions: [{key: istio-tenancy.dev/tenant, operator: In, values: [hr, sales]}]}
    - namespaceSelector: {matchLabels: {istio-tenancy.dev/tenant: hr}, matchExpressions: [{key: other, operator: Exists}]}
    - namespaceSelector: {}
      podSelector: {matchLabels: {a: b}}
    - ipBlock: {cidr: 8.0.0.0/8}
    - ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}
  - ports: [{port: 443}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: some, namespace: hr}
spec: {podSelector: {matchLabels: {app: db}}}
---
`+clusterPolicy("Admin", "open", 1, "Accept")+"\n---\n"+clusterPolicy("Admin", "shut", 2, "Deny"))
	var all []string
	for _, namespace := range []string{"ns-1", "hr", "nobody"} {
		for _, o := range n.Opens(namespace) {
			block := ""
			if o.Block != nil {
				block = o.Block.CIDR
			}
			all = append(all, fmt.Sprint(namespace, ": ", o.Policy, " ", o.Rule, " ", o.Peer, " ", o.Pods, " ", o.All, " ", o.From, " ", block))
		}
	}
	require.Equal(t, []string{
		"ns-1: NetworkPolicy ns-1/more 0 1 app=gateway false [hr ns-1] ",
		"ns-1: NetworkPolicy ns-1/more 0 3 app=gateway true [] ",
		"ns-1: NetworkPolicy ns-1/more 0 5 app=gateway false [] 0.0.0.0/0",
		"ns-1: NetworkPolicy ns-1/more 1 -1 app=gateway true [] ",
		"ns-1: ClusterNetworkPolicy open 0 0  false [hr] ",
		"hr:   -1 -1  true [] ",
		"nobody:   -1 -1  true [] ",
	}, all)
}

func TestErrors(t *testing.T) {
	_, err := read(t, `
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a, namespace: b}, spec: {podSelector: {matchExpressions: [{key: x, operator: Near}]},
  ingress: [{from: [{}, {ipBlock: {cidr: ten}}, {ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}], ports: [{port: x, endPort: 2}]}]}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: c, namespace: d}, spec: {ingress: 1}}
`)
	require.EqualError(t, err, `m.yaml:2: NetworkPolicy b/a: spec.podSelector: "Near" is not a valid label selector operator
spec.ingress[0].ports[0].endPort: found 2: must be set together with a port that is a number and not larger
spec.ingress[0].from[0]: is empty: must have a podSelector, a namespaceSelector or an ipBlock
spec.ingress[0].from[1].ipBlock: found "ten": must be a range of addresses such as 10.0.0.0/8
spec.ingress[0].from[2]: has an ipBlock and a selector: must have only one of them
m.yaml:5: NetworkPolicy d/c: cannot restore slice from int64`)
}

// A policy that no API server takes denies nothing.
func TestClusterErrors(t *testing.T) {
	_, err := read(t, `
{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {name: a}, spec: {tier: admin, priority: -4, subject: {},
  ingress: [{action: Drop, from: []}, {action: deny, from: [{}, {namespaces: {}, pods: {namespaceSelector: {}, podSelector: {}}}],
    protocols: [{tcp: {}}, {udp: {destinationPort: {number: 70000}}}, {sctp: {destinationPort: {range: {start: 9, end: 9}}}}]}],
  egress: [{action: Deny, to: [{networks: [ten]}]}]}}
---
`+clusterPolicy("Admin", "b", 1001, "Accept"))
	require.EqualError(t, err, `m.yaml:2: ClusterNetworkPolicy a: spec.subject: has 0 of the fields that say what it selects: must have one
spec.tier: found "admin": must be Admin or Baseline
spec.priority: found -4: must be between 0 and 1000
spec.ingress[0].action: found "Drop": must be Accept, Deny or Pass
spec.ingress[0].from: found 0: must have between 1 and 25
spec.ingress[1].action: found "deny": must be Accept, Deny or Pass
spec.ingress[1].protocols[0]: destinationPort of TCP: must have a number or a range
spec.ingress[1].protocols[1]: destinationPort of UDP: found 70000: must be between 1 and 65535
spec.ingress[1].protocols[2]: destinationPort of SCTP: found 9 to 9: must be between 1 and 65535, and the start less than the end
spec.ingress[1].from[0]: has 0 of the fields that say what it selects: must have one
spec.ingress[1].from[1]: has 2 of the fields that say what it selects: must have one
spec.egress[0].to[0].networks: found "ten": must be a range of addresses such as 10.0.0.0/8
m.yaml:7: ClusterNetworkPolicy b: spec.priority: found 1001: must be between 0 and 1000`)
}

// What nothing here evaluates is told.
func TestUnread(t *testing.T) {
	n := network(t, `
{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: a, namespace: b}}
---
{apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {name: c}}
`)
	require.Equal(t, "[AdminNetworkPolicy c CiliumNetworkPolicy b/a]", fmt.Sprint(n.Unread))
}
