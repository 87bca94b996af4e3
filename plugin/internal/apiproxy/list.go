package apiproxy

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/apiproxy/frames"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/apiproxy/positions"
)

// listing is the parts' lists, with the position of each.
type listing struct {
	lists       []frames.List // at least one, perhaps an empty one
	at          positions.Vector
	version     uint64
	contentType string
}

func (m *merged) serveList(w http.ResponseWriter, r *http.Request) {
	if m.values.Get("continue") != "" {
		m.refuse(w, "merged", expired("the API proxy returns each list as a whole: it gives out no continue parameters"))
		return
	}
	line, err := m.positions.Line(m.key(), func() (uint64, error) { return m.now(r.Context()) })
	if err != nil {
		m.refuse(w, "merged", asRefusal(err))
		return
	}
	defer line.Release()
	l, err := m.listAbove(r.Context(), line, m.howToList())
	if err != nil {
		m.refuse(w, "merged", asRefusal(err))
		return
	}
	m.metrics.lists.Add(1)
	m.metrics.answered("merged", http.StatusOK)
	w.Header().Set("Content-Type", l.contentType)
	w.WriteHeader(http.StatusOK)
	newDeadline(w, m.stalled).begin()                         // the lists are held until they are written
	_ = frames.Write(&sent{w, m.metrics}, l.lists, l.version) // a client that is gone needs no answer
}

// listAbove lists, and stores what the client is told. Where an older list than
// the newest would do, but its version could not be gone on from, it is the newest.
func (m *merged) listAbove(ctx context.Context, line *positions.Line, how howToList) (listing, error) {
	if v, err := strconv.ParseUint(how.version, 10, 64); err == nil && v != 0 && !how.exact() {
		how.version = strconv.FormatUint(line.Real(v), 10)
	}
	l, err := m.list(ctx, how)
	if err == nil && !how.exact() && l.version < line.Floor() || how.version == "" && isExpired(err) {
		l, err = m.list(ctx, howToList{})
	}
	if err != nil {
		return l, err
	}
	if !how.exact() || l.version > line.Floor() {
		l.version = line.Listed(l.version, l.at)
	}
	return l, nil
}

func isExpired(err error) bool {
	var r *refusal
	return errors.As(err, &r) && r.code == http.StatusGone
}

// howToList is which version of a list is asked for:
// https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-get-and-list
type howToList struct{ version, match string }

func (h howToList) exact() bool { return h.match == "Exact" }

func (m *merged) howToList() howToList {
	h := howToList{m.values.Get("resourceVersion"), m.values.Get("resourceVersionMatch")}
	limit := m.values.Get("limit")
	if h.match == "" && h.version != "" && h.version != "0" && limit != "" && limit != "0" {
		h.match = "Exact" // what it means with a limit, which is dropped
	}
	return h
}

// list asks the first part that is there as the client did, and the others for
// its version: of the newest list exactly that, so that the whole is of one
// moment; else that or a newer one, which needs no reading from the disk.
func (m *merged) list(ctx context.Context, how howToList) (listing, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l := listing{at: make(positions.Vector, len(m.parts)), contentType: "application/json"}
	lists := make([]frames.List, len(m.parts))
	ask := func(i int, how howToList) error {
		own := map[string]string{"resourceVersion": how.version, "resourceVersionMatch": how.match}
		err := m.ask(ctx, i, own, func(response *http.Response) (err error) {
			var contentType string
			lists[i], contentType, err = readList(response)
			if l.version == 0 && contentType != "" {
				l.contentType = contentType
			}
			return err
		})
		if errors.Is(err, errAbsent) {
			return nil // the position stays Absent
		}
		l.at[i] = lists[i].Version
		return err
	}
	first := 0
	for ; first < len(m.parts) && l.version == 0; first++ {
		if err := ask(first, how); err != nil {
			return l, err
		}
		l.version = l.at[first]
	}
	others := howToList{strconv.FormatUint(l.version, 10), "NotOlderThan"}
	if how.version == "" || how.exact() {
		others.match = "Exact"
	}
	err := inParallel(first, len(m.parts), func(i int) error { return ask(i, others) }, cancel)
	for i, one := range lists {
		if l.at[i] != positions.Absent {
			l.lists = append(l.lists, one)
		}
	}
	if len(l.lists) == 0 {
		l.lists = []frames.List{frames.Empty(m.shape())}
	}
	return l, err
}

// sent counts what is written.
type sent struct {
	io.Writer
	metrics *metrics
}

func (s *sent) Write(p []byte) (int, error) {
	n, err := s.Writer.Write(p)
	s.metrics.sent.Add(int64(n))
	return n, err
}
