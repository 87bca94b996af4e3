package apiproxy

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// dial is a connection to a view, over HTTP/1.1.
func (v *view) dial(t *testing.T) *tls.Conn {
	conn, err := tls.Dial("tcp", v.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn
}

func (v *view) hasWatch(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		m := v.proxy.metrics
		return m.events.Load() > 0 || m.passedWatches.Load() > 0
	}, 20*time.Second, time.Millisecond, "there is no watch")
}

func (v *view) hasNoWatch(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		m := v.proxy.metrics
		return m.clientWatches.Load() == 0 && m.watches.Load() == 0 && m.passedWatches.Load() == 0
	}, 20*time.Second, 5*time.Millisecond, "the watch goes on")
}

// Over HTTP/1.1, the end of a client whose body is not read is not noticed.
func TestAWatchWithABodyIsRefused(t *testing.T) {
	w := newWorld(t)
	v := w.view(t)
	for _, more := range []string{
		"Expect: 100-continue\r\nContent-Length: 9\r\n\r\n",
		"Connection: close\r\nContent-Length: 5\r\n\r\n",
		"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n",
		"Connection: close\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
	} {
		conn := v.dial(t)
		_, err := fmt.Fprintf(conn, "GET /api/v1/configmaps?watch=1%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token\r\n%s", watchList, more)
		require.NoError(t, err)
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(20*time.Second)))
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err, more)
		require.Equal(t, http.StatusBadRequest, response.StatusCode, more)
		require.True(t, response.Close, more)
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.Contains(t, string(text), "the request has a body: a GET of a list or a watch must have none")
	}
	require.Empty(t, w.asked())
}

// everyWatch are paths of a merged watch and of one that is passed on.
var everyWatch = []string{"/api/v1/configmaps?watch=1" + watchList, "/api/v1/namespaces/x/configmaps?watch=true&resourceVersion=100"}

// A watch ends by itself, whatever its client asks for.
func TestAWatchEndsByItself(t *testing.T) {
	for _, path := range everyWatch {
		for _, asked := range []string{"", "&timeoutSeconds=0", "&timeoutSeconds=86400"} {
			v := newWorld(t).view(t, func(o *Options) { o.Longest = time.Second })
			_, err := io.Copy(io.Discard, v.request(t, path+asked).Body)
			require.NoError(t, err, path+asked)
			v.hasNoWatch(t)
		}
	}
}

// A client that has sent more than its request is seen to go, too.
func TestAClientThatSentMoreIsSeenToGo(t *testing.T) {
	for _, path := range everyWatch {
		for _, more := range [][]string{{}, {"G"}, {"G", "ET /"}, {strings.Repeat("x", 1<<20)}} {
			v := newWorld(t).view(t)
			conn := v.dial(t)
			_, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token\r\n\r\n", path)
			require.NoError(t, err)
			response, err := http.ReadResponse(bufio.NewReader(conn), nil)
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, response.StatusCode)
			require.True(t, response.Close)
			require.EqualValues(t, 1, v.proxy.metrics.clientWatches.Load()+v.proxy.metrics.passedWatches.Load())
			for _, text := range more {
				_, err = io.WriteString(conn, text)
				require.NoError(t, err)
			}
			require.NoError(t, conn.Close())
			v.hasNoWatch(t)
		}
	}
}

// flood is an API server whose watches never cease to tell.
func flood(t *testing.T) *view {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/v1" {
			fmt.Fprint(w, `{"resources":[{"name":"configmaps","kind":"ConfigMap","namespaced":true}]}`)
			return
		}
		if r.URL.Query().Get("watch") == "" {
			fmt.Fprint(w, `{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[]}`)
			return
		}
		fill := strings.Repeat("x", 1<<16)
		for version := 2; r.Context().Err() == nil; version++ {
			fmt.Fprintf(w, `{"type":"ADDED","object":{"metadata":{"name":"a","resourceVersion":"%d"},"data":{"a":"%s"}}}`+"\n", version, fill)
		}
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	base, err := url.Parse(server.URL)
	require.NoError(t, err)
	return (&world{Server: server}).view(t, func(o *Options) { o.Server, o.Stalled = base, 200*time.Millisecond })
}

// A client that does not read is not waited for.
func TestAWatchThatIsNotReadEnds(t *testing.T) {
	for _, path := range everyWatch {
		t.Run("HTTP/1.1 "+path, func(t *testing.T) {
			v := flood(t)
			conn := v.dial(t)
			_, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token\r\n\r\n", path)
			require.NoError(t, err)
			v.hasWatch(t)
			v.hasNoWatch(t)
		})
		t.Run("HTTP/2 "+path, func(t *testing.T) {
			v := flood(t)
			require.Equal(t, 2, v.request(t, path).ProtoMajor)
			v.hasWatch(t)
			v.hasNoWatch(t)
		})
	}
}

// A list that is not read is not held.
func TestAListThatIsNotReadIsDropped(t *testing.T) {
	list := `{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[{"a":"` + strings.Repeat("x", 8<<20) + `"}]}` // of each namespace: more than the kernel keeps for who does not read
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/v1" {
			fmt.Fprint(w, `{"resources":[{"name":"configmaps","kind":"ConfigMap","namespaced":true}]}`)
			return
		}
		_, _ = io.WriteString(w, list)
	}))
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL)
	require.NoError(t, err)
	v := (&world{Server: server}).view(t, func(o *Options) { o.Server, o.Stalled = base, 200*time.Millisecond })
	ended := make(chan struct{})
	v.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v.proxy.ServeHTTP(w, r)
		close(ended)
	})
	conn := v.dial(t)
	require.NoError(t, conn.NetConn().(*net.TCPConn).SetReadBuffer(1<<16))
	_, err = io.WriteString(conn, "GET /api/v1/configmaps HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token\r\n\r\n")
	require.NoError(t, err)
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Fatal("the list is held")
	}
}

// A watch that is silent for longer than a client may stall goes on.
func TestASilentWatchGoesOn(t *testing.T) {
	w := newWorld(t)
	v := w.view(t, func(o *Options) { o.Stalled = 100 * time.Millisecond })
	watch := v.watch(t, watchList)
	require.Equal(t, "END 100", watch.next())
	time.Sleep(500 * time.Millisecond)
	version := w.write("ADDED", "a", "one")
	require.Equal(t, fmt.Sprint("ADDED a/one ", version), watch.next())
}
