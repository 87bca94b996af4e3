package apiproxy

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/apiproxy/frames"
)

const (
	// patience is how long a part that has broken off is opened again in place.
	// After that the stream ends, so that the client sees what is wrong.
	patience = 10 * time.Second
	// soon is how long a watch lasts that ends at once; opening it again at once
	// would do no good.
	soon = time.Second
)

// follow tells the client what a part tells, beyond the end of its watch at the
// API server.
func (s *stream) follow(i int) {
	defer func() { s.shut(i) }()
	for attempt := 0; ; attempt++ {
		began := time.Now()
		more := s.relay(i)
		s.shut(i)
		if !more || s.ctx.Err() != nil {
			return
		}
		if time.Since(began) > soon {
			attempt = 0
		}
		if attempt > 0 && !sleep(s.ctx, backoff(attempt)) {
			return
		}
		if !s.reopen(i) {
			return
		}
	}
}

func backoff(attempt int) time.Duration {
	return min(2*time.Second, 50*time.Millisecond<<min(attempt, 10))
}

// relay tells what one watch tells. It is false if the stream has ended, or has to.
func (s *stream) relay(i int) bool {
	reader := frames.NewReader(s.responses[i].Body, frameMost)
	for {
		frame, err := reader.Next()
		var e frames.Event
		if err == nil {
			e, err = frames.ParseEvent(frame)
			if err != nil {
				s.failPart(i, err)
				return false
			}
		}
		switch {
		case errors.Is(err, frames.ErrTooLarge), errors.Is(err, frames.ErrSyntax):
			s.failPart(i, err)
			return false
		case err != nil: // the end, or a broken connection: half an event is none
			return s.toldInitial(i)
		}
		if !s.take(i, e, frame) {
			return false
		}
	}
}

func (s *stream) failPart(i int, err error) {
	r := &refusal{code: http.StatusInternalServerError, reason: "InternalError", message: err.Error()}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail(r.of(s.parts[i]))
}

// toldInitial is whether a part has told its initial events: what is missing
// of them cannot be asked for, so that the stream ends without.
func (s *stream) toldInitial(i int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.initial[i] {
		s.ended = true
		s.cancel()
	}
	return !s.ended
}

// reopen opens a part's watch where it was. It is false if the stream has to end.
func (s *stream) reopen(i int) bool {
	began := time.Now()
	for attempt := 1; ; attempt++ {
		response, err := s.watchAt(i, map[string]string{"resourceVersion": strconv.FormatUint(s.position(i), 10)})
		var r *refusal
		switch {
		case err == nil:
			s.responses[i] = response
			s.metrics.reopened.Add(1)
			return true
		case s.ctx.Err() != nil:
			return false
		case errors.Is(err, errAbsent):
			r = gone(s.parts[i])
		case !errors.As(err, &r):
			r = asRefusal(err)
		}
		again := r.code == http.StatusTooManyRequests || r.code >= http.StatusInternalServerError
		pause := backoff(attempt)
		if seconds, err := strconv.Atoi(r.retryAfter); err == nil {
			pause = max(pause, time.Duration(seconds)*time.Second)
		}
		s.log.Debug("a watch could not be opened again", "resource", s.resource.String(), "part", s.parts[i].String(), "error", r.message)
		if again && time.Since(began)+pause < patience {
			if !sleep(s.ctx, pause) {
				return false
			}
			continue
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if again || r.code == http.StatusUnauthorized { // the client has a newer token, or is told why it needs one
			s.ended = true
			s.cancel()
		} else {
			s.fail(r)
		}
		return false
	}
}

func (s *stream) position(i int) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client == nil {
		return s.at[i]
	}
	return s.client.At(i)
}

// await looks for a namespace that is absent, and ends the stream when it is
// there. Its Roles may come a moment later: it is given that.
func (s *stream) await(i int) {
	refusedOnce := false
	for sleep(s.ctx, s.presence.every) {
		absent, err := s.presence.absent(s.ctx, s.header, s.parts[i].namespace)
		if err != nil || absent {
			continue
		}
		err = s.askFor(s.ctx, i, nil, map[string]string{"limit": "1"}, func(response *http.Response) error { return response.Body.Close() })
		if err != nil && !refusedOnce {
			refusedOnce = true
			continue
		}
		s.mu.Lock()
		s.fail(come(s.parts[i]))
		s.mu.Unlock()
		return
	}
}
