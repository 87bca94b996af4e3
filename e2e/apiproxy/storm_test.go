package apiproxy

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/stretchr/testify/require"
)

// storm is clients that read while others write and everything breaks.
type storm struct {
	*stage
	writers  *writers
	watchers []*watcher

	// What can be broken; the control has no proxy.
	wire  *wire
	front *front
	proxy *proxy
	near  *wire // between the informers and the proxy

	broken time.Time // when calm came
}

func (s *storm) repeat(times int, f func()) {
	for range times {
		f()
		time.Sleep(200 * time.Millisecond)
	}
}

// round lets writers write, clients leave at random, and something break; then all
// is calm, and every mirror has to show what the API server has.
func (s *storm) round(b breakage, mirrors []mirror, limit time.Duration) map[int]string {
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() { s.writers.run(ctx) })
	group.Go(func() {
		for ctx.Err() == nil {
			sleep(ctx, 100*time.Millisecond)
			for _, w := range s.watchers {
				if rand.N(100) < 25 {
					w.breakOff()
				}
			}
			if s.near != nil {
				s.near.cut(0.05)
			}
		}
	})
	b.do(s)
	cancel()
	for _, w := range s.watchers {
		w.breakOff() // with the last events on their way
	}
	group.Wait()
	s.broken = time.Now()
	s.front.harm.Store(&harm{})
	wrong, err := settle(s.Admin, mirrors, s.names.namespaces, limit)
	require.NoError(s.t, err)
	return wrong
}

// crowd is the clients of a storm: of several kinds, over both versions of HTTP, with
// and without the streamed list, some with selectors of which chance decides.
func (s *storm) crowd(at func(version string) endpoint) {
	whats := []selection{{configMaps.resource, selectors()}, {services.resource, selectors()}, {widgets.resource, selectors()}}
	for range 2 {
		whats = append(whats, selection{[]kind{configMaps, services, widgets}[rand.N(3)].resource, s.anySelector()})
	}
	add := func(what selection, version string, streamed bool) {
		how := "list over "
		if streamed {
			how = "streamed list over "
		}
		s.watchers = append(s.watchers, &watcher{name: how + version, at: at(version), what: what, watchList: streamed,
			timeout: []time.Duration{0, 4 * time.Second, time.Minute}[rand.N(3)], allowed: s.names.own})
	}
	for i, what := range whats {
		for j, version := range httpVersions {
			add(what, version, false)
			if i < 2 || i%2 == j {
				add(what, version, true)
			}
		}
	}
	// The API servers keep no cache of Secrets: these watches are etcd's own, and have no streamed list.
	add(selection{secrets.resource, selectors()}, "HTTP/2", false)
}

// anySelector is one of the kinds that there are.
func (s *storm) anySelector() map[string][]string {
	letter, number := func() string { return string('a' + rune(rand.N(4))) }, func() int { return rand.N(7) }
	labels := []string{
		"app=" + letter(),
		"app!=" + letter() + ",run",
		fmt.Sprintf("app in (%s,%s),tier notin (%d,%d)", letter(), letter(), number(), number()),
		fmt.Sprintf("!tier,app=%s", letter()),
		fmt.Sprintf("tier=%d", number()),
	}
	fields := []string{
		"metadata.namespace=" + s.names.namespaces[rand.N(len(s.names.namespaces))],
		"metadata.namespace!=" + s.names.namespaces[rand.N(len(s.names.namespaces))],
		fmt.Sprintf("metadata.name!=stress-%d", rand.N(100)),
	}
	switch rand.N(3) {
	case 0:
		return selectors("labelSelector", labels[rand.N(len(labels))])
	case 1:
		return selectors("fieldSelector", fields[rand.N(len(fields))])
	default:
		return selectors("labelSelector", labels[rand.N(len(labels))], "fieldSelector", fields[rand.N(len(fields))])
	}
}

// start starts the clients, and returns their mirrors once they have read their lists.
func (s *storm) start(ctx context.Context) []mirror {
	var mirrors []mirror
	for _, w := range s.watchers {
		go w.run(ctx)
		mirrors = append(mirrors, w.mirror())
	}
	wrong, err := settle(s.Admin, mirrors, s.names.namespaces, time.Minute)
	require.NoError(s.t, err)
	require.Empty(s.t, wrong, "before anything broke")
	return mirrors
}
