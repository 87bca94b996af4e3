package apiproxy

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// world is an API server that has one history of ConfigMaps in namespaces, and
// can be told to misbehave. It checks what it is asked as strictly as it can.
type world struct {
	*httptest.Server

	mu         sync.Mutex
	changed    chan struct{} // is closed at each change
	version    uint64
	history    []change
	compacted  uint64
	refused    map[string]bool   // namespaces without rights
	absent     map[string]bool   // namespaces that are not there
	held       map[string]bool   // namespaces of which watches say nothing for now
	answers    map[string]answer // to paths, instead of one's own
	requests   []string
	bookmarks  bool // watches tell them
	epoch      int  // watches of an older one end
	half       bool // they end in the middle of an event
	namespaced bool
}

type answer struct {
	code       int
	retryAfter string
}

type change struct {
	version               uint64
	kind, namespace, name string
	object                string
}

func newWorld(t *testing.T) *world {
	w := &world{
		changed: make(chan struct{}), version: 100, namespaced: true, bookmarks: true,
		refused: map[string]bool{}, absent: map[string]bool{}, held: map[string]bool{}, answers: map[string]answer{},
	}
	w.Server = httptest.NewUnstartedServer(w)
	w.EnableHTTP2 = true
	w.StartTLS()
	t.Cleanup(func() {
		w.CloseClientConnections()
		w.Close()
	})
	return w
}

// set changes the world, and wakes whoever watches it.
func (w *world) set(do func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	do()
	close(w.changed)
	w.changed = make(chan struct{})
}

// write adds, changes or deletes an object, and returns its version.
func (w *world) write(kind, namespace, name string) uint64 {
	var version uint64
	w.set(func() {
		w.version++
		version = w.version
		w.history = append(w.history, change{version, kind, namespace, name, fmt.Sprintf(
			`{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":%q,"namespace":%q,"resourceVersion":"%d"},"data":{"a":"}{\"]"}}`,
			name, namespace, version)})
	})
	return version
}

func (w *world) asked() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.requests)
}

func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	w.requests = append(w.requests, r.URL.RequestURI())
	instead, told := w.answers[r.URL.Path]
	w.mu.Unlock()
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case told:
		rw.Header().Set("Retry-After", instead.retryAfter)
		status(rw, instead.code, "told to")
	case r.URL.Path == "/api/v1":
		fmt.Fprintf(rw, `{"kind":"APIResourceList","resources":[{"name":"configmaps","kind":"ConfigMap","namespaced":%v},`+
			`{"name":"nodes","kind":"Node"},{"name":"namespaces","kind":"Namespace"}]}`, w.namespaced)
	case len(parts) == 4 && parts[2] == "namespaces":
		w.mu.Lock()
		absent := w.absent[parts[3]]
		w.mu.Unlock()
		if absent {
			status(rw, http.StatusNotFound, "namespace not found")
			return
		}
		fmt.Fprintf(rw, `{"kind":"Namespace","metadata":{"name":%q}}`, parts[3])
	case len(parts) == 5 && parts[4] == "configmaps":
		w.serve(rw, r, parts[3])
	default:
		status(rw, http.StatusNotFound, "no "+r.URL.Path)
	}
}

func (w *world) serve(rw http.ResponseWriter, r *http.Request, namespace string) {
	w.mu.Lock()
	refused, compacted, now := w.refused[namespace] || w.absent[namespace], w.compacted, w.version
	w.mu.Unlock()
	q := r.URL.Query()
	asked, _ := strconv.ParseUint(q.Get("resourceVersion"), 10, 64)
	switch {
	case refused:
		status(rw, http.StatusForbidden, "configmaps is forbidden in "+namespace)
	case q.Get("watch") == "true" && q.Get("sendInitialEvents") == "true":
		w.watch(rw, r, namespace, now, true)
	case asked != 0 && asked < compacted && (q.Get("watch") != "" || q.Get("resourceVersionMatch") == "Exact"):
		status(rw, http.StatusGone, "too old resource version")
	case q.Get("watch") == "true":
		w.watch(rw, r, namespace, asked, false)
	default:
		if q.Get("resourceVersionMatch") != "Exact" {
			asked = now
		}
		rw.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(rw, `{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"%d"},"items":[%s]}`,
			asked, strings.Join(w.objects(namespace, asked), ","))
	}
}

// objects are what a namespace has at a version.
func (w *world) objects(namespace string, version uint64) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var names []string
	objects := map[string]string{}
	for _, c := range w.history {
		if c.namespace != namespace || c.version > version {
			continue
		}
		names = append(names, c.name)
		objects[c.name] = c.object
		if c.kind == "DELETED" {
			delete(objects, c.name)
		}
	}
	var texts []string
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if text, found := objects[name]; found {
			texts = append(texts, text)
		}
	}
	return texts
}

func (w *world) watch(rw http.ResponseWriter, r *http.Request, namespace string, from uint64, initial bool) {
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(http.StatusOK)
	flush := rw.(http.Flusher).Flush
	w.mu.Lock()
	epoch := w.epoch
	w.mu.Unlock()
	var end <-chan time.Time
	if seconds, _ := strconv.Atoi(r.URL.Query().Get("timeoutSeconds")); seconds > 0 {
		end = time.After(time.Duration(seconds) * time.Second)
	}
	if initial {
		for _, o := range w.objects(namespace, from) {
			fmt.Fprintf(rw, `{"type":"ADDED","object":%s}`+"\n", o)
		}
		fmt.Fprintf(rw, `{"type":"BOOKMARK","object":{"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":"%d","annotations":{"k8s.io/initial-events-end":"true"}}}}`+"\n", from)
	}
	flush()
	marked := from
	for {
		w.mu.Lock()
		changed, ended, half := w.changed, w.epoch != epoch, w.half
		if !w.held[namespace] && !ended {
			for _, c := range w.history {
				if c.version > from && c.namespace == namespace {
					fmt.Fprintf(rw, `{"type":%q,"object":%s}`+"\n", c.kind, c.object)
					from = c.version
				}
			}
			if from = max(from, w.version); w.bookmarks && from > marked {
				fmt.Fprintf(rw, `{"type":"BOOKMARK","object":{"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":"%d"}}}`+"\n", from)
				marked = from
			}
		}
		w.mu.Unlock()
		if ended {
			if half {
				fmt.Fprint(rw, `{"type":"ADDED","object":{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"half`)
			}
			return
		}
		flush()
		select {
		case <-changed:
		case <-end:
			return
		case <-r.Context().Done():
			return
		}
	}
}

func status(rw http.ResponseWriter, code int, message string) {
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(code)
	fmt.Fprintf(rw, `{"kind":"Status","apiVersion":"v1","status":"Failure","message":%q,"code":%d}`, message, code)
}

// view is a proxy over a world, and a client of it.
type view struct {
	*httptest.Server
	proxy *Proxy
}

func (w *world) view(t *testing.T, change ...func(*Options)) *view {
	base, err := url.Parse(w.URL)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{
		Namespaces: []string{"a", "b"}, Only: map[string][]string{"nodes": nil}, Server: base, Transport: w.Client().Transport,
		Log: quiet(), LookAgain: 20 * time.Millisecond,
	}
	for _, c := range change {
		c(&o)
	}
	p := New(o)
	v := &view{httptest.NewUnstartedServer(p), p}
	v.EnableHTTP2 = true
	v.Config.ConnContext = keepConnection
	v.StartTLS()
	t.Cleanup(func() {
		v.CloseClientConnections()
		v.Close()
	})
	return v
}

func (v *view) request(t *testing.T, path string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, v.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer token")
	response, err := v.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	return response
}

// told is an event as tests see it.
type told struct {
	Type   string
	Object struct {
		Kind     string
		Message  string
		Code     int
		Metadata struct {
			Name, Namespace, ResourceVersion string
			Annotations                      map[string]string
		}
	}
}

func (e told) String() string {
	m := e.Object.Metadata
	switch {
	case e.Type == "BOOKMARK" && len(m.Annotations) > 0:
		return "END " + m.ResourceVersion
	case e.Type == "ERROR":
		return fmt.Sprintf("ERROR %d %s", e.Object.Code, e.Object.Message)
	case e.Type == "BOOKMARK":
		return "BOOKMARK " + m.ResourceVersion
	}
	return fmt.Sprintf("%s %s/%s %s", e.Type, m.Namespace, m.Name, m.ResourceVersion)
}

// events are what a watch tells.
type events struct {
	t        *testing.T
	response *http.Response
	ch       chan told
}

func (v *view) watch(t *testing.T, query string) *events {
	t.Helper()
	response := v.request(t, "/api/v1/configmaps?watch=true"+query)
	if response.StatusCode != http.StatusOK {
		t.Fatalf("watch: %s", response.Status)
	}
	e := &events{t, response, make(chan told)}
	go func() {
		defer close(e.ch)
		for d := json.NewDecoder(response.Body); ; {
			var one told
			if d.Decode(&one) != nil {
				return
			}
			select {
			case e.ch <- one:
			case <-t.Context().Done():
				return
			}
		}
	}()
	return e
}

// next is the next event; "" at the end.
func (e *events) next() string {
	e.t.Helper()
	select {
	case one, more := <-e.ch:
		if !more {
			return ""
		}
		return one.String()
	case <-time.After(10 * time.Second):
		e.t.Fatal("no event")
		return ""
	}
}

func (e *events) stop() { e.response.Body.Close() }
