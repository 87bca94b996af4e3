package apiproxy

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/apiproxy/frames"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/apiproxy/positions"
)

// beginning is where a merged watch begins.
type beginning struct {
	line *positions.Line
	// at is what the client has; nil where the watch begins with a WatchList's
	// initial events, which are asked for at a version.
	at      positions.Vector
	version string
	match   string
	// first are events that come before the parts' own.
	first *listing
	// resumed says that the client goes on.
	resumed bool
}

func (m *merged) serveWatch(w http.ResponseWriter, r *http.Request) {
	until := time.Now().Add(m.life(m.values))
	ctx, cancel := context.WithDeadline(r.Context(), until)
	defer cancel()
	b, err := m.begin(ctx)
	if err != nil {
		m.refuse(w, "merged", asRefusal(err))
		return
	}
	defer b.line.Release()
	s := newStream(ctx, cancel, m, b, w, until)
	if err := s.open(); err != nil {
		s.close()
		m.refuse(w, "merged", asRefusal(err))
		return
	}
	m.metrics.answered("merged", http.StatusOK)
	if b.resumed {
		m.metrics.resumes.Add(1)
	}
	w.Header().Set("Content-Type", s.contentType)
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		s.close()
		return
	}
	s.run()
}

// begin finds out what the client has already:
// https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-watch
func (m *merged) begin(ctx context.Context) (beginning, error) {
	asked := m.values.Get("resourceVersion")
	version, err := strconv.ParseUint(asked, 10, 64)
	if asked != "" && err != nil {
		return beginning{}, &refusal{
			code: http.StatusBadRequest, reason: "BadRequest",
			message: "resourceVersion: found " + strconv.Quote(asked) + ": must be a number",
		}
	}
	_, said := m.values["sendInitialEvents"]
	switch {
	case isTrue(m.values, "sendInitialEvents"):
		return m.beginWithInitialEvents(ctx, version)
	case version != 0:
		return m.resume(version)
	case said:
		return m.beginNow(ctx)
	}
	return m.beginWithList(ctx)
}

// resume goes on at a version that the client was handed.
func (m *merged) resume(version uint64) (beginning, error) {
	line := m.positions.Known(m.key())
	if line == nil {
		return beginning{}, expired("too old resource version: %d is not known to this API proxy: list again", version)
	}
	at, known := m.find(line, version)
	if !known {
		line.Release()
		return beginning{}, expired("too old resource version: %d is no longer known to the API proxy: list again", version)
	}
	return beginning{line: line, at: at, resumed: true}, nil
}

// beginWithInitialEvents asks once for the version that the API server has: each
// part's request for the newest would wait until the API server knows that it
// has that, a tenth of a second. At a version that is yet to come they would wait
// for seconds, and others meanwhile for them.
func (m *merged) beginWithInitialEvents(ctx context.Context, atLeast uint64) (beginning, error) {
	now, err := m.now(ctx)
	if err != nil {
		return beginning{}, err
	}
	line, err := m.positions.Line(m.key(), func() (uint64, error) { return now, nil })
	if err != nil {
		return beginning{}, err
	}
	if asked := line.Real(atLeast); now != 0 && asked > now {
		line.Release()
		return beginning{}, tooLarge(asked, now)
	}
	return beginning{
		line: line, version: strconv.FormatUint(now, 10), match: m.values.Get("resourceVersionMatch"),
	}, nil
}

// beginNow begins without what is there.
func (m *merged) beginNow(ctx context.Context) (beginning, error) {
	l, line, err := m.listed(ctx)
	return beginning{line: line, at: l.at}, err
}

// beginWithList begins with an event for each object that is there, in the way
// that all versions of Kubernetes know.
func (m *merged) beginWithList(ctx context.Context) (beginning, error) {
	l, line, err := m.listed(ctx)
	return beginning{line: line, at: l.at, first: &l}, err
}

func (m *merged) listed(ctx context.Context) (listing, *positions.Line, error) {
	line, err := m.positions.Line(m.key(), func() (uint64, error) { return m.now(ctx) })
	if err != nil {
		return listing{}, nil, err
	}
	l, err := m.listAbove(ctx, line, howToList{version: m.values.Get("resourceVersion")})
	if err != nil {
		line.Release()
	}
	return l, line, err
}

// watchAt opens a part's watch at a position, or for its initial events.
func (s *stream) watchAt(i int, own map[string]string) (*http.Response, error) {
	own["watch"], own["allowWatchBookmarks"] = "true", "true"
	own["timeoutSeconds"] = strconv.Itoa(int(time.Until(s.until)/time.Second) + 1)
	var opened *http.Response
	err := s.ask(s.ctx, i, own, func(response *http.Response) error {
		opened = response
		return nil
	})
	if err == nil {
		s.metrics.opened.Add(1)
		s.metrics.watches.Add(1)
	}
	return opened, err
}

// open opens all parts' watches, or none.
func (s *stream) open() error {
	return inParallel(0, len(s.parts), func(i int) (err error) {
		own := map[string]string{"resourceVersion": s.from.version, "resourceVersionMatch": s.from.match, "sendInitialEvents": "true"}
		if s.from.at != nil {
			if s.from.at[i] == positions.Absent {
				return s.stillAbsent(i)
			}
			own = map[string]string{"resourceVersion": strconv.FormatUint(s.from.at[i], 10)}
		}
		s.responses[i], err = s.watchAt(i, own)
		if !errors.Is(err, errAbsent) {
			return err
		}
		if s.from.at != nil {
			return gone(s.parts[i]) // its objects have gone with it, untold
		}
		return nil
	}, s.cancel)
}

// stillAbsent is an error if the client, to whom a namespace was absent, would
// see less than there is.
func (s *stream) stillAbsent(i int) error {
	absent, err := s.presence.absent(s.ctx, s.header, s.parts[i].namespace)
	if err == nil && !absent {
		err = come(s.parts[i])
	}
	return err
}

func gone(p part) *refusal { return expired("%s is gone: list again", p) }
func come(p part) *refusal { return expired("%s is there now: list again", p) }

// events are the first listing's objects as events.
func (l *listing) events(yield func([]byte, error) bool) {
	for _, list := range l.lists {
		for object, err := range list.Objects {
			var event []byte
			if err == nil {
				event = frames.AppendEvent(nil, frames.Added, object)
			}
			if !yield(event, err) {
				return
			}
		}
	}
}
