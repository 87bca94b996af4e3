package connections_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

const (
	sets   = 400
	perSet = 40
	least  = 2000 // of each verdict
)

// cluster is what both implementations are asked about.
type cluster struct {
	namespaces  []corev1.Namespace
	policies    []networkingv1.NetworkPolicy
	Objects     []any
	Connections []connection
}

type connection struct {
	From, To pod
	Protocol corev1.Protocol
	Port     int32
}

// For random policies, Pods and connections, the program says the same as cyclonus, but
// for the difference that differences_test.go is about.
func TestEqual(t *testing.T) {
	r := random{rand.New(rand.NewPCG(2018, 1))}
	var clusters []cluster
	for range sets {
		clusters = append(clusters, r.cluster())
	}
	verdicts := map[bool]int{}
	for i, said := range ask(t, clusters) {
		c := clusters[i]
		second := matcher.BuildNetworkPolicies(false, c.forCyclonus())
		for j, asked := range c.Connections {
			want := second.IsTrafficAllowed(c.traffic(asked)).IsAllowed()
			verdicts[want]++
			if said[j].Allowed != want {
				policies, _ := json.MarshalIndent(c.policies, "", " ")
				question, _ := json.Marshal(asked)
				t.Errorf("set %d, connection %d: found %v by %q: cyclonus says %v\n%s\n%s", i, j, said[j].Allowed, said[j].By, want, question, policies)
				return
			}
		}
	}
	t.Logf("%d connections in %d sets of policies: %d allowed, %d refused by both", sets*perSet, sets, verdicts[true], verdicts[false])
	require.GreaterOrEqual(t, verdicts[true], least)
	require.GreaterOrEqual(t, verdicts[false], least)
}

func newCluster(namespaces []corev1.Namespace, policies []networkingv1.NetworkPolicy) cluster {
	c := cluster{namespaces: namespaces, policies: policies}
	for _, n := range namespaces {
		c.Objects = append(c.Objects, n)
	}
	for _, p := range policies {
		c.Objects = append(c.Objects, p)
	}
	return c
}

// answer is the program's.
type answer struct {
	Allowed bool
	By      []string
}

// ask asks the program about the connections of clusters.
func ask(t *testing.T, clusters []cluster) [][]answer {
	t.Helper()
	program := filepath.Join(t.TempDir(), "connect")
	build := exec.Command("go", "build", "-o", program, "./plugin/internal/oracle/connect")
	build.Dir, build.Stderr = "../..", os.Stderr
	require.NoError(t, build.Run())
	var questions bytes.Buffer
	for _, c := range clusters {
		require.NoError(t, json.NewEncoder(&questions).Encode(c))
	}
	model := exec.Command(program)
	model.Stdin, model.Stderr = &questions, os.Stderr
	out, err := model.Output()
	require.NoError(t, err)
	answers := json.NewDecoder(bytes.NewReader(out))
	all := make([][]answer, len(clusters))
	for i := range all {
		require.NoError(t, answers.Decode(&all[i]))
		require.Len(t, all[i], len(clusters[i].Connections))
	}
	return all
}

func (r random) cluster() cluster {
	c := newCluster(r.namespaces(), r.policies())
	pods := r.pods()
	for range perSet {
		asked := connection{From: pick(r, pods...), To: pick(r, pods...), Protocol: pick(r, protocols...), Port: int32(76 + r.IntN(34))}
		if r.chance(10) { // a machine outside, of which the address alone counts
			asked.To = pod{HostNetwork: true, Address: pick(r, "10.1.1.4", "10.2.9.9", "8.8.8.8", "fd00::1")}
		} else if len(asked.To.Ports) > 0 && r.chance(60) {
			declared := pick(r, asked.To.Ports...)
			asked.Protocol, asked.Port = declared.Protocol, declared.Number
		}
		c.Connections = append(c.Connections, asked)
	}
	return c
}

func (c cluster) traffic(asked connection) *matcher.Traffic {
	t := &matcher.Traffic{
		Source: c.peer(asked.From), Destination: c.peer(asked.To), ResolvedPort: int(asked.Port), Protocol: asked.Protocol,
	}
	for _, p := range asked.To.Ports {
		if p.Number == asked.Port && p.Protocol == asked.Protocol {
			t.ResolvedPortName = p.Name
		}
	}
	return t
}

func (c cluster) peer(p pod) *matcher.TrafficPeer {
	peer := &matcher.TrafficPeer{IP: p.Address}
	for _, n := range c.namespaces {
		if n.Name == p.Namespace {
			peer.Internal = &matcher.InternalPeer{PodLabels: p.Labels, NamespaceLabels: n.Labels, Namespace: n.Name}
		}
	}
	return peer
}
