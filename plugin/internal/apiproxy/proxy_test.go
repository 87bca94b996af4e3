package apiproxy

import (
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// What a client had not been told when it broke off is told when it goes on,
// although what it was told last is newer.
func TestResume(t *testing.T) {
	w := newWorld(t)
	w.bookmarks = false
	v := w.view(t)
	first := v.watch(t, "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true")
	require.Equal(t, "END 100", first.next())
	w.set(func() { w.held["a"] = true })
	a := w.write("ADDED", "a", "one")
	b := w.write("ADDED", "b", "two")
	require.Equal(t, fmt.Sprintf("ADDED b/two %d", b), first.next())
	first.stop()
	w.set(func() { w.held["a"] = false })
	second := v.watch(t, fmt.Sprintf("&resourceVersion=%d", b))
	require.Equal(t, fmt.Sprintf("ADDED a/one %d", a), second.next())
	require.EqualValues(t, 1, v.proxy.metrics.resumes.Load())
}

func TestList(t *testing.T) {
	w := newWorld(t)
	w.write("ADDED", "a", "one")
	w.write("ADDED", "c", "foreign")
	w.write("ADDED", "b", "two")
	v := w.view(t)
	response := v.request(t, "/api/v1/configmaps?limit=500")
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, 200, response.StatusCode, string(body))
	require.JSONEq(t, `{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"103"},"items":[
		{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"one","namespace":"a","resourceVersion":"101"},"data":{"a":"}{\"]"}},
		{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"two","namespace":"b","resourceVersion":"103"},"data":{"a":"}{\"]"}}
	]}`, string(body))
	require.Equal(t, []string{
		"/api/v1",
		"/api/v1/namespaces/a/configmaps",
		"/api/v1/namespaces/b/configmaps?resourceVersion=103&resourceVersionMatch=Exact",
	}, w.asked())
}

func TestWhateverMaySelectHasItsOwnPositions(t *testing.T) {
	key := func(text string) string {
		values, err := url.ParseQuery(text)
		require.NoError(t, err)
		return query{resource: resource{"", "v1", "configmaps"}, values: values}.key()
	}
	require.Equal(t, key(""), key("watch=1&timeoutSeconds=9&timeout=9s&resourceVersion=1&allowWatchBookmarks=true&labelSelector=&limit=500"))
	require.Equal(t, key("labelSelector=a&fieldSelector=b"), key("fieldSelector=b&watch=1&labelSelector=a"))
	seen := map[string]bool{}
	for _, text := range []string{"", "labelSelector=a", "fieldSelector=a", "shardSelector=a", "shardSelector=b", "shardSelector=a&shardSelector=b"} {
		require.False(t, seen[key(text)], text)
		seen[key(text)] = true
	}
}
