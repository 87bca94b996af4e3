package apiproxy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// watcher keeps a copy of a list, as client-go's reflector does: it reads the list,
// watches from its resourceVersion on, resumes at the last resourceVersion that it saw
// when a watch ends, and reads the list again when it is told that this is too old.
type watcher struct {
	name string
	at   endpoint
	what selection
	// watchList reads the list by a watch, which is what istiod does.
	watchList bool
	// timeout is what the watcher asks for, at most; 0 leaves it to the server.
	timeout time.Duration
	// allowed says of which namespaces objects may be seen.
	allowed func(namespace string) bool
	// seen, if it is set, hears of every event.
	seen func(kind, name string)

	mu       sync.Mutex
	objects  map[string]string // namespace/name: resourceVersion
	version  string
	latest   bool // the next list has to be the newest, because a version was too old
	held     chan struct{}
	cut      context.CancelFunc
	counts   counts
	foreign  []string
	lastFail string
}

// selection is what a client reads: a collection at cluster scope, and selectors.
type selection struct {
	resource  string // /api/v1/services
	selectors url.Values
}

func (s selection) String() string { return s.resource + "?" + s.selectors.Encode() }

// run works until the context ends.
func (w *watcher) run(ctx context.Context) {
	w.mu.Lock()
	w.counts.relists, w.counts.codes = map[string]int{}, map[int]int{}
	w.mu.Unlock()
	for ctx.Err() == nil {
		err := w.once(ctx)
		var pause pause
		switch {
		case err == nil:
		case errors.As(err, &pause):
			sleep(ctx, time.Duration(pause))
		default:
			w.mu.Lock()
			w.lastFail = err.Error()
			w.mu.Unlock()
			sleep(ctx, 50*time.Millisecond+rand.N(150*time.Millisecond))
		}
	}
}

// pause is the error of a server that says when to come back.
type pause time.Duration

func (p pause) Error() string { return "come back after " + time.Duration(p).String() }

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// once lists, if that is needed, or watches until the watch ends.
func (w *watcher) once(ctx context.Context) error {
	w.mu.Lock()
	held := w.held
	w.mu.Unlock()
	if held != nil {
		select {
		case <-held:
		case <-ctx.Done():
			return nil
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w.mu.Lock()
	w.cut = cancel
	version := w.version
	w.mu.Unlock()
	if version == "" && !w.watchList {
		return w.list(ctx)
	}
	return w.watch(ctx, version)
}

// relist forgets the position, so that the next thing is a list.
func (w *watcher) relist(why string, latest bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.version != "" {
		w.counts.relists[why]++
	}
	w.version, w.latest = "", latest
}

func (w *watcher) list(ctx context.Context) error {
	query := maps.Clone(w.what.selectors)
	w.mu.Lock()
	query.Set("limit", "500")
	if !w.latest {
		query.Set("resourceVersion", "0")
	}
	w.mu.Unlock()
	objects := map[string]string{}
	for {
		response, err := w.get(ctx, query)
		if err != nil {
			return err
		}
		var list struct {
			Metadata struct{ ResourceVersion, Continue string }
			Items    []object
		}
		err = json.NewDecoder(response.Body).Decode(&list)
		response.Body.Close()
		if err != nil {
			return err
		}
		for _, item := range list.Items {
			w.look(item)
			objects[item.id()] = item.Metadata.ResourceVersion
		}
		if list.Metadata.Continue == "" {
			w.mu.Lock()
			w.objects, w.version, w.latest = objects, list.Metadata.ResourceVersion, false
			w.counts.lists++
			w.mu.Unlock()
			return nil
		}
		query.Set("continue", list.Metadata.Continue)
		query.Del("resourceVersion")
	}
}

func (w *watcher) watch(ctx context.Context, version string) error {
	query := maps.Clone(w.what.selectors)
	query.Set("watch", "true")
	query.Set("allowWatchBookmarks", "true")
	if w.timeout > 0 {
		query.Set("timeoutSeconds", strconv.Itoa(int((w.timeout/2 + rand.N(w.timeout/2) + time.Second).Seconds())))
	}
	var initial map[string]string // of a list that is not complete
	if version == "" {
		initial = map[string]string{}
		query.Set("sendInitialEvents", "true")
		query.Set("resourceVersionMatch", "NotOlderThan")
	} else {
		query.Set("resourceVersion", version)
	}
	response, err := w.get(ctx, query)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if version != "" {
		w.mu.Lock()
		w.counts.resumes++
		w.mu.Unlock()
	}
	frames := json.NewDecoder(response.Body)
	for {
		var event struct {
			Type   string
			Object json.RawMessage
		}
		if err := frames.Decode(&event); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("watch of %s: %w", w.what, err)
		}
		if event.Type == "ERROR" {
			var status struct {
				Code            int
				Reason, Message string
			}
			if err := json.Unmarshal(event.Object, &status); err != nil {
				return err
			}
			w.relist(fmt.Sprintf("event %d", status.Code), status.Code == http.StatusGone)
			return fmt.Errorf("watch of %s: %d %s: %s", w.what, status.Code, status.Reason, status.Message)
		}
		var o object
		if err := json.Unmarshal(event.Object, &o); err != nil {
			return err
		}
		w.apply(event.Type, o, &initial)
	}
}

// apply takes an event into the copy.
func (w *watcher) apply(kind string, o object, initial *map[string]string) {
	if kind != "BOOKMARK" {
		w.look(o)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	into := w.objects
	if *initial != nil {
		into = *initial
	}
	switch kind {
	case "ADDED", "MODIFIED":
		into[o.id()] = o.Metadata.ResourceVersion
	case "DELETED":
		delete(into, o.id())
	}
	if kind == "BOOKMARK" {
		w.counts.bookmarks++
		if *initial != nil && o.Metadata.Annotations["k8s.io/initial-events-end"] == "true" {
			w.objects, *initial = *initial, nil
			w.counts.lists++
		}
	} else {
		w.counts.events++
	}
	if *initial == nil {
		w.version = o.Metadata.ResourceVersion
	}
	if w.seen != nil {
		w.seen(kind, o.Metadata.Name)
	}
}

// object is the part of an object that a watcher keeps.
type object struct {
	Metadata struct {
		Namespace, Name, ResourceVersion string
		Annotations                      map[string]string
	}
}

func (o object) id() string { return o.Metadata.Namespace + "/" + o.Metadata.Name }

// look remembers what must never be seen.
func (w *watcher) look(o object) {
	if w.allowed == nil || w.allowed(o.Metadata.Namespace) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.foreign = append(w.foreign, o.id())
}

// get sends a request, and turns an answer that is no success into an error.
func (w *watcher) get(ctx context.Context, query url.Values) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.at.url+w.what.resource+"?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	token, err := w.at.token()
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Accept", "application/json")
	response, err := w.at.http.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusOK {
		w.mu.Lock()
		w.lastFail = ""
		w.mu.Unlock()
		return response, nil
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(response.Body, 1<<16)) // of an answer that is an error already
	w.mu.Lock()
	w.counts.codes[response.StatusCode]++
	w.mu.Unlock()
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && response.StatusCode == http.StatusTooManyRequests {
		return nil, pause(time.Duration(seconds) * time.Second)
	}
	w.relist(fmt.Sprintf("answer %d", response.StatusCode), response.StatusCode == http.StatusGone)
	return nil, fmt.Errorf("%s: %s: %s", w.what, response.Status, text)
}

// breakOff ends the request that is under way, as a broken connection does.
func (w *watcher) breakOff() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cut != nil {
		w.cut()
	}
}

// hold ends the request that is under way, and lets the watcher send none until it
// is released, as a client does that is suspended.
func (w *watcher) hold() (release func()) {
	held := make(chan struct{})
	w.mu.Lock()
	w.held = held
	w.mu.Unlock()
	w.breakOff()
	return func() {
		w.mu.Lock()
		w.held = nil
		w.mu.Unlock()
		close(held)
	}
}

// state is the copy.
func (w *watcher) state() map[string]string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.objects)
}
