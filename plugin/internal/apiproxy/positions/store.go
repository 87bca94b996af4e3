package positions

import (
	"sync"
	"time"
)

// Absent is the position of a namespace that does not exist, so that it has no
// objects. A client can continue there only if the namespace still does not exist.
const Absent = 0

// Vector is a position for each namespace, in the order of the store's user.
type Vector []uint64

// Uniform is a vector of n times one position.
func Uniform(n int, position uint64) Vector {
	v := make(Vector, n)
	for i := range v {
		v[i] = position
	}
	return v
}

// Least is the lowest position of those that are there; 0 if none is.
func (v Vector) Least() uint64 {
	var least uint64
	for _, p := range v {
		if p != Absent && (least == Absent || p < least) {
			least = p
		}
	}
	return least
}

// mostLines is how many lines are kept. A client has as many as it watches kinds
// with different selectors, which are few: this is against one that makes them up.
const mostLines = 512

// Store has a line for each path and its selectors.
type Store struct {
	mu    sync.Mutex
	lines map[string]*Line
	most  int // versions of a line
	// before is how many stores clients may have known before this one.
	before uint64
	// forgot says that lines were.
	forgot bool
}

// New returns an empty store. Clients may know versions of as many earlier stores as before
// says.
func New(before uint64) *Store { return &Store{lines: map[string]*Line{}, most: kept, before: before} }

// Known returns an existing line, or nil. The caller must Release it.
func (s *Store) Known(key string) *Line {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.use(key)
}

// Line returns a line, and creates it if it does not exist. For a new line it may ask
// for the version that the API server has now. The caller must Release it.
func (s *Store) Line(key string, now func() (uint64, error)) (*Line, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.use(key); l != nil {
		return l, nil
	}
	var version uint64
	if s.before > 0 || s.forgot || len(s.lines) >= mostLines {
		s.mu.Unlock()
		v, err := now()
		s.mu.Lock()
		if err != nil {
			return nil, err
		}
		if l := s.use(key); l != nil {
			return l, nil
		}
		version = v
	}
	if len(s.lines) >= mostLines {
		s.forget(version)
	}
	l := &Line{store: s}
	if s.before > 0 || s.forgot {
		l.floor = version + s.before
	}
	s.lines[key] = l
	return s.use(key), nil
}

func (s *Store) use(key string) *Line {
	l := s.lines[key]
	if l != nil {
		l.users++
		l.used = time.Now()
	}
	return l
}

// forget drops the line that was not in use for longest, of those that have not
// handed out anything newer than the API server's version.
func (s *Store) forget(now uint64) {
	oldest := ""
	for key, l := range s.lines {
		if l.users == 0 && l.newest() <= now && (oldest == "" || l.used.Before(s.lines[oldest].used)) {
			oldest = key
		}
	}
	if oldest != "" {
		delete(s.lines, oldest)
		s.forgot = true
	}
}

// Release says that the caller uses the line no longer.
func (l *Line) Release() {
	l.store.mu.Lock()
	defer l.store.mu.Unlock()
	l.users--
	l.used = time.Now()
}
