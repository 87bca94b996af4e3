package node_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/node"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

func TestTheTableIsEnforced(t *testing.T) {
	c := claims(t, "Enforced by kube-router: the connections of three tenants, a namespace in allowFrom, a foreign namespace, the node and a machine outside are those of the table of docs/network.md. A tenant's Prometheus, Grafana and Kiali reach their targets in their own tenant, and not the same targets in another tenant")
	w := theEnforcedWorld(t)
	cells, err := thePopulation(t, w).connections(w)
	require.NoError(t, err)
	for i, got := range answered(cells) {
		c.Verify(got == cells[i].want, "%s: connects is %v, but must be %v", cells[i].name, got, cells[i].want)
	}
}

func TestASecondEngineSaysTheSame(t *testing.T) {
	c := claims(t, "A second engine, that of kube-network-policies, gives the same decisions about the cluster's own objects, except for the node, because Kubernetes always allows a node to reach its Pods")
	w := theEnforcedWorld(t)
	p := thePopulation(t, w)
	cells, err := p.connections(w)
	require.NoError(t, err)
	cells = slices.DeleteFunc(cells, func(c cell) bool { return c.from.Address == node.Address })
	got, err := p.verdicts(w, cells)
	require.NoError(t, err)
	require.Len(t, got, len(cells))
	for i, got := range got {
		c.Verify(got == cells[i].want, "%s: the verdict is %v, but must be %v", cells[i].name, got, cells[i].want)
	}
	cells, err = p.cells(unlisted())
	require.NoError(t, err)
	cells = slices.DeleteFunc(cells, func(c cell) bool { return c.from.Address == node.Address })
	verdicts, err := p.verdicts(w, cells)
	require.NoError(t, err)
	require.Len(t, verdicts, len(cells))
	for i, got := range verdicts {
		if got != cells[i].want {
			t.Errorf("%s: the verdict is %v, as of the port %d it is %v", cells[i].name, got, ordinary, cells[i].want)
		}
	}
}

// ordinary is a port about which no rule is. Where it is refused to somebody, so are all
// ports that the table does not list.
const ordinary = 8080

// unlisted are ports that the table does not list, on each Pod that refuses the ordinary
// one to somebody. Nobody listens there, so that the engine alone can be asked.
func unlisted() (made []row) {
	for _, r := range rows {
		if r.by != pod || r.port != ordinary || len(r.from) == len(everybody) {
			continue
		}
		for port := 1; port < 1<<16; port++ {
			common := port <= 100 || port >= 15000 && port <= 15100 || slices.Contains([]int{443, 6443, 8443, 9090, 10250, 16443, 30000, 65535}, port)
			listed := slices.ContainsFunc(rows, func(other row) bool {
				return other.by == pod && other.namespace == r.namespace && other.name == r.name && other.port == port
			})
			if common && !listed {
				made = append(made, row{r.to, r.namespace, r.name, pod, port, r.from})
			}
		}
	}
	return made
}

// verdicts asks the command of e2e/network, since the engine's module and this one
// pin other versions of the same.
func (p *population) verdicts(w *world, cells []cell) (got []bool, err error) {
	type connection struct {
		From, To string
		Port     int
	}
	question := struct {
		Pods        []corev1.Pod
		Namespaces  []corev1.Namespace
		Policies    []networkingv1.NetworkPolicy
		Connections []connection
	}{Pods: p.pods}
	if question.Namespaces, err = list[corev1.Namespace](w, "/api/v1/namespaces"); err != nil {
		return nil, err
	}
	if question.Policies, err = list[networkingv1.NetworkPolicy](w, "/apis/networking.k8s.io/v1/networkpolicies"); err != nil {
		return nil, err
	}
	for _, c := range cells {
		host, port, err := net.SplitHostPort(c.pod)
		if err != nil {
			return nil, err
		}
		number, err := strconv.Atoi(port)
		if err != nil {
			return nil, err
		}
		question.Connections = append(question.Connections, connection{c.from.Address, host, number})
	}
	asked, err := json.Marshal(question)
	if err != nil {
		return nil, err
	}
	command := exec.Command(binaries["verdicts"])
	command.Stdin, command.Stderr = bytes.NewReader(asked), os.Stderr
	answer, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("verdicts: %w", err)
	}
	return got, json.Unmarshal(answer, &got)
}
