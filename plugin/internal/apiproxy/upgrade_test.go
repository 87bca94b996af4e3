package apiproxy

import (
	"bufio"
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// raw sends a request of which the client's library would refuse the headers.
func (v *view) raw(t *testing.T, path, headers string) *http.Response {
	conn := v.dial(t)
	_, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token\r\n%s\r\n", path, headers)
	require.NoError(t, err)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	t.Cleanup(func() { response.Body.Close() })
	return response
}

// An upgrade is a mistake of the client's, and no sign that the API server is gone.
func TestUpgradesAreRefused(t *testing.T) {
	w := newWorld(t)
	v := w.view(t)
	for _, headers := range []string{
		"Connection: Upgrade\r\nUpgrade: websocket\r\n",
		"Connection: keep-alive, upgrade\r\nUpgrade: SPDY/3.1\r\n",
		"Connection: upgrade\r\n",
		"Upgrade: websocket\r\n",
	} {
		for _, path := range []string{"/api/v1/namespaces/a/pods/b/exec", "/api/v1/configmaps?watch=1"} {
			require.Equal(t, http.StatusBadRequest, v.raw(t, path, headers).StatusCode, headers+path)
		}
	}
	require.Zero(t, v.proxy.metrics.unreachable.Load())
	require.Empty(t, w.asked())
}

// No header of a client's makes its request somebody else's.
func TestTheTokenGoesOn(t *testing.T) {
	tokens := make(chan string, 10)
	w := newWorld(t)
	w.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		tokens <- r.Header.Get("Authorization")
		w.ServeHTTP(rw, r)
	})
	v := w.view(t)
	for _, path := range []string{"/version", "/api/v1/configmaps"} {
		v.raw(t, path, "Connection: Authorization\r\n")
		require.Equal(t, "Bearer token", <-tokens, path)
	}
}

// An API server that is gone is said to be once in a while, and shortly.
func TestUnreachableIsLoggedOnce(t *testing.T) {
	w := newWorld(t)
	var log bytes.Buffer
	v := w.view(t, func(o *Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	w.CloseClientConnections()
	w.Close()
	for range 3 {
		code, _ := v.body(t, "/version/"+strings.Repeat("x", 5000))
		require.Equal(t, http.StatusTooManyRequests, code)
	}
	require.EqualValues(t, 3, v.proxy.metrics.unreachable.Load())
	require.Equal(t, 1, strings.Count(log.String(), "the API server cannot be reached"))
	require.Less(t, log.Len(), 1000)
}
