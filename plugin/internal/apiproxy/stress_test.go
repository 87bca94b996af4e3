package apiproxy

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/apiproxy/positions"
)

// storm is a world in which all goes wrong: namespaces lag behind each other,
// watches break, at the API server and at the clients, in the middle of events,
// the proxy starts again, history is compacted, namespaces go and come.
type storm struct {
	*world
	t          *testing.T
	rand       *rand.Rand
	namespaces []string
	proxy      atomic.Pointer[Proxy]
	view       *view
	naive      bool
	starts     uint64

	resumes, relists atomic.Int64
}

// member is a client that keeps what it is told, as an informer does.
type member struct {
	*storm
	watchList bool

	mu    sync.Mutex
	state map[string]string // version by namespace and name
	last  string
	stop  context.CancelFunc
}

func (m *member) run(ctx context.Context) {
	listed := false
	for ctx.Err() == nil {
		once, cancel := context.WithCancel(ctx)
		m.mu.Lock()
		m.stop = cancel
		m.mu.Unlock()
		switch {
		case listed:
			m.resumes.Add(1)
			listed = m.watch(once, "&resourceVersion="+m.last)
			if !listed {
				m.relists.Add(1)
			}
		case m.watchList:
			m.mu.Lock()
			m.state, m.last = map[string]string{}, ""
			m.mu.Unlock()
			m.watch(once, "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan")
			listed = m.last != ""
		default:
			listed = m.list(once)
		}
		cancel()
		time.Sleep(time.Millisecond)
	}
}

func (m *member) get(ctx context.Context, query string) *http.Response {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, m.view.URL+"/api/v1/configmaps?"+query, nil)
	if err != nil {
		return nil
	}
	r.Header.Set("Authorization", "Bearer token")
	response, err := m.view.Client().Do(r)
	if err != nil {
		return nil
	}
	if response.StatusCode != http.StatusOK {
		response.Body.Close()
		if response.StatusCode != http.StatusGone {
			return nil
		}
	}
	return response
}

func (m *member) list(ctx context.Context) bool {
	response := m.get(ctx, "")
	if response == nil || response.StatusCode == http.StatusGone {
		return false
	}
	defer response.Body.Close()
	var list struct {
		Metadata struct{ ResourceVersion string }
		Items    []struct {
			Metadata struct{ Name, Namespace, ResourceVersion string }
		}
	}
	if json.NewDecoder(response.Body).Decode(&list) != nil {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state = map[string]string{}
	for _, o := range list.Items {
		m.state[o.Metadata.Namespace+"/"+o.Metadata.Name] = o.Metadata.ResourceVersion
	}
	m.last = list.Metadata.ResourceVersion
	return true
}

// watch applies events. It is false if the client must list anew.
func (m *member) watch(ctx context.Context, query string) bool {
	response := m.get(ctx, "watch=true&allowWatchBookmarks=true"+query)
	if response == nil {
		return true
	}
	if response.StatusCode == http.StatusGone {
		return false
	}
	defer response.Body.Close()
	for d := json.NewDecoder(response.Body); ; {
		var e told
		if d.Decode(&e) != nil {
			return true
		}
		if !m.apply(e) {
			return false
		}
	}
}

func (m *member) apply(e told) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	meta := e.Object.Metadata
	name := meta.Namespace + "/" + meta.Name
	switch e.Type {
	case "ERROR":
		return false
	case "DELETED":
		delete(m.state, name)
	case "ADDED", "MODIFIED":
		m.state[name] = meta.ResourceVersion
	}
	// Within the initial events, a version is no place to go on from.
	if m.last != "" || e.Type == "BOOKMARK" {
		m.last = meta.ResourceVersion
	}
	return true
}

func newStorm(t *testing.T, seed uint64, naive bool) *storm {
	s := &storm{world: newWorld(t), t: t, rand: rand.New(rand.NewPCG(seed, 0)), namespaces: []string{"a", "b", "c"}, naive: naive}
	s.view = s.world.view(t)
	s.start()
	s.view.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.proxy.Load().ServeHTTP(w, r) })
	return s
}

// start is a new process, which knows nothing of the one before.
func (s *storm) start() {
	base, err := url.Parse(s.world.URL)
	require.NoError(s.t, err)
	p := New(Options{
		Namespaces: s.namespaces, Server: base, Transport: s.world.Client().Transport, Before: s.starts, Log: quiet(), LookAgain: 20 * time.Millisecond,
	})
	if s.naive {
		p.find = func(_ *positions.Line, v uint64) (positions.Vector, bool) {
			return positions.Uniform(len(s.namespaces), v), true
		}
	}
	s.starts++
	s.proxy.Store(p)
	s.view.CloseClientConnections()
}

func (s *storm) truth() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	state := map[string]string{}
	for _, c := range s.history {
		state[c.namespace+"/"+c.name] = strconv.FormatUint(c.version, 10)
		if c.kind == "DELETED" {
			delete(state, c.namespace+"/"+c.name)
		}
	}
	return state
}

func (s *storm) pick() string { return s.namespaces[s.rand.IntN(len(s.namespaces))] }

func (s *storm) change() {
	namespace, name := s.pick(), fmt.Sprint("o", s.rand.IntN(6))
	_, found := s.truth()[namespace+"/"+name]
	kind := "ADDED"
	switch {
	case s.absent[namespace]:
		return
	case found && s.rand.IntN(3) == 0:
		kind = "DELETED"
	case found:
		kind = "MODIFIED"
	}
	s.write(kind, namespace, name)
}

// disturb does one of the things that go wrong.
func (s *storm) disturb(members []*member) {
	switch n := s.rand.IntN(100); {
	case n < 40:
		namespace := s.pick()
		s.set(func() { s.held[namespace] = !s.held[namespace] })
	case n < 80:
		m := members[s.rand.IntN(len(members))]
		m.mu.Lock()
		stop := m.stop
		m.mu.Unlock()
		if stop != nil {
			stop()
		}
	case n < 90:
		half := s.rand.IntN(2) == 0
		s.set(func() { s.epoch++; s.half = half })
	case n < 92:
		s.start()
	case n < 94:
		s.set(func() { s.compacted = s.version - min(s.version, uint64(s.rand.IntN(20))) })
	case n < 96 && !s.absent["c"]:
		for name := range s.truth() {
			if name[0] == 'c' {
				s.write("DELETED", "c", name[2:])
			}
		}
		s.set(func() { s.absent["c"] = true; s.epoch++ }) // its watches were not told
	default:
		s.set(func() { s.absent["c"] = false })
	}
}

// rage returns how many clients ever differed from the truth once all was quiet.
func (s *storm) rage(rounds int) (wrong int) {
	ctx, cancel := context.WithCancel(s.t.Context())
	var members []*member
	var wg sync.WaitGroup
	for i := range 4 {
		m := &member{storm: s, watchList: i%2 == 0, state: map[string]string{}}
		members = append(members, m)
		wg.Go(func() { m.run(ctx) })
	}
	for range rounds {
		for range 10 + s.rand.IntN(30) {
			s.change()
			if s.rand.IntN(3) == 0 {
				s.disturb(members)
				time.Sleep(time.Duration(s.rand.IntN(3)) * time.Millisecond)
			}
		}
		s.set(func() { clear(s.held); clear(s.absent) })
		truth := s.truth()
		for _, m := range members {
			if !m.agrees(truth) {
				wrong++
				m.mu.Lock()
				s.t.Logf("a client (WatchList: %v) has %v at %s\nand not %v", m.watchList, m.state, m.last, truth)
				m.mu.Unlock()
			}
		}
		if wrong > 0 {
			break
		}
	}
	cancel()
	wg.Wait()
	return wrong
}

// agrees waits until a client has what is so; if it ever will, it does soon.
func (m *member) agrees(truth map[string]string) bool {
	for began := time.Now(); ; time.Sleep(2 * time.Millisecond) {
		m.mu.Lock()
		same := maps.Equal(m.state, truth)
		m.mu.Unlock()
		limit := 15 * time.Second
		if m.naive {
			limit = time.Second
		}
		if same || time.Since(began) > limit {
			return same
		}
	}
}

func TestStorm(t *testing.T) {
	s := newStorm(t, 1, false)
	require.Zero(t, s.rage(30))
	t.Logf("%d resumes, %d of them to list anew, %d starts", s.resumes.Load(), s.relists.Load(), s.starts)
	require.Greater(t, s.resumes.Load()-s.relists.Load(), int64(50))
}

// A proxy that goes on everywhere from the version that the client names loses
// something in the same storm.
func TestStormSeesLosses(t *testing.T) {
	for seed := range uint64(5) {
		if newStorm(t, seed, true).rage(20) > 0 {
			return
		}
	}
	t.Fatal("saw no loss")
}
