package apiproxy

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
)

// kind is one that the writers write.
type kind struct {
	resource string // its path at cluster scope
	body     string // what an object has beside its metadata
}

var (
	configMaps = kind{"/api/v1/configmaps", `"data": {"n": "%d"}`}
	services   = kind{"/api/v1/services", `"spec": {"clusterIP": "None", "ports": [{"port": 80}], "selector": {"n": "n%d"}}`}
	secrets    = kind{"/api/v1/secrets", `"stringData": {"n": "%d"}`}
	widgets    = kind{"/apis/stress.example.com/v1/widgets", `"apiVersion": "stress.example.com/v1", "kind": "widget", "spec": {"n": %d}`}
	gadgets    = kind{"/apis/stress.example.com/v1/gadgets", `"apiVersion": "stress.example.com/v1", "kind": "gadget", "spec": {"n": %d}`}
)

// in is the kind's list in one namespace.
func (k kind) in(namespace string) string {
	at := strings.LastIndex(k.resource, "/")
	return k.resource[:at] + "/namespaces/" + namespace + k.resource[at:]
}

// object is one with a number in it, and with labels that selectors ask for.
func (k kind) object(name string) string {
	n := rand.N(1000)
	return fmt.Sprintf(`{"metadata": {"name": %q, "labels": {"app": "%c", "tier": "%d", "run": "stress"}}, %s}`,
		name, 'a'+rune(n%4), n%7, fmt.Sprintf(k.body, n))
}

// writers create, change and delete objects in every namespace.
type writers struct {
	admin      *cluster.Client
	namespaces []string
	kinds      []kind
	// pause is between two writes of one writer, at most.
	pause time.Duration

	written atomic.Int64
	serial  atomic.Int64
	mu      sync.Mutex
	live    map[string][]string // what exists, by the path of its list
}

// most is how many objects of a kind a namespace has, at most. It is low, so that
// what a client lost is soon deleted, or stays wrong, and does not drown.
const most = 12

// run writes until the context ends, and returns when the last write is done. Writes that
// fail, because there is no API server, are not missed.
func (w *writers) run(ctx context.Context) {
	var group sync.WaitGroup
	for _, namespace := range w.namespaces {
		for _, kind := range w.kinds {
			group.Go(func() {
				for ctx.Err() == nil {
					w.write(kind, kind.in(namespace))
					sleep(ctx, rand.N(w.pause))
				}
			})
		}
	}
	group.Wait()
}

// write does one thing to one of the objects. Most are new: a change that was
// lost is mended by the next one of the same object, a new object is not.
func (w *writers) write(k kind, path string) {
	w.mu.Lock()
	if w.live == nil {
		w.live = map[string][]string{}
	}
	live := w.live[path]
	dice := rand.N(10)
	var old string
	if len(live) > 0 {
		old = live[rand.N(len(live))]
	}
	w.mu.Unlock()
	var answer cluster.Answer
	var err error
	switch {
	case len(live) >= most || (dice < 3 && old != ""):
		if answer, err = w.admin.Do(http.MethodDelete, path+"/"+old, ""); err == nil {
			w.forget(path, old)
		}
	case dice < 5 && old != "":
		answer, err = w.admin.Do(http.MethodPatch, path+"/"+old, k.object(old))
	default:
		name := fmt.Sprintf("stress-%d", w.serial.Add(1))
		if answer, err = w.admin.Do(http.MethodPost, path, k.object(name)); err == nil && answer.Error() == nil {
			w.mu.Lock()
			w.live[path] = append(w.live[path], name)
			w.mu.Unlock()
		}
	}
	if err == nil && answer.Error() == nil {
		w.written.Add(1)
	}
}

func (w *writers) forget(path, name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var rest []string
	for _, other := range w.live[path] {
		if other != name {
			rest = append(rest, other)
		}
	}
	w.live[path] = rest
}
