package positions

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

const parts = 3

// model is a history, and clients that are told it in an order of their own for
// each part. It knows what each client has.
type model struct {
	rand    *rand.Rand
	history []int // which part each version is of; -1: of something that nobody here watches
	absent  [parts]bool
	store   *Store
	find    func(*Line, uint64) (Vector, bool)
	clients []*watcher

	starts, resumed, unknown int
}

// watcher is a client. It has everything of each part up to what has says, and
// at the next resume it knows only the version that it was handed last.
type watcher struct {
	line   *Line
	client *Client
	has    Vector
	last   uint64
	lists  bool // it has to list
}

const key = "a"

func (m *model) now() uint64 { return uint64(len(m.history)) }

// step does something at random. The error says what a client would lose.
func (m *model) step(restart func()) error {
	c := m.clients[m.rand.IntN(len(m.clients))]
	switch n := m.rand.IntN(100); {
	case n < 20:
		part := m.rand.IntN(parts+1) - 1
		if part >= 0 && m.absent[part] {
			part = -1
		}
		m.history = append(m.history, part)
	case n < 75:
		m.tell(c, m.rand.IntN(parts))
	case n < 80:
		m.bookmark(c, m.rand.IntN(parts))
	case n < 98:
		return m.resume(c)
	case n == 98:
		part := m.rand.IntN(parts)
		m.absent[part] = !m.absent[part]
	case m.rand.IntN(4) == 0:
		for _, c := range m.clients {
			c.drop()
		}
		restart()
	default:
		for _, c := range m.clients {
			c.drop()
		}
		m.store.forget(m.now())
	}
	return nil
}

func (c *watcher) drop() {
	if c.line != nil {
		c.line.Release()
	}
	c.line, c.client = nil, nil
}

// tell hands a client the next event of a part.
func (m *model) tell(c *watcher, part int) {
	if c.client == nil || c.has[part] == Absent {
		return
	}
	for v := c.has[part] + 1; v <= m.now(); v++ {
		if m.history[v-1] == part {
			c.client.Advance(part, v)
			c.client.Handed(v)
			c.has[part], c.last = v, v
			return
		}
	}
}

// bookmark says that a part has nothing more, and hands on the least position.
func (m *model) bookmark(c *watcher, part int) {
	if c.client == nil || c.has[part] == Absent {
		return
	}
	for m.has(part, c.has[part], m.now()) {
		m.tell(c, part)
	}
	c.client.Silent(part, m.now())
	c.has[part] = m.now()
	if least := c.client.Least(); c.client.Handed(least) {
		c.last = least
	}
}

// has says whether a part has something to tell after a version, up to another.
func (m *model) has(part int, after, to uint64) bool {
	for v := after + 1; v <= min(to, m.now()); v++ {
		if m.history[v-1] == part {
			return true
		}
	}
	return false
}

// resume breaks a client's watch off, and goes on where it was, or lists.
func (m *model) resume(c *watcher) error {
	c.drop()
	if !c.lists {
		if line := m.store.Known(key); line != nil {
			if at, known := m.find(line, c.last); known {
				return m.goOn(c, line, at)
			}
			line.Release()
		}
		m.unknown++
		c.lists = true
		return nil
	}
	line, err := m.store.Line(key, func() (uint64, error) { return m.now(), nil })
	if err != nil {
		return err
	}
	version := m.now()
	if m.rand.IntN(3) == 0 { // an older list, of a server that is behind
		version -= min(version-1, uint64(m.rand.IntN(10)))
	}
	at := Uniform(parts, version)
	for i := range at {
		if m.absent[i] {
			at[i] = Absent
		} else {
			at[i] += uint64(m.rand.IntN(int(m.now() - version + 1)))
		}
	}
	c.line, c.client, c.has, c.lists = line, line.Client(at), at, false
	c.last = line.Listed(version, at)
	return nil
}

func (m *model) goOn(c *watcher, line *Line, at Vector) error {
	c.line = line
	for i := range at {
		if m.has(i, c.has[i], at[i]) {
			return fmt.Errorf("at %d, %v is gone on from, of which the client has %v", c.last, at, c.has)
		}
		if at[i] == Absent && c.has[i] != Absent {
			return fmt.Errorf("at %d, part %d is taken for absent, of which the client has %d", c.last, i, c.has[i])
		}
		if (at[i] == Absent) != m.absent[i] {
			c.lists = true // who watches sees it, and has the client list
			return nil
		}
	}
	m.resumed++
	c.client, c.has = line.Client(at), at
	return nil
}

// play plays at random, and returns the first loss.
func play(seed uint64, find func(*Line, uint64) (Vector, bool), again func(*model)) (*model, error) {
	m := &model{rand: rand.New(rand.NewPCG(seed, 0)), history: make([]int, 10), find: find, store: New(0)}
	for i := range m.history {
		m.history[i] = -1
	}
	m.store.most = 4
	for range 3 {
		m.clients = append(m.clients, &watcher{lists: true})
	}
	for range 600 {
		if err := m.step(func() { again(m) }); err != nil {
			return m, err
		}
	}
	return m, nil
}

func restarted(m *model) {
	m.starts++
	m.store = New(uint64(m.starts))
	m.store.most = 4
}

// No client ever goes on from where it lacks something, whatever happens.
func TestNothingIsLost(t *testing.T) {
	resumed, unknown := 0, 0
	for seed := range uint64(2000) {
		m, err := play(seed, (*Line).Find, restarted)
		require.NoError(t, err, "seed %d", seed)
		resumed, unknown = resumed+m.resumed, unknown+m.unknown
	}
	t.Logf("%d resumed, %d listed anew", resumed, unknown)
	require.Greater(t, resumed, 10*2000)
}

// Two clients are handed the same versions, and have bookmarks at different times.
func TestASilentPartHoldsNobodyBack(t *testing.T) {
	store := New(0)
	line, err := store.Line(key, nil)
	require.NoError(t, err)
	one, other := line.Client(Vector{10, 10}), line.Client(Vector{10, 10})
	for _, c := range []*Client{one, other} {
		c.Advance(0, 20)
		c.Handed(20)
	}
	one.Silent(1, 30)
	at, _ := line.Find(20)
	require.Equal(t, Vector{20, 30}, at, "the other one has had no bookmark, and lacks nothing all the same")
	for _, c := range []*Client{one, other} {
		c.Advance(0, 40)
		c.Handed(40)
	}
	require.EqualValues(t, 30, other.At(1))

	one.Advance(1, 50)
	one.Handed(50)
	one.Silent(1, 60)
	at, _ = line.Find(40)
	require.Equal(t, Vector{40, 30}, at, "version 50 of the second part has not been told")
	at, _ = line.Find(50)
	require.Equal(t, Vector{40, 60}, at)
}

// The model sees what goes wrong in stores that lack one thing each.
func TestModelSeesLosses(t *testing.T) {
	for name, c := range map[string]struct {
		find  func(*Line, uint64) (Vector, bool)
		again func(*model)
	}{
		"one version for all": {
			find: func(_ *Line, v uint64) (Vector, bool) { return Uniform(parts, v), true }, again: restarted,
		},
		"no floor": {
			find: func(l *Line, v uint64) (Vector, bool) {
				at, known := l.Find(v)
				l.mu.Lock()
				l.floor = 0
				l.mu.Unlock()
				return at, known
			},
			again: restarted,
		},
		"no floor after a restart": {
			find:  (*Line).Find,
			again: func(m *model) { m.store = New(0); m.store.most = 4 },
		},
		"as if there had been one process before": {
			find: (*Line).Find,
			again: func(m *model) {
				m.store = New(1)
				m.store.most = 4
			},
		},
		"the later instead of the lower": {
			find: func(l *Line, v uint64) (Vector, bool) {
				at, known := l.Find(v)
				for i := range at {
					at[i] = max(at[i], v) // what a client that is ahead has
				}
				return at, known
			},
			again: restarted,
		},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(20000) {
				if _, err := play(seed, c.find, c.again); err != nil {
					t.Log(err)
					return
				}
			}
			t.Fatal("saw no loss")
		})
	}
}
