package apiproxy

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/apiproxy/positions"
)

const (
	listMost  = 512 << 20 // bytes of a list of one namespace
	frameMost = 64 << 20  // bytes of an event
)

// Options say what a proxy shows.
type Options struct {
	// Namespaces are the visible namespaces, for namespaced kinds.
	Namespaces []string
	// Only has the names of the visible objects of cluster-scoped kinds, by RESOURCE
	// or RESOURCE.GROUP. Other kinds are forwarded unchanged.
	Only map[string][]string
	// Server is the API server, and Transport the way to it.
	Server    *url.URL
	Transport http.RoundTripper
	// Before is the number of earlier proxies that the same clients may have used.
	Before uint64
	Log    *slog.Logger
	// LookAgain is the time between two searches for absent namespaces; 0: 5 s.
	LookAgain time.Duration
	// Longest is the longest time that a watch lasts; 0: an hour.
	Longest time.Duration
	// Stalled is the longest time that a client may not read what it is sent; 0: a
	// minute.
	Stalled time.Duration
}

// Proxy is the view, as an HTTP handler.
type Proxy struct {
	namespaces []part
	only       map[string][]part
	upstream   *upstream
	scopes     *scopes
	presence   *presence
	positions  *positions.Store
	find       func(*positions.Line, uint64) (positions.Vector, bool)
	pass       *httputil.ReverseProxy
	longest    time.Duration
	stalled    time.Duration
	metrics    *metrics
	log        *slog.Logger
	warned     atomic.Int64 // when it was said last that the API server cannot be reached
}

// New returns a proxy.
func New(o Options) *Proxy {
	if o.LookAgain == 0 {
		o.LookAgain = lookAgain
	}
	if o.Longest == 0 {
		o.Longest = longest
	}
	if o.Stalled == 0 {
		o.Stalled = stalled
	}
	m := newMetrics()
	up := newUpstream(o.Server, o.Transport, m)
	p := &Proxy{
		only:      map[string][]part{},
		upstream:  up,
		scopes:    &scopes{upstream: up, groups: map[string]group{}},
		presence:  &presence{upstream: up, every: o.LookAgain, found: map[string]*finding{}},
		positions: positions.New(o.Before),
		find:      (*positions.Line).Find,
		longest:   o.Longest,
		stalled:   o.Stalled,
		metrics:   m,
		log:       o.Log,
	}
	for _, name := range distinct(o.Namespaces) {
		p.namespaces = append(p.namespaces, part{namespace: name})
	}
	for resource, names := range o.Only {
		p.only[resource] = nil
		for _, name := range distinct(names) {
			p.only[resource] = append(p.only[resource], part{name: name})
		}
	}
	p.pass = p.reverseProxy(o.Server, o.Transport)
	return p
}

func distinct(names []string) []string { return slices.Compact(slices.Sorted(slices.Values(names))) }

func (p *Proxy) reverseProxy(server *url.URL, transport http.RoundTripper) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(server)
			r.Out.Header["Authorization"] = r.In.Header["Authorization"] // whatever Connection says of it
		},
		Transport:     transport,
		FlushInterval: -1, // a watch's events are wanted at once
		ErrorLog:      slog.NewLogLogger(p.log.Handler(), slog.LevelDebug),
		ModifyResponse: func(r *http.Response) error {
			p.metrics.answered("passed", r.StatusCode)
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() == nil {
				p.metrics.unreachable.Add(1)
				p.warnUnreachable(r.URL.Path, err)
			}
			p.refuse(w, "passed", unavailable(err))
		},
	}
}

const (
	// pathLogged is how much of a path a log line has.
	pathLogged = 200
	// silence is how long nothing is logged of an API server that cannot be
	// reached, once something is: a metric counts the requests.
	silence = 10 * time.Second
)

func (p *Proxy) warnUnreachable(path string, err error) {
	last, now := p.warned.Load(), time.Now().UnixNano()
	if last != 0 && now-last < int64(silence) || !p.warned.CompareAndSwap(last, now) {
		return
	}
	if len(path) > pathLogged {
		path = path[:pathLogged] + "..."
	}
	p.log.Warn("the API server cannot be reached", "path", path, "error", err.Error())
}

func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor == 1 {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // of the connection's request before
	}
	if !hasToken(r.Header) {
		p.metrics.unauthenticated.Add(1)
		p.refuse(w, "refused", &refusal{
			code: http.StatusUnauthorized, reason: "Unauthorized", message: "the request has no bearer token, and the API proxy has none of its own",
		})
		return
	}
	if r.Header.Get("Upgrade") != "" || hasUpgrade(r.Header) {
		p.refuse(w, "refused", &refusal{
			code: http.StatusBadRequest, reason: "BadRequest", message: "the API proxy serves no upgrades of a connection, such as to a WebSocket or SPDY",
		})
		return
	}
	if !plain(r.URL) {
		p.refuse(w, "refused", &refusal{
			code: http.StatusNotFound, reason: "NotFound",
			message: "the path has an empty segment, one of dots, or an encoded slash: no path of the API has one",
		})
		return
	}
	named, watch, ok := collection(r.URL.Path)
	if watch && !reads(r) {
		p.refuse(w, "refused", &refusal{
			code: http.StatusMethodNotAllowed, reason: "MethodNotAllowed", message: "a watch of all objects must be a GET, and not a " + r.Method,
		})
		return
	}
	if !ok || !reads(r) {
		if err := readBody(w, r); err != nil {
			p.refuse(w, "refused", asRefusal(err))
			return
		}
		if reads(r) && lasts(r, r.URL.Query()) {
			gone, done := untilGone(w, r)
			defer done()
			r = gone
		}
		p.serveAsItIs(w, r)
		return
	}
	if refusal := hasBody(r); refusal != nil {
		if r.ProtoMajor == 1 { // where what follows would be taken for the body
			w.Header().Set("Connection", "close")
		}
		p.refuse(w, "refused", refusal)
		return
	}
	values := r.URL.Query()
	if lasts(r, values) {
		gone, done := untilGone(w, r)
		defer done()
		r = gone
	}
	q := query{
		resource: named, watch: watch || isTrue(values, "watch"), values: values,
		header: upstreamHeader(r.Header, acceptJSON(r.Header)),
	}
	k, err := p.scopes.find(r.Context(), q.header, named)
	parts, byName := p.only[named.String()]
	switch {
	case errors.Is(err, errUnknown):
		p.refuse(w, "merged", &refusal{code: http.StatusNotFound, reason: "NotFound", message: err.Error()})
		return
	case err != nil:
		p.refuse(w, "merged", asRefusal(err))
		return
	case byName && k.namespaced:
		p.log.Error("a kind that has a namespace cannot be limited to names of objects", "resource", named.String())
		p.refuse(w, "merged", &refusal{
			code: http.StatusInternalServerError, reason: "InternalError",
			message: "--only " + named.String() + ": has a namespace: must be a kind that has none",
		})
		return
	case k.namespaced:
		parts = p.namespaces
	case !byName:
		p.serveAsItIs(w, r)
		return
	}
	if q.header.Get("Accept") == "" {
		p.refuse(w, "merged", &refusal{
			code: http.StatusNotAcceptable, reason: "NotAcceptable",
			message: "the API proxy answers in JSON: the Accept header must allow application/json",
		})
		return
	}
	m := &merged{Proxy: p, query: q, kind: k, parts: parts}
	if q.watch {
		m.serveWatch(w, r)
	} else {
		m.serveList(w, r)
	}
}

func hasToken(h http.Header) bool {
	scheme, token, _ := strings.Cut(h.Get("Authorization"), " ")
	return strings.EqualFold(scheme, "Bearer") && strings.TrimSpace(token) != ""
}

// hasUpgrade is whether the client wants another protocol on its connection.
func hasUpgrade(h http.Header) bool {
	for token := range strings.SplitSeq(strings.Join(h.Values("Connection"), ","), ",") {
		if strings.EqualFold(strings.TrimSpace(token), "Upgrade") {
			return true
		}
	}
	return false
}

func (p *Proxy) refuse(w http.ResponseWriter, how string, r *refusal) {
	p.metrics.answered(how, r.code)
	if r.code == http.StatusGone {
		p.metrics.relists.Add(1)
	}
	r.write(w)
}
