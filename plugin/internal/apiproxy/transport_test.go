package apiproxy

import (
	"bytes"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/apiproxy/identity"
)

// An API server takes so many streams on a connection: what is more goes over
// another one, and does not wait for a watch to end.
func TestMoreStreamsThanOneConnectionTakes(t *testing.T) {
	const streams = 5
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			w.WriteHeader(http.StatusHTTPVersionNotSupported)
		}
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	server.EnableHTTP2 = true
	server.Config.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: streams}
	server.StartTLS()
	defer server.Close()
	defer server.CloseClientConnections()
	transport, err := newTransport(authorityOf(t, server))
	require.NoError(t, err)
	for range 4 * streams {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
		require.NoError(t, err)
		response, err := transport.RoundTrip(r)
		require.NoError(t, err)
		defer response.Body.Close()
		require.Equal(t, http.StatusOK, response.StatusCode)
	}
}

func authorityOf(t *testing.T, server *httptest.Server) string {
	path := filepath.Join(t.TempDir(), "ca.crt")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	require.NoError(t, os.WriteFile(path, text, 0o600))
	return path
}

// An API server is believed by the authorities that the file has now.
func TestAuthoritiesAreReadAgain(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	path := authorityOf(t, server)
	right, err := os.ReadFile(path)
	require.NoError(t, err)
	other := anotherAuthority(t)
	require.NoError(t, os.WriteFile(path, other, 0o600))
	transport, err := newTransport(path)
	require.NoError(t, err)
	ask := func() error {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
		require.NoError(t, err)
		response, err := transport.RoundTrip(r)
		if err == nil {
			err = response.Body.Close()
		}
		return err
	}
	require.ErrorContains(t, ask(), "certificate")
	require.NoError(t, os.WriteFile(path, append(bytes.Clone(right), '\n'), 0o600))
	require.NoError(t, os.Chtimes(path, time.Time{}, time.Now().Add(time.Minute)))
	require.NoError(t, ask())
}

// anotherAuthority is a certificate that vouches for nobody here.
func anotherAuthority(t *testing.T) []byte {
	dir := t.TempDir()
	id, err := identity.Load(dir, "127.0.0.1", time.Now())
	require.NoError(t, err)
	return id.Authority
}
