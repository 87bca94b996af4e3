package apiproxy

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

// istiodKinds are of as many as istiod reads: those of Kubernetes that it does, and
// custom ones for Istio's and the Gateway API's.
var istiodKinds = []string{
	"/api/v1/configmaps", "/api/v1/endpoints", "/api/v1/pods", "/api/v1/secrets", "/api/v1/serviceaccounts", "/api/v1/services",
	"/apis/apps/v1/deployments", "/apis/autoscaling/v2/horizontalpodautoscalers", "/apis/discovery.k8s.io/v1/endpointslices",
	"/apis/networking.k8s.io/v1/ingresses", "/apis/policy/v1/poddisruptionbudgets",
}

const (
	istiodStreams  = 35
	perNamespace   = 40  // Services
	latencySamples = 100 // Services whose way is timed
)

// BenchmarkProxy is what the proxy costs, at few and many namespaces: one run is one
// start of as many streams as istiod has, and then Services that come one by one. Each
// Service is timed until a client of the API server and a client of the proxy have it.
func BenchmarkProxy(b *testing.B) {
	for _, namespaces := range []int{3, 50} {
		b.Run(fmt.Sprintf("namespaces=%d", namespaces), func(b *testing.B) {
			s := newStage(b, startCluster(b, fmt.Sprintf("bench-%d", namespaces)), newNames("bench", namespaces-1))
			kinds := istiodKinds
			for i := range istiodStreams - len(istiodKinds) {
				name := "thing" + string('a'+rune(i))
				s.apply(crdYAML, "KIND", name)
				kinds = append(kinds, "/apis/stress.example.com/v1/"+name+"s")
			}
			for _, namespace := range s.names.namespaces {
				for i := range perNamespace {
					s.put(services, namespace, fmt.Sprintf("here-%d", i))
				}
			}
			b.ResetTimer()
			for range b.N {
				s.measure(b, kinds)
			}
		})
	}
}

func (s *stage) measure(b *testing.B, kinds []string) {
	watchesBefore := s.watches()
	p := s.newProxy(options{program: plain, name: "proxy-bench", apiServer: "https://" + s.APIServer().Address, ca: s.CA(), namespaces: s.names.namespaces})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	began, _ := s.start(ctx, p.endpoint("HTTP/2"), kinds)
	cpu := p.usage().cpu
	b.ReportMetric(began.Seconds(), "s-to-start")
	b.ReportMetric(cpu.Seconds(), "cpu-s-to-start")
	b.ReportMetric(s.watches()-watchesBefore, "watches")

	proxied, direct := newArrivals(), newArrivals()
	for _, side := range []struct {
		at   endpoint
		seen *arrivals
	}{{p.endpoint("HTTP/2"), proxied}, {s.direct(), direct}} {
		w := &watcher{name: "timed", at: side.at, what: selection{services.resource, selectors()}, watchList: true, seen: side.seen.add}
		go w.run(ctx)
		s.listed(w)
	}
	var through, without []float64
	for i := range latencySamples {
		name := fmt.Sprintf("timed-%d-%d", b.N, i)
		start := time.Now()
		s.put(services, s.names.namespaces[i%len(s.names.namespaces)], name)
		through = append(through, proxied.wait(name).Sub(start).Seconds()*1000)
		without = append(without, direct.wait(name).Sub(start).Seconds()*1000)
	}
	self := func(x float64) float64 { return x }
	b.ReportMetric(median(through, self), "ms-proxied")
	b.ReportMetric(median(without, self), "ms-direct")
	b.ReportMetric(median(through, self)/median(without, self), "latency-ratio")
	now := p.usage()
	b.ReportMetric(mib(now.own), "MiB")
	b.ReportMetric(mib(now.resident), "MiB-with-file")
	b.ReportMetric((now.cpu-cpu).Seconds()*1000/latencySamples, "cpu-ms/event")
	for i := range latencySamples {
		s.remove(services.in(s.names.namespaces[i%len(s.names.namespaces)]) + "/" + fmt.Sprintf("timed-%d-%d", b.N, i))
	}
}

// start starts one stream of each kind, and says when all had their lists.
func (s *stage) start(ctx context.Context, at endpoint, kinds []string) (time.Duration, []*watcher) {
	start := time.Now()
	var watchers []*watcher
	for _, resource := range kinds {
		w := &watcher{name: resource, at: at, what: selection{resource, selectors()}, watchList: true}
		watchers = append(watchers, w)
		go w.run(ctx)
	}
	for _, w := range watchers {
		s.listed(w)
	}
	return time.Since(start), watchers
}

func (s *stage) listed(w *watcher) {
	require.NoError(s.t, cluster.Eventually(2*time.Minute, func() error {
		if w.figures().lists == 0 {
			return fmt.Errorf("%s has no list: %s", w.name, w.failure())
		}
		return nil
	}))
}

// watches is how many the API server serves.
func (s *stage) watches() (sum float64) {
	answer, err := s.Admin.Do(http.MethodGet, "/metrics", "")
	require.NoError(s.t, errors.Join(err, answer.Error()))
	for line := range strings.Lines(string(answer.Body)) {
		if fields := strings.Fields(line); strings.HasPrefix(line, "apiserver_longrunning_requests{") && strings.Contains(line, `verb="WATCH"`) {
			value, err := strconv.ParseFloat(fields[len(fields)-1], 64)
			require.NoError(s.t, err)
			sum += value
		}
	}
	return sum
}

// arrivals is when objects were first seen.
type arrivals struct {
	mu   sync.Mutex
	at   map[string]time.Time
	come *sync.Cond
}

func newArrivals() *arrivals {
	a := &arrivals{at: map[string]time.Time{}}
	a.come = sync.NewCond(&a.mu)
	return a
}

func (a *arrivals) add(_, name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, ok := a.at[name]; !ok {
		a.at[name] = time.Now()
		a.come.Broadcast()
	}
}

func (a *arrivals) wait(name string) time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	for a.at[name].IsZero() {
		a.come.Wait()
	}
	return a.at[name]
}
