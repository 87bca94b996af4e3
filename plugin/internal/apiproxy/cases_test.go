package apiproxy

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const watchList = "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"

func (v *view) body(t *testing.T, path string) (int, string) {
	t.Helper()
	response := v.request(t, path)
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(text)
}

func TestCollection(t *testing.T) {
	for path, want := range map[string]string{
		"/api/v1/services":                         "services v1 false",
		"/api/v1/services/":                        "services v1 false",
		"/api/v1/watch/services":                   "services v1 true",
		"/apis/apps/v1/deployments":                "deployments.apps v1 false",
		"/apis/apps/v1/watch/deployments":          "deployments.apps v1 true",
		"/api/v1":                                  "",
		"/apis/apps/v1":                            "",
		"/api/v1/nodes/a":                          "",
		"/api/v1/namespaces/a/services":            "",
		"/api/v1/watch/namespaces/a/services":      "",
		"/apis/apps/v1/watch/namespaces/a/x":       "",
		"/apis/apps/v1/namespaces/a/deployments/b": "",
		"/version":                                 "",
		"/":                                        "",
	} {
		r, watch, ok := collection(path)
		got := ""
		if ok {
			got = fmt.Sprint(r, " ", r.version, " ", watch)
		}
		require.Equal(t, want, got, path)
	}
}

// What the API server would take for a request for all namespaces does not get there.
func TestPathsThatAreNotPlain(t *testing.T) {
	w := newWorld(t)
	v := w.view(t)
	for _, path := range []string{
		"/api/v1/namespaces//configmaps", "/api/v1/namespaces//configmaps/", "/api/v1/namespaces/%2fconfigmaps",
		"/api/v1/namespaces%2f/configmaps", "/api/v1/namespaces%2F%2Fconfigmaps", "/api/v1%2fnamespaces//configmaps",
		"/api/v1/watch/namespaces//configmaps", "/api/v1/watch/namespaces//configmaps/", "/api/v1/watch%2fconfigmaps",
		"/api//v1/configmaps", "//api/v1/configmaps", "/api/v1/configmaps//", "//", "/api%2fv1/configmaps", "/%2fapi/v1/configmaps",
		"/api/v1/namespaces/./configmaps", "/api/v1/namespaces/../configmaps", "/api/v1/namespaces/%2e%2e/configmaps",
		"/api/v1/namespaces/a/..", "/apis/apps//v1/deployments", "/version/../api/v1/configmaps",
	} {
		code, text := v.body(t, path)
		require.Equal(t, http.StatusNotFound, code, path)
		require.Contains(t, text, "the path has an empty segment, one of dots, or an encoded slash", path)
	}
	require.Empty(t, w.asked())
	for _, path := range []string{"/", "/version", "/version/", "/api/v1/namespaces/a/", "/api/v1/namespaces/a%20b"} {
		v.body(t, path)
	}
	require.Equal(t, []string{"/", "/version", "/version/", "/api/v1/namespaces/a/", "/api/v1/namespaces/a%20b"}, w.asked())
}

func TestAWatchIsNoWrite(t *testing.T) {
	w := newWorld(t)
	v := w.view(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, v.URL+"/api/v1/watch/configmaps", nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer token")
	response, err := v.Client().Do(r)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusMethodNotAllowed, response.StatusCode)
	require.Empty(t, w.asked())
}

func TestAcceptJSON(t *testing.T) {
	for accept, want := range map[string]string{
		"": "application/json",
		"application/vnd.kubernetes.protobuf,application/json":                         "application/json",
		"application/vnd.kubernetes.protobuf;as=X, application/json;as=X;g=m;v=v1,*/*": "application/json;as=X;g=m;v=v1, application/json",
		"application/vnd.kubernetes.protobuf":                                          "",
		"application/json;stream=watch,application/cbor":                               "application/json;stream=watch",
	} {
		require.Equal(t, want, acceptJSON(http.Header{"Accept": {accept}}), accept)
	}
}

func TestHowToList(t *testing.T) {
	for text, want := range map[string]howToList{
		"":                            {"", ""},
		"limit=500":                   {"", ""},
		"resourceVersion=0&limit=500": {"0", ""},
		"resourceVersion=7":           {"7", ""},
		"resourceVersion=7&limit=500": {"7", "Exact"},
		"resourceVersion=7&limit=0":   {"7", ""},
		"resourceVersion=7&resourceVersionMatch=Exact":     {"7", "Exact"},
		"resourceVersion=7&limit=5&resourceVersionMatch=N": {"7", "N"},
	} {
		values, err := url.ParseQuery(text)
		require.NoError(t, err)
		require.Equal(t, want, (&merged{query: query{values: values}}).howToList(), text)
	}
}

// A namespace that refuses is not an empty one: what istiod would take for its
// mesh would lack what is there.
func TestRefusal(t *testing.T) {
	w := newWorld(t)
	v := w.view(t)
	w.set(func() { w.refused["b"] = true })
	for _, query := range []string{"", "?watch=true&resourceVersion=0", "?watch=true" + watchList} {
		code, body := v.body(t, "/api/v1/configmaps"+query)
		require.Equal(t, http.StatusForbidden, code)
		require.Contains(t, body, "namespace b: configmaps is forbidden in b")
	}
	require.EqualValues(t, 3, v.proxy.metrics.refusals["b"])
}

// A namespace that is not there is empty, and its coming has clients list anew.
func TestAbsentNamespace(t *testing.T) {
	w := newWorld(t)
	v := w.view(t)
	w.set(func() { w.absent["b"] = true })
	watch := v.watch(t, watchList)
	require.Equal(t, "END 100", watch.next())
	code, body := v.body(t, "/api/v1/configmaps")
	require.Equal(t, http.StatusOK, code, body)
	again := v.watch(t, "&resourceVersion=100")
	w.set(func() { w.absent["b"] = false })
	for _, e := range []*events{watch, again} {
		require.Equal(t, "ERROR 410 namespace b is there now: list again", e.next())
		require.Empty(t, e.next())
	}
	code, body = v.body(t, "/api/v1/configmaps?watch=true&resourceVersion=100")
	require.Equal(t, http.StatusGone, code, body)
}

// Of a namespace that has gone, a client may have objects that it was never told
// are deleted.
func TestGoneNamespace(t *testing.T) {
	w := newWorld(t)
	v := w.view(t)
	watch := v.watch(t, watchList)
	require.Equal(t, "END 100", watch.next())
	w.set(func() { w.absent["b"] = true; w.epoch++ })
	require.Equal(t, "ERROR 410 namespace b is gone: list again", watch.next())
	code, body := v.body(t, "/api/v1/configmaps?watch=true&resourceVersion=100")
	require.Equal(t, http.StatusGone, code)
	require.Contains(t, body, "namespace b is gone")
}

// The end of a part's watch, even within an event, is nothing that the client sees.
func TestReopen(t *testing.T) {
	w := newWorld(t)
	v := w.view(t)
	watch := v.watch(t, watchList)
	require.Equal(t, "END 100", watch.next())
	for _, half := range []bool{false, true} {
		w.set(func() { w.epoch++; w.half = half; w.bookmarks = false })
		version := w.write("ADDED", "a", "one")
		require.Equal(t, fmt.Sprint("ADDED a/one ", version), watch.next())
	}
	require.Positive(t, v.proxy.metrics.reopened.Load())
}

// A part whose place in history is compacted has the client list anew.
func TestCompacted(t *testing.T) {
	w := newWorld(t)
	v := w.view(t)
	w.bookmarks = false
	watch := v.watch(t, watchList)
	require.Equal(t, "END 100", watch.next())
	w.set(func() { w.held["b"] = true })
	version := w.write("ADDED", "a", "one")
	require.Equal(t, fmt.Sprint("ADDED a/one ", version), watch.next())
	w.set(func() { w.compacted = version; w.epoch++ })
	require.Equal(t, "ERROR 410 namespace b: too old resource version", watch.next())
}

// Bookmarks are at what all have told, and only when that grows.
func TestBookmarks(t *testing.T) {
	w := newWorld(t)
	v := w.view(t)
	watch := v.watch(t, watchList)
	require.Equal(t, "END 100", watch.next())
	w.set(func() { w.held["b"] = true })
	require.EqualValues(t, 101, w.write("ADDED", "a", "one"))
	require.Equal(t, "ADDED a/one 101", watch.next())
	require.EqualValues(t, 102, w.write("ADDED", "a", "two"))
	require.Equal(t, "ADDED a/two 102", watch.next())
	w.set(func() { w.held["b"] = false })
	require.Equal(t, "BOOKMARK 102", watch.next())
}

// What a former process handed out is not known, and does not become so.
func TestRestart(t *testing.T) {
	w := newWorld(t)
	v := w.view(t, func(o *Options) { o.Before = 1 })
	code, _ := v.body(t, "/api/v1/configmaps?watch=true&resourceVersion=100")
	require.Equal(t, http.StatusGone, code)
	watch := v.watch(t, watchList)
	require.Equal(t, "END 102", watch.next(), "one above what a former process may have handed out at 100")
	code, _ = v.body(t, "/api/v1/configmaps?watch=true&resourceVersion=100")
	require.Equal(t, http.StatusGone, code)
	again := v.watch(t, "&resourceVersion=102")
	w.write("ADDED", "b", "one")
	require.Equal(t, "ADDED b/one 101", again.next())
}

// A watch from the beginning tells what is there, with each object's kind, and
// then what happens.
func TestWatchFromTheBeginning(t *testing.T) {
	w := newWorld(t)
	v := w.view(t)
	w.write("ADDED", "b", "two")
	w.write("ADDED", "a", "one")
	watch := v.watch(t, "&allowWatchBookmarks=true")
	require.Equal(t, "ADDED a/one 102", watch.next())
	require.Equal(t, "ADDED b/two 101", watch.next())
	require.Equal(t, "BOOKMARK 102", watch.next())
	w.write("DELETED", "b", "two")
	require.Equal(t, "DELETED b/two 103", watch.next())
}

func TestTimeout(t *testing.T) {
	w := newWorld(t)
	watch := w.view(t).watch(t, watchList+"&timeoutSeconds=1")
	require.Equal(t, "END 100", watch.next())
	require.Empty(t, watch.next())
	require.Contains(t, strings.Join(w.asked(), "\n"), "timeoutSeconds=1")
}

func TestLegacyWatch(t *testing.T) {
	w := newWorld(t)
	response := w.view(t).request(t, "/api/v1/watch/configmaps?timeoutSeconds=1")
	require.Equal(t, http.StatusOK, response.StatusCode)
	_, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Contains(t, strings.Join(w.asked(), "\n"), "/api/v1/namespaces/b/configmaps?allowWatchBookmarks=true")
}

// What the API server says of trying again is passed on; where it is gone, the
// proxy says so itself.
func TestRetryAfter(t *testing.T) {
	w := newWorld(t)
	v := w.view(t)
	w.set(func() { w.answers["/api/v1/namespaces/b/configmaps"] = answer{http.StatusTooManyRequests, "7"} })
	response := v.request(t, "/api/v1/configmaps")
	require.Equal(t, http.StatusTooManyRequests, response.StatusCode)
	require.Equal(t, "7", response.Header.Get("Retry-After"))
	w.CloseClientConnections()
	w.Close()
	for _, path := range []string{"/api/v1/configmaps", "/api/v1/namespaces/a"} {
		response = v.request(t, path)
		require.Equal(t, http.StatusTooManyRequests, response.StatusCode)
		require.Equal(t, "1", response.Header.Get("Retry-After"))
	}
}

// Nothing of a kind with a namespace is asked for at cluster scope.
func TestUnknownKind(t *testing.T) {
	w := newWorld(t)
	v := w.view(t)
	for _, path := range []string{"/api/v1/later", "/apis/none/v1/later"} {
		code, _ := v.body(t, path)
		require.Equal(t, http.StatusNotFound, code)
	}
	require.Equal(t, []string{"/api/v1", "/apis/none/v1"}, w.asked())
}

func TestContinue(t *testing.T) {
	code, _ := newWorld(t).view(t).body(t, "/api/v1/configmaps?continue=x")
	require.Equal(t, http.StatusGone, code)
}

func TestNoNodes(t *testing.T) {
	w := newWorld(t)
	v := w.view(t)
	code, body := v.body(t, "/api/v1/nodes")
	require.Equal(t, http.StatusOK, code)
	require.JSONEq(t, `{"kind":"NodeList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[]}`, body)
	response := v.request(t, "/api/v1/nodes?watch=1&timeoutSeconds=1"+watchList)
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, `{"type":"BOOKMARK","object":{"kind":"Node","apiVersion":"v1","metadata":{"resourceVersion":"1",`+
		`"creationTimestamp":null,"annotations":{"k8s.io/initial-events-end":"true"}}}}`+"\n", string(text))
	require.Equal(t, []string{"/api/v1"}, w.asked())
}

// Objects by name are asked for as RBAC's resourceNames accept.
func TestByName(t *testing.T) {
	w := newWorld(t)
	w.namespaced = false
	v := w.view(t, func(o *Options) { o.Only["configmaps"] = []string{"x", "y"} })
	code, _ := v.body(t, "/api/v1/configmaps?fieldSelector=metadata.name%3Dz")
	require.Equal(t, http.StatusNotFound, code) // of a world that has none
	require.Equal(t, []string{"/api/v1", "/api/v1/configmaps?fieldSelector=metadata.name%3Dx%2Cmetadata.name%3Dz"}, w.asked())
}

func TestPassed(t *testing.T) {
	w := newWorld(t)
	v := w.view(t)
	code, _ := v.body(t, "/api/v1/namespaces/a?x=%2F")
	require.Equal(t, http.StatusOK, code)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, v.URL+"/api/v1/configmaps", nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer token")
	response, err := v.Client().Do(r)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, []string{"/api/v1/namespaces/a?x=%2F", "/api/v1/configmaps"}, w.asked())
}

func TestNobodys(t *testing.T) {
	w := newWorld(t)
	v := w.view(t)
	for _, authorization := range []string{"", "Bearer", "Bearer ", "Basic x"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, v.URL+"/version", nil)
		require.NoError(t, err)
		r.Header.Set("Authorization", authorization)
		response, err := v.Client().Do(r)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusUnauthorized, response.StatusCode)
	}
	require.Empty(t, w.asked())
}

// A version that is yet to come is answered as the API server does, and the parts are not asked.
func TestAVersionThatIsYetToComeIsNotWaitedFor(t *testing.T) {
	w := newWorld(t)
	v := w.view(t)
	response := v.request(t, "/api/v1/configmaps?watch=true&resourceVersion=999999"+watchList)
	require.Equal(t, http.StatusGatewayTimeout, response.StatusCode)
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Contains(t, string(text), "Too large resource version: 999999, current: 100")
	require.Contains(t, string(text), "ResourceVersionTooLarge")
	for _, path := range w.asked() {
		require.NotContains(t, path, "watch=")
	}
}
