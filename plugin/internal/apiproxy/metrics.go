package apiproxy

import (
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// metrics count what the proxy does.
type metrics struct {
	clientWatches, watches       atomic.Int64 // now open
	passedWatches                atomic.Int64 // as well
	opened, reopened             atomic.Int64
	resumes, relists, bookmarks  atomic.Int64
	received, sent               atomic.Int64 // bytes
	events                       atomic.Int64
	lists                        atomic.Int64
	unauthenticated, unreachable atomic.Int64
	mu                           sync.Mutex
	refusals                     map[string]int64
	requests                     map[requestKind]int64
}

type requestKind struct {
	how  string // merged or passed
	code int
}

func newMetrics() *metrics {
	return &metrics{refusals: map[string]int64{}, requests: map[requestKind]int64{}}
}

func (m *metrics) refused(p part) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.refusals[p.namespace+p.name]++
}

func (m *metrics) answered(how string, code int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests[requestKind{how, code}]++
}

const prefix = "istio_tenancy_api_proxy_"

// write writes Prometheus' text format:
// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
func (m *metrics) write(w io.Writer) {
	for _, one := range []struct {
		name, kind, help string
		value            *atomic.Int64
	}{
		{"client_watches", "gauge", "Merged watches that clients have open.", &m.clientWatches},
		{"passed_watches", "gauge", "Open watches that are forwarded unchanged.", &m.passedWatches},
		{"upstream_watches", "gauge", "Open watches at the API server that belong to merged watches.", &m.watches},
		{"upstream_watches_opened_total", "counter", "Watches that were opened at the API server for merged watches.", &m.opened},
		{"upstream_watches_reopened_total", "counter", "Watches of merged ones that were opened again after the API server had ended them.", &m.reopened},
		{"resumes_total", "counter", "Merged watches that went on from a known version.", &m.resumes},
		{"relists_total", "counter", "Times that a client was told to list again (410).", &m.relists},
		{"lists_total", "counter", "Merged lists.", &m.lists},
		{"events_total", "counter", "Events handed to clients of merged watches, without bookmarks.", &m.events},
		{"bookmarks_total", "counter", "Bookmarks handed to clients of merged watches.", &m.bookmarks},
		{"unauthenticated_total", "counter", "Requests without a token.", &m.unauthenticated},
		{"unreachable_total", "counter", "Forwarded requests for which the API server could not be reached.", &m.unreachable},
		{"received_bytes_total", "counter", "Bytes of merged answers that the API server sent, decompressed.", &m.received},
		{"sent_bytes_total", "counter", "Bytes of merged answers that clients were sent.", &m.sent},
	} {
		head(w, one.name, one.kind, one.help)
		fmt.Fprintf(w, "%s%s %d\n", prefix, one.name, one.value.Load())
	}
	// By the name that every Go program's exporter uses.
	fmt.Fprintf(w, "# HELP go_goroutines Goroutines that there are.\n# TYPE go_goroutines gauge\ngo_goroutines %d\n", runtime.NumGoroutine())
	m.mu.Lock()
	defer m.mu.Unlock()
	head(w, "refusals_total", "counter", "Refusals (403) of the API server, by the namespace or the object's name.")
	for _, name := range slices.Sorted(maps.Keys(m.refusals)) {
		fmt.Fprintf(w, "%srefusals_total{namespace=%q} %d\n", prefix, name, m.refusals[name])
	}
	head(w, "requests_total", "counter", "Requests that were answered, by how and by status code.")
	for _, k := range slices.SortedFunc(maps.Keys(m.requests), func(a, b requestKind) int {
		return slices.Compare([]string{a.how, fmt.Sprint(a.code)}, []string{b.how, fmt.Sprint(b.code)})
	}) {
		fmt.Fprintf(w, "%srequests_total{how=%q,code=\"%d\"} %d\n", prefix, k.how, k.code, m.requests[k])
	}
}

func head(w io.Writer, name, kind, help string) {
	fmt.Fprintf(w, "# HELP %s%s %s\n# TYPE %s%s %s\n", prefix, name, help, prefix, name, kind)
}
