package apiproxy

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// slack is how much later than its watch a passed request is broken off, which
// the API server should have ended.
const slack = 10 * time.Second

// lasts is whether a GET is answered for as long as its client likes: a watch, or
// a log that is followed.
func lasts(r *http.Request, values url.Values) bool {
	return isWatch(r.URL.Path, values) || isTrue(values, "follow")
}

// isWatch is whether a request is a watch, in either of the API's ways to ask for one.
func isWatch(path string, values url.Values) bool {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	return isTrue(values, "watch") ||
		len(parts) > 2 && parts[0] == "api" && parts[2] == "watch" || len(parts) > 3 && parts[0] == "apis" && parts[3] == "watch"
}

// life is how long a watch lasts: as long as the client says, but at most from
// half of the longest to all of it. A client whose going nobody has noticed is
// noticed then. The end differs, so that not all watches end at once.
func (p *Proxy) life(values url.Values) time.Duration {
	most := p.longest/2 + rand.N(p.longest/2) //nolint:gosec // which is no secret
	seconds, err := strconv.ParseUint(values.Get("timeoutSeconds"), 10, 31)
	if err != nil || seconds == 0 {
		return most
	}
	return min(most, time.Duration(seconds)*time.Second)
}

// serveAsItIs passes a request on. A watch lasts as long as a merged one does:
// the API server is told when to end it. Whatever lasts longer is broken off.
func (p *Proxy) serveAsItIs(w http.ResponseWriter, r *http.Request) {
	values := r.URL.Query()
	life := p.longest
	if reads(r) && isWatch(r.URL.Path, values) {
		life = p.life(values)
		if _, err := strconv.ParseUint(values.Get("timeoutSeconds"), 10, 63); err == nil || !values.Has("timeoutSeconds") {
			values.Set("timeoutSeconds", strconv.Itoa(max(1, int(life/time.Second)))) // the API server refuses what is no number
		}
		r = r.Clone(r.Context())
		r.URL.RawQuery = values.Encode()
		p.metrics.passedWatches.Add(1)
		defer p.metrics.passedWatches.Add(-1)
	}
	ctx, cancel := context.WithTimeout(r.Context(), life+slack)
	defer cancel()
	timed := &timedWriter{w, newDeadline(w, p.stalled)}
	defer timed.deadline.begin() // for what the server itself writes at the end
	p.pass.ServeHTTP(timed, r.WithContext(ctx))
}

func reads(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

// timedWriter is a writer whose client has to read what it is sent.
type timedWriter struct {
	http.ResponseWriter
	deadline *deadline
}

func (t *timedWriter) Write(p []byte) (int, error) {
	t.deadline.begin()
	return t.ResponseWriter.Write(p)
}

func (t *timedWriter) FlushError() error           { return t.deadline.flush() }
func (t *timedWriter) Unwrap() http.ResponseWriter { return t.ResponseWriter }

type connectionKey struct{}

// keepConnection is a server's ConnContext: requests find their connection by it.
func keepConnection(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, c)
}

// untilGone is a request whose context ends when its client goes. Over HTTP/1.1,
// the server itself does not notice that any more once the client has sent a byte
// after its request: it takes that for the next one. So everything that comes is
// read here, and the connection ends with the answer.
func untilGone(w http.ResponseWriter, r *http.Request) (*http.Request, context.CancelFunc) {
	connection, kept := r.Context().Value(connectionKey{}).(net.Conn)
	if r.ProtoMajor != 1 || !kept {
		return r, func() {}
	}
	ctx, cancel := context.WithCancel(r.Context())
	w.Header().Set("Connection", "close")
	go func() {
		defer cancel()
		_, _ = io.Copy(io.Discard, connection) // ends when the client has gone, and at the latest with the connection
	}()
	return r.WithContext(ctx), cancel
}
