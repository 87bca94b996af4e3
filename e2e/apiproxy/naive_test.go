package apiproxy

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// naive merges as one would at first: a watch is resumed in every namespace at the
// client's resourceVersion. What it lists is right. It stands in for the proxy, to show
// that the checks find what it loses.
type naive struct {
	namespaces []string
	upstream   string
	client     *http.Client
}

// newNaive serves until the test ends; see naive.
func newNaive(t testing.TB, n naive) *httptest.Server {
	server := httptest.NewUnstartedServer(n)
	server.EnableHTTP2 = true
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server
}

func (n naive) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("watch") == "true" {
		n.watch(w, r)
		return
	}
	version, items := "", []json.RawMessage{}
	for _, namespace := range n.namespaces {
		query := r.URL.Query()
		query.Del("limit")
		if version != "" {
			query.Set("resourceVersion", version)
			query.Set("resourceVersionMatch", "Exact")
		}
		answer, err := n.ask(r.Context(), r, namespace, query.Encode())
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		var list struct {
			Metadata struct{ ResourceVersion string }
			Items    []json.RawMessage
		}
		err = json.NewDecoder(answer.Body).Decode(&list)
		answer.Body.Close()
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		items, version = append(items, list.Items...), list.Metadata.ResourceVersion
	}
	fmt.Fprintf(w, `{"metadata": {"resourceVersion": %q}, "items": `, version)
	json.NewEncoder(w).Encode(items)
	fmt.Fprint(w, "}")
}

func (n naive) watch(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	query := r.URL.Query()
	query.Del("allowWatchBookmarks") // the bookmark of one namespace would be wrong for the others
	var one sync.Mutex
	var all sync.WaitGroup
	defer all.Wait()
	var answers []*http.Response
	for _, namespace := range n.namespaces {
		answer, err := n.ask(ctx, r, namespace, query.Encode())
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
		answers = append(answers, answer)
	}
	http.NewResponseController(w).Flush()
	for _, answer := range answers {
		all.Go(func() {
			defer cancel() // the first that ends takes the others with it
			frames := bufio.NewReader(answer.Body)
			for {
				frame, err := frames.ReadBytes('\n')
				if err != nil {
					return
				}
				one.Lock()
				_, err = w.Write(frame)
				http.NewResponseController(w).Flush()
				one.Unlock()
				if err != nil {
					return
				}
			}
		})
	}
	<-ctx.Done()
}

// ask sends a request on to one namespace.
func (n naive) ask(ctx context.Context, r *http.Request, namespace, query string) (*http.Response, error) {
	at := strings.LastIndex(r.URL.Path, "/")
	path := r.URL.Path[:at] + "/namespaces/" + namespace + r.URL.Path[at:]
	out, err := http.NewRequestWithContext(ctx, http.MethodGet, n.upstream+path+"?"+query, nil)
	if err != nil {
		return nil, err
	}
	out.Header.Set("Authorization", r.Header.Get("Authorization"))
	answer, err := n.client.Do(out)
	if err == nil && answer.StatusCode != http.StatusOK {
		answer.Body.Close()
		return nil, fmt.Errorf("%s: %s", namespace, answer.Status)
	}
	return answer, err
}
