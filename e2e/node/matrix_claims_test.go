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
	c := claims(t, "Enforced by kube-router: who reaches what, of three tenants, a namespace in allowFrom, a foreign one, the node and a machine outside, is what the table of docs/network.md says")
	w := theEnforcedWorld(t)
	cells, err := thePopulation(t, w).cells(rows)
	require.NoError(t, err)
	for i, got := range answered(cells) {
		c.Verify(got == cells[i].want, "%s: connects is %v, the table says %v", cells[i].name, got, cells[i].want)
	}
}

func TestASecondEngineSaysTheSame(t *testing.T) {
	c := claims(t, "A second engine, that of kube-network-policies, gives the verdict of the table of docs/network.md on the cluster's own objects, but for the node, which Kubernetes lets reach its Pods whatever policies say")
	w := theEnforcedWorld(t)
	p := thePopulation(t, w)
	cells, err := p.cells(rows)
	require.NoError(t, err)
	cells = slices.DeleteFunc(cells, func(c cell) bool { return c.from.Address == node.Address })
	got, err := p.verdicts(w, cells)
	require.NoError(t, err)
	require.Len(t, got, len(cells))
	for i, got := range got {
		c.Verify(got == cells[i].want, "%s: the verdict is %v, the table says %v", cells[i].name, got, cells[i].want)
	}
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
