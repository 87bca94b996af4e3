package apiproxy

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/apiproxy/frames"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/apiproxy/positions"
)

// stream is one client's merged watch.
type stream struct {
	*merged
	ctx         context.Context
	cancel      context.CancelFunc
	from        beginning
	until       time.Time // when it ends
	bookmarks   bool      // whether the client takes them
	responses   []*http.Response
	contentType string

	// dirty has something if what is written has yet to be sent.
	dirty chan struct{}

	mu    sync.Mutex // of all below: one event at a time
	w     http.ResponseWriter
	send  *deadline // of w
	ended bool
	// initial are the parts whose initial events are not all told; client is nil
	// as long as there are some, and at has the positions of the others.
	initial map[int]bool
	at      positions.Vector
	client  *positions.Client
	last    uint64 // bookmark
	text    []byte // of a bookmark
}

func newStream(ctx context.Context, cancel context.CancelFunc, m *merged, b beginning, w http.ResponseWriter, until time.Time) *stream {
	s := &stream{
		merged: m, ctx: ctx, cancel: cancel, from: b, until: until, bookmarks: isTrue(m.values, "allowWatchBookmarks"),
		responses: make([]*http.Response, len(m.parts)), contentType: "application/json",
		dirty: make(chan struct{}, 1), w: w, send: newDeadline(w, m.stalled), initial: map[int]bool{},
	}
	return s
}

// close closes what open has opened, if the stream does not run.
func (s *stream) close() {
	for i := range s.responses {
		s.shut(i)
	}
}

func (s *stream) shut(i int) {
	if s.responses[i] != nil {
		_ = s.responses[i].Body.Close() // was only read
		s.responses[i] = nil
		s.metrics.watches.Add(-1)
	}
}

var newline = []byte("\n")

// run tells the client what all parts tell, until it goes, or is to go on by a
// new request.
func (s *stream) run() {
	s.metrics.clientWatches.Add(1)
	defer s.metrics.clientWatches.Add(-1)
	s.start()
	var wg sync.WaitGroup
	for i := range s.parts {
		if s.responses[i] == nil {
			wg.Go(func() { s.await(i) })
		} else {
			wg.Go(func() { s.follow(i) })
		}
	}
	s.flush()
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	s.cancel()
	wg.Wait()
}

// start writes what comes before any part's events.
func (s *stream) start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.touch()
	if s.from.at != nil {
		s.client = s.from.line.Client(s.from.at)
		s.last = s.from.at.Least()
		if s.from.first != nil {
			s.tellFirst()
		}
		return
	}
	s.at = make(positions.Vector, len(s.parts))
	for i, response := range s.responses {
		if response != nil {
			s.initial[i] = true
		}
	}
	if len(s.initial) == 0 {
		apiVersion, kind := s.shape()
		s.complete(apiVersion, kind)
	}
}

func (s *stream) tellFirst() {
	for event, err := range s.from.first.events {
		if err != nil {
			s.fail(asRefusal(err))
			return
		}
		s.write(event)
	}
	version := s.from.first.version
	s.from.first = nil // is not needed any more
	apiVersion, kind := s.shape()
	s.last = max(s.last, version)
	if s.bookmarks { // which says that what is there is told, and can be gone on from
		s.text = frames.AppendBookmark(s.text[:0], apiVersion, kind, version, false)
		s.write(s.text)
	}
}

// flush sends what is written, until the stream ends: what comes together is
// sent together.
func (s *stream) flush() {
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-s.dirty:
		}
		s.mu.Lock()
		var err error
		if !s.ended {
			err = s.send.flush()
		}
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (s *stream) touch() {
	select {
	case s.dirty <- struct{}{}:
	default:
	}
}

// write writes a line to the client; mu is held.
func (s *stream) write(text []byte) {
	if s.ended {
		return
	}
	s.send.begin()
	n, err := s.w.Write(text)
	s.metrics.sent.Add(int64(n))
	if err != nil {
		s.ended = true
		s.cancel()
		return
	}
	s.touch()
}

// fail ends the stream with an error that the client is told; mu is held.
func (s *stream) fail(r *refusal) {
	s.failWith(r.code, frames.AppendEvent(nil, frames.Failure, r.status()))
}

func (s *stream) failWith(code int, event []byte) {
	if s.ended {
		return
	}
	if code == http.StatusGone {
		s.metrics.relists.Add(1)
	}
	s.log.Info("a watch ends with an error", "resource", s.resource.String(), "code", code, "event", string(event[:min(len(event), 500)]))
	s.write(event)
	s.write(newline)
	s.ended = true
	s.cancel()
}

// take tells the client an event of a part. It is false once the stream has ended.
func (s *stream) take(i int, e frames.Event, frame []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return false
	}
	switch e.Type {
	case frames.Failure:
		var status struct{ Code int }
		_ = json.Unmarshal(e.Object, &status) // one without a code is told as it is, too
		s.failWith(status.Code, frame)
	case frames.Bookmark:
		s.takeBookmark(i, e)
	default:
		switch {
		case s.client != nil:
			s.client.Advance(i, e.Version)
			s.client.Handed(e.Version)
		case !s.initial[i]:
			s.at[i] = max(s.at[i], e.Version)
		}
		s.metrics.events.Add(1)
		s.write(frame)
		s.write(newline)
	}
	return !s.ended
}

func (s *stream) takeBookmark(i int, e frames.Event) {
	if s.client == nil {
		if s.initial[i] && !e.InitialEnd {
			return // says nothing of what is there
		}
		s.at[i] = max(s.at[i], e.Version)
		delete(s.initial, i)
		if len(s.initial) == 0 {
			s.complete(e.APIVersion, e.Kind)
		}
		return
	}
	s.client.Silent(i, e.Version)
	least := s.client.Least()
	if least <= s.last || !s.bookmarks || !s.client.Handed(least) {
		return
	}
	s.last = least
	s.metrics.bookmarks.Add(1)
	s.text = frames.AppendBookmark(s.text[:0], e.APIVersion, e.Kind, least, false)
	s.write(s.text)
}

// complete tells the client that it has all initial events.
func (s *stream) complete(apiVersion, kind string) {
	version := s.from.line.Listed(s.at.Least(), s.at)
	s.client = s.from.line.Client(s.at)
	s.last = version
	if s.bookmarks {
		s.metrics.bookmarks.Add(1)
		s.text = frames.AppendBookmark(s.text[:0], apiVersion, kind, version, true)
		s.write(s.text)
	}
}
