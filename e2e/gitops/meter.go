package gitops

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/node"
)

// Controller is a container whose usage is measured.
type Controller struct {
	// Name is what the tables call it.
	Name      string
	Namespace string
	// App is the label of its Pod, key=value.
	App       string
	Container string
}

// Lines are those of a controller's log with a text in it. Name says what each tells of.
type Lines struct {
	Name string
	Of   Controller
	Text string
}

// beside are the programs beside the Pods whose usage is measured, too.
var beside = []string{"kube-apiserver", "etcd"}

// Meter measures what a tool and the API server take, step by step.
type Meter struct {
	// Counted are the lines of a controller's log that are counted.
	Counted Lines

	world       *World
	namespace   string // of the tool
	controllers []Controller
	steps       []*Step

	mu    sync.Mutex // of what follows
	pods  map[Controller]node.Process
	peaks map[string]int64
	lost  error // the last reason why a controller had no usage
	stop  chan struct{}
	ended chan struct{}
}

// Step is what one took.
type Step struct {
	// Name says what was done.
	Name string
	// Tenants are those of the cluster.
	Tenants int
	// Applied is how long it took until what was changed was there, and Took until all was done.
	Applied, Took time.Duration
	// CPU and Peak are by program. Peak is the most memory, in bytes, as often as was looked.
	CPU  map[string]time.Duration
	Peak map[string]int64
	// Counted is how many lines Meter.Counted has found.
	Counted int

	begin, end time.Time
	requests   []cluster.Request
}

// NewMeter starts to look at the controllers of a tool, which are in one namespace.
func (w *World) NewMeter(controllers ...Controller) *Meter {
	m := &Meter{world: w, namespace: controllers[0].Namespace, controllers: controllers,
		pods: map[Controller]node.Process{}, stop: make(chan struct{}), ended: make(chan struct{})}
	go m.look()
	return m
}

// look looks at the memory every second.
func (m *Meter) look() {
	defer close(m.ended)
	for {
		select {
		case <-m.stop:
			return
		case <-time.After(time.Second):
			m.usage()
		}
	}
}

// usage is the CPU time of all programs, and keeps the peaks of their memory.
func (m *Meter) usage() map[string]time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := map[string]time.Duration{}
	keep := func(name string, usage node.Usage, err error) bool {
		if err != nil {
			m.lost = fmt.Errorf("%s: %w", name, err)
			return false
		}
		all[name] = usage.CPU
		if m.peaks != nil {
			m.peaks[name] = max(m.peaks[name], usage.Memory)
		}
		return true
	}
	for _, name := range beside {
		usage, err := node.UsageOf(name)
		keep(name, usage, err)
	}
	for _, c := range m.controllers {
		process, found := m.pods[c]
		if found {
			usage, err := process.Container()
			if keep(c.Name, usage, err) {
				continue
			}
		}
		if process, err := m.find(c); err != nil {
			m.lost = err
		} else {
			m.pods[c] = process
			usage, err := process.Container()
			keep(c.Name, usage, err)
		}
	}
	return all
}

func (m *Meter) find(c Controller) (node.Process, error) {
	pod, err := m.world.pod(c)
	if err != nil {
		return node.Process{}, err
	}
	return m.world.Node.Process(c.Namespace, pod.GetName(), c.Container)
}

func (w *World) pod(c Controller) (*cluster.Object, error) {
	pods, err := w.Node.Cluster.Admin.Items("/api/v1/namespaces/" + c.Namespace + "/pods?labelSelector=" + c.App)
	if err == nil && len(pods) != 1 {
		err = fmt.Errorf("%d Pods have the label %s in %s, but there must be 1", len(pods), c.App, c.Namespace)
	}
	if err != nil {
		return nil, err
	}
	return pods[0], nil
}

// Step does something and measures until it is done. applied may be nil.
func (m *Meter) Step(name string, tenants int, limit time.Duration, do, applied, done func() error) error {
	s := &Step{Name: name, Tenants: tenants, CPU: map[string]time.Duration{}}
	m.mu.Lock()
	m.peaks = map[string]int64{}
	m.mu.Unlock()
	lines, err := m.count()
	if err != nil {
		return err
	}
	before := m.usage()
	s.begin = time.Now()
	if err := do(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if applied != nil {
		if err := cluster.Eventually(limit, applied); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		s.Applied = time.Since(s.begin)
	}
	if err := rarely(limit, done); err != nil {
		return fmt.Errorf("%s, %d tenants: %w", name, tenants, err)
	}
	s.end = time.Now()
	s.Took = s.end.Sub(s.begin)
	for name, cpu := range m.usage() {
		s.CPU[name] = cpu - before[name]
	}
	m.mu.Lock()
	s.Peak, m.peaks = m.peaks, nil
	m.mu.Unlock()
	if s.Counted, err = m.count(); err != nil {
		return err
	}
	s.Counted -= lines
	m.steps = append(m.steps, s)
	fmt.Printf("%d tenants, %s: done after %s\n", tenants, name, s.Took.Round(time.Second))
	return nil
}

// count is how many lines of Counted there are by now.
func (m *Meter) count() (int, error) {
	pod, err := m.world.pod(m.Counted.Of)
	if err != nil {
		return 0, err
	}
	path := "/api/v1/namespaces/" + pod.GetNamespace() + "/pods/" + pod.GetName() + "/log?container=" + m.Counted.Of.Container
	answer, err := m.world.Node.Cluster.Admin.Do(http.MethodGet, path, "")
	return strings.Count(string(answer.Body), m.Counted.Text), errors.Join(err, answer.Error())
}

// rarely is cluster.Eventually for what costs the API server something to answer.
func rarely(limit time.Duration, f func() error) error {
	for deadline := time.Now().Add(limit); ; time.Sleep(2 * time.Second) {
		if err := f(); err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

// Stop ends the looking, and gives each step its requests. The error says if a controller
// was not what it was: it has started again, as when it had no memory left.
func (m *Meter) Stop() ([]*Step, error) {
	close(m.stop)
	<-m.ended
	all, err := m.world.Node.Cluster.Requests("")
	failed := []error{err}
	for _, request := range all {
		for _, s := range m.steps {
			if request.Verb != "watch" && request.At.After(s.begin) && request.At.Before(s.end) {
				s.requests = append(s.requests, request)
			}
		}
	}
	for _, c := range m.controllers {
		failed = append(failed, m.world.neverAgain(c))
	}
	return m.steps, errors.Join(failed...)
}

// neverAgain is nil for a controller that has never started again.
func (w *World) neverAgain(c Controller) error {
	pod, err := w.pod(c)
	if err != nil {
		return err
	}
	status, _ := pod.Object["status"].(map[string]any)
	all, _ := status["containerStatuses"].([]any)
	for _, item := range all {
		if s := item.(map[string]any); s["name"] == c.Container && s["restartCount"] != 0.0 {
			return fmt.Errorf("%s: the container %s has started again: %v", cluster.ID(pod), c.Container, s["lastState"])
		}
	}
	return nil
}
