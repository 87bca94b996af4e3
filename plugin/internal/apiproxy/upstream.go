package apiproxy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// atOnce is how many requests are waiting for an answer at a time: more would
	// wait in the API server's priority levels, and keep others from theirs.
	atOnce = 32
	// pauseMost is the longest pause between attempts at an API server that
	// cannot be reached.
	pauseMost   = time.Second
	statusLarge = 1 << 20
)

// upstream is the API server.
type upstream struct {
	base      *url.URL
	transport http.RoundTripper
	slots     chan struct{}
	metrics   *metrics

	mu     sync.Mutex
	failed int
	pause  time.Time // until when nobody tries
}

func newUpstream(base *url.URL, transport http.RoundTripper, m *metrics) *upstream {
	return &upstream{base: base, transport: transport, slots: make(chan struct{}, atOnce), metrics: m}
}

// get asks for a path, and hands the answer, which is a success, to read, while
// it counts as one of those at once. What read returns is get's error. Any other
// is a *refusal, or the context's.
func (u *upstream) get(ctx context.Context, header http.Header, path string, values url.Values, read func(*http.Response) error) error {
	if err := u.enter(ctx); err != nil {
		return err
	}
	defer func() { <-u.slots }()
	target := *u.base
	target.Path = strings.TrimSuffix(target.Path, "/") + path
	target.RawQuery = values.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return err
	}
	request.Header = header
	response, err := u.transport.RoundTrip(request)
	u.reached(ctx, err)
	switch {
	case ctx.Err() != nil:
		if err == nil {
			_ = response.Body.Close() // was not read
		}
		return context.Cause(ctx)
	case err != nil:
		return unavailable(err)
	case response.StatusCode == http.StatusOK:
		response.Body = &counted{response.Body, u.metrics}
		return read(response)
	}
	defer response.Body.Close() // was only read
	body, _ := io.ReadAll(io.LimitReader(response.Body, statusLarge))
	return refused(response, body)
}

// enter waits for one of the slots, and while the API server is known to be gone.
func (u *upstream) enter(ctx context.Context) error {
	select {
	case u.slots <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	u.mu.Lock()
	wait := time.Until(u.pause)
	u.mu.Unlock()
	if wait > 0 && !sleep(ctx, wait) {
		<-u.slots
		return context.Cause(ctx)
	}
	return nil
}

// reached notes whether the API server was.
func (u *upstream) reached(ctx context.Context, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case err == nil:
		u.failed, u.pause = 0, time.Time{}
	case ctx.Err() == nil && time.Now().After(u.pause):
		u.failed = min(u.failed+1, 6)
		u.pause = time.Now().Add(min(pauseMost, 25*time.Millisecond<<u.failed))
	}
}

// refused is the API server's answer, if it is no success.
func refused(response *http.Response, body []byte) *refusal {
	r := &refusal{code: response.StatusCode, retryAfter: response.Header.Get("Retry-After"), body: body}
	var status struct{ Message string }
	if json.Unmarshal(body, &status) == nil {
		r.message = status.Message
	}
	if r.code < http.StatusBadRequest { // such as a redirect, which nobody here follows
		r.body = nil
		r.message = fmt.Sprintf("the API server answered %s: must be a success or an error", response.Status)
		r.code = http.StatusBadGateway
	}
	if r.message == "" {
		r.body = nil
		r.message = "the API server answered " + response.Status
	}
	return r
}

// asRefusal is an error as an answer.
func asRefusal(err error) *refusal {
	var r *refusal
	switch {
	case errors.As(err, &r):
		return r
	case errors.Is(err, context.DeadlineExceeded):
		return late()
	case errors.Is(err, context.Canceled):
		return unavailable(err) // the client is gone, or the proxy ends
	}
	return &refusal{code: http.StatusBadGateway, message: err.Error()}
}

// sleep is false if the context ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// counted counts what is read.
type counted struct {
	io.ReadCloser
	metrics *metrics
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.metrics.received.Add(int64(n))
	return n, err
}

// inParallel calls do for from to n-1, so many at once, and stop once one has
// failed. It returns the first error in their order that is not only another's
// consequence.
func inParallel(from, n int, do func(i int) error, stop func()) error {
	errs := make([]error, n)
	next := make(chan int)
	var failed atomic.Bool
	var wg sync.WaitGroup
	for range min(n-from, atOnce) {
		wg.Go(func() {
			for i := range next {
				if failed.Load() {
					continue
				}
				if errs[i] = do(i); errs[i] != nil {
					failed.Store(true)
					stop()
				}
			}
		})
	}
	for i := from; i < n; i++ {
		next <- i
	}
	close(next)
	wg.Wait()
	var other error
	for _, err := range errs {
		if err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
		if other == nil {
			other = err
		}
	}
	return other
}
