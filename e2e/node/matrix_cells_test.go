package node_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/node"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// cell is one connection of the table.
type cell struct {
	name string
	from node.Place
	// address is what is called; pod is where it ends: the same, unless a Service is called.
	address, pod string
	want         bool
}

// silence is how long a connection may take. kube-router refuses at once, so that
// it passes where packets are lost alone.
const silence = 3 * time.Second

// answered are, of each cell, whether it connects.
func answered(cells []cell) []bool {
	got := make([]bool, len(cells))
	sideBySide(len(cells), 16, func(i int) { got[i] = cells[i].from.Reaches(cells[i].address, silence) })
	return got
}

// population is what the table's names stand for, in a world.
type population struct {
	once     sync.Once
	err      error
	pods     []corev1.Pod
	services []corev1.Service
	places   map[string]node.Place // by the name of the column
}

var people population

// thePopulation is of a world in which everything that the table names is ready.
func thePopulation(t *testing.T, w *world) *population {
	t.Helper()
	people.once.Do(func() { people.err = errors.Join(w.populate(), people.read(w)) })
	require.NoError(t, people.err)
	return &people
}

// read waits until one ready Pod is behind each name of the table.
func (p *population) read(w *world) error {
	return cluster.Eventually(patience, func() (err error) {
		if p.pods, err = list[corev1.Pod](w, "/api/v1/pods"); err != nil {
			return err
		}
		if p.services, err = list[corev1.Service](w, "/api/v1/services"); err != nil {
			return err
		}
		p.places = map[string]node.Place{itself: w.node.Itself()}
		if p.places[outside], err = w.node.Outside(); err != nil {
			return err
		}
		for _, c := range columns {
			if c.namespace == "" {
				continue
			}
			found, err := p.find(c.namespace, c.label)
			if err != nil {
				return err
			}
			if p.places[c.name], err = w.node.Pod(found.Namespace, found.Name); err != nil {
				return err
			}
		}
		_, err = p.connections(w)
		return err
	})
}

// cells are those of rows, in the order of the columns.
func (p *population) cells(rows []row) (cells []cell, err error) {
	for _, r := range rows {
		address, end, err := p.resolve(r)
		if err != nil {
			return nil, err
		}
		for _, c := range columns {
			cells = append(cells, cell{
				name: fmt.Sprintf("%s -> %s (%s %d)", c.name, r.to, r.by, r.port),
				from: p.places[c.name], address: address, pod: end, want: slices.Contains(r.from, c.name),
			})
		}
	}
	return cells, nil
}

// resolve is what one calls for a row, and where in a Pod it ends.
func (p *population) resolve(r row) (address, end string, err error) {
	if r.by == pod {
		found, err := p.find(r.namespace, r.name)
		if err != nil {
			return "", "", err
		}
		address := join(found.Status.PodIP, r.port)
		return address, address, nil
	}
	for _, s := range p.services {
		if s.Namespace != r.namespace || s.Name != r.name {
			continue
		}
		found, err := p.find(s.Namespace, labels.FormatLabels(s.Spec.Selector))
		if err != nil {
			return "", "", fmt.Errorf("Service %s/%s: %w", s.Namespace, s.Name, err)
		}
		for _, port := range s.Spec.Ports {
			if int(port.Port) != r.port {
				continue
			}
			end := join(found.Status.PodIP, port.TargetPort.IntValue())
			if r.by == nodePort {
				return join(node.Address, int(port.NodePort)), end, nil
			}
			return join(s.Spec.ClusterIP, r.port), end, nil
		}
	}
	return "", "", fmt.Errorf("no Service %s/%s has the port %d", r.namespace, r.name, r.port)
}

// find is the one Pod that has labels, which is ready.
func (p *population) find(namespace, label string) (*corev1.Pod, error) {
	selector, err := labels.Parse(label)
	if err != nil {
		return nil, err
	}
	var found []*corev1.Pod
	for _, pod := range p.pods {
		if pod.Namespace == namespace && selector.Matches(labels.Set(pod.Labels)) && ready(pod) {
			found = append(found, &pod)
		}
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("%d Pods of namespace %s are ready and have the labels %q, want 1", len(found), namespace, label)
	}
	return found[0], nil
}

func ready(pod corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

func join(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }

// list reads all objects of a kind.
func list[T any](w *world, path string) ([]T, error) {
	answer, err := w.node.Cluster.Admin.Do("GET", path, "")
	if err := errors.Join(err, answer.Error()); err != nil {
		return nil, err
	}
	var all struct{ Items []T }
	return all.Items, json.Unmarshal(answer.Body, &all)
}
