package apiproxy

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The proxy's metrics that have to stay what they are.
const (
	goroutinesMetric = "go_goroutines"
	watchesMetric    = "istio_tenancy_api_proxy_upstream_watches"
)

var soak = flag.Duration("soak", 0, "`time` for which TestSoak runs. 0 skips it")

// sample is the proxy at one moment.
type sample struct {
	usage
	after               time.Duration
	goroutines, watches float64
}

// TestSoak is hours of nothing special: watches end because their time is over, some
// seconds after they began, instead of half an hour. It is no claim of the page, because
// it is not run with the others.
func TestSoak(t *testing.T) {
	if *soak == 0 {
		t.Skip("-soak says how long")
	}
	c := startCluster(t, "soak", "--min-request-timeout=5")
	s := &storm{stage: newStage(t, c, newNames("soak", 4))}
	s.apply(crdYAML, "KIND", "widget")
	// In one namespace nobody writes, so that its position moves by bookmarks alone.
	s.writers = &writers{admin: s.Admin, kinds: []kind{configMaps, services, secrets, widgets}, pause: 4 * time.Second,
		namespaces: append(s.names.namespaces[:4:4], s.names.foreign...)}
	s.proxy = s.newProxy(options{program: plain, name: "proxy-soak", apiServer: "https://" + s.APIServer().Address, ca: s.CA(), namespaces: s.names.namespaces})
	s.crowd(s.proxy.endpoint)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	mirrors := s.start(ctx)
	for i, kind := range []kind{configMaps, services} {
		mirrors = append(mirrors, newInformer(ctx, t, s.proxy.kubeconfig(), "", selection{kind.resource, selectors()}, httpVersions[i]))
	}
	writing, quiet := context.WithCancel(ctx)
	written := make(chan bool)
	go func() {
		s.writers.run(writing)
		close(written)
	}()
	table, err := os.Create(filepath.Join(logs, "soak.tsv"))
	require.NoError(t, err)
	defer table.Close()
	fmt.Fprintln(table, "seconds\tresident MiB\town MiB\tgoroutines\tupstream watches\twrites\tresumes\trelists")
	var samples []sample
	for start := time.Now(); time.Since(start) < *soak; time.Sleep(min(10*time.Second, *soak/60)) {
		x := sample{usage: s.proxy.usage(), after: time.Since(start), goroutines: s.proxy.metric(goroutinesMetric), watches: s.proxy.metric(watchesMetric)}
		samples = append(samples, x)
		total := sum(s.watchers)
		fmt.Fprintf(table, "%.0f\t%.1f\t%.1f\t%.0f\t%.0f\t%d\t%d\t%d\n", x.after.Seconds(), mib(x.resident), mib(x.own), x.goroutines, x.watches,
			s.writers.written.Load(), total.resumes, total.relisted())
	}
	quiet()
	<-written
	wrong, err := settle(s.Admin, mirrors, s.names.namespaces, 30*time.Second)
	require.NoError(t, err)
	require.Empty(t, wrong)
	total := sum(s.watchers)
	// The first sixth is for the caches of the runtime and of the connections to fill.
	early, late := samples[len(samples)/6:len(samples)/3], samples[len(samples)*5/6:]
	own := func(x sample) float64 { return mib(x.own) }
	goroutines := func(x sample) float64 { return x.goroutines }
	t.Logf("%s: %d writes, %s; memory %.1f MiB after warm-up, %.1f at the end, beside the program's file; goroutines %.0f, %.0f; %.1f s of processor time",
		*soak, s.writers.written.Load(), total, median(early, own), median(late, own),
		median(early, goroutines), median(late, goroutines), s.proxy.usage().cpu.Seconds())
	require.Zero(t, total.relisted(), "relists: %v", total.relists)
	require.Positive(t, total.resumes)
	require.LessOrEqual(t, median(late, own), 1.25*median(early, own)+2, "MiB")
	require.LessOrEqual(t, median(late, goroutines), 1.25*median(early, goroutines), "goroutines")
}

func mib(bytes int) float64 { return float64(bytes) / (1 << 20) }

func median[T any](all []T, of func(T) float64) float64 {
	var values []float64
	for _, x := range all {
		values = append(values, of(x))
	}
	slices.Sort(values)
	return values[len(values)/2]
}
