package positions

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// kept is how many versions a line knows. A client that breaks off has some on
// the way that it never reads.
const kept = 256

// Line has the versions that clients got at one path with its selectors.
type Line struct {
	store *Store
	users int // of store.mu
	used  time.Time

	mu    sync.Mutex
	floor uint64
	known []entry // by version
	// silent is what is known of each part; it may be shorter.
	silent []silence
}

// newest is the newest version that was handed out and stored.
func (l *Line) newest() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := len(l.known); n > 0 {
		return l.known[n-1].version
	}
	return l.floor
}

// entry is a version that was handed out, and the positions then: those of the
// trail after n steps, or none.
type entry struct {
	version uint64
	trail   *trail
	n       int
}

// trail is how positions have moved: a client's events differ in one position
// each, so that they share the rest.
type trail struct {
	from  Vector
	steps []step // is only ever appended to
}

type step struct {
	part int
	to   uint64
}

const steps = 64

// Find returns the positions at a version, if it is known.
func (l *Line) Find(version uint64) (Vector, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i, found := l.search(version)
	if !found || l.known[i].trail == nil {
		return nil, false
	}
	return l.beyondSilence(l.known[i].vector()), true
}

// Listed stores that a client got a whole list, each part of which is complete up to
// its position. It returns the version to send to the client: the list's own, if it
// can be stored.
func (l *Line) Listed(version uint64, at Vector) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	version = max(version, l.floor+1)
	l.put(entry{version, &trail{from: slices.Clone(at)}, 0})
	return version
}

// Real is a version that the API server has, and with which a list has all that
// a client has which was handed the version: the same, unless it is known that
// the API server may not have that one yet.
func (l *Line) Real(version uint64) uint64 {
	at, known := l.Find(version)
	if !known || len(at) == 0 {
		return version
	}
	return min(version, slices.Max(at))
}

// Floor is the version at or below which events are not stored.
func (l *Line) Floor() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.floor
}

// Client is one client's watch at a line.
type Client struct {
	line *Line
	at   Vector
	tail *trail
}

// Client begins a watch. The client has everything up to the positions.
func (l *Line) Client(at Vector) *Client {
	return &Client{line: l, at: slices.Clone(at), tail: &trail{from: slices.Clone(at)}}
}

// Advance says that the client has everything of a part up to a position, as far
// as it is new.
func (c *Client) Advance(part int, to uint64) {
	c.line.mu.Lock()
	defer c.line.mu.Unlock()
	c.advance(part, to)
}

func (c *Client) advance(part int, to uint64) {
	if to <= c.at[part] {
		return
	}
	c.at[part] = to
	if len(c.tail.steps) == steps {
		c.tail = &trail{from: slices.Clone(c.at)}
		return
	}
	c.tail.steps = append(c.tail.steps, step{part, to})
}

// At returns the position of a part.
func (c *Client) At(part int) uint64 {
	c.line.mu.Lock()
	defer c.line.mu.Unlock()
	return c.at[part]
}

// Least returns the lowest position.
func (c *Client) Least() uint64 {
	c.line.mu.Lock()
	defer c.line.mu.Unlock()
	return c.at.Least()
}

// Handed stores that the client gets a version now. It is false if the version cannot
// be stored, so that the client cannot continue from it.
func (c *Client) Handed(version uint64) bool {
	c.line.mu.Lock()
	defer c.line.mu.Unlock()
	c.catchUp()
	return c.line.put(entry{version, c.tail, len(c.tail.steps)})
}

// put stores an entry, or what it has in common with the one that is there.
func (l *Line) put(e entry) bool {
	if e.version <= l.floor {
		return false
	}
	i, found := l.search(e.version)
	if found {
		l.known[i] = lower(l.known[i], e)
		return l.known[i].trail != nil
	}
	l.known = slices.Insert(l.known, i, e)
	if len(l.known) > l.store.most {
		l.floor = l.known[0].version
		l.known = slices.Delete(l.known, 0, 1)
	}
	return e.version > l.floor
}

func (l *Line) search(version uint64) (int, bool) {
	return slices.BinarySearchFunc(l.known, version, func(e entry, v uint64) int { return cmp.Compare(e.version, v) })
}

// lower is the entry with the lower positions of two for one version; one
// without positions if they cannot be compared.
func lower(a, b entry) entry {
	if a.trail == nil || b.trail == nil {
		return entry{version: a.version}
	}
	va, vb := a.vector(), b.vector()
	least := make(Vector, len(va))
	for i := range va {
		if (va[i] == Absent) != (vb[i] == Absent) {
			return entry{version: a.version}
		}
		least[i] = min(va[i], vb[i])
	}
	switch {
	case slices.Equal(least, va):
		return a
	case slices.Equal(least, vb):
		return b
	}
	return entry{a.version, &trail{from: least}, 0}
}

func (e entry) vector() Vector {
	v := slices.Clone(e.trail.from)
	for _, s := range e.trail.steps[:e.n] {
		v[s.part] = s.to
	}
	return v
}
