package apiproxy

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// slowly is a body that takes its time.
type slowly struct{ parts []string }

func (s *slowly) Read(p []byte) (int, error) {
	if len(s.parts) == 0 {
		return 0, io.EOF
	}
	n := copy(p, s.parts[0])
	s.parts = s.parts[1:]
	time.Sleep(50 * time.Millisecond)
	return n, nil
}

// An API server refuses a write before it has read what is to be written.
func TestAWriteThatIsRefusedEarlyIsAnswered(t *testing.T) {
	server := func(handler http.Handler) *httptest.Server {
		s := httptest.NewUnstartedServer(handler)
		s.EnableHTTP2 = true
		s.StartTLS()
		t.Cleanup(func() {
			s.CloseClientConnections()
			s.Close()
		})
		return s
	}
	got := make(chan string, 1)
	upstream := server(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/refused") {
			status(w, http.StatusForbidden, "you may not")
			return
		}
		body, err := io.ReadAll(r.Body)
		got <- fmt.Sprintf("%s %d %v %v", body, r.ContentLength, r.TransferEncoding, err)
	}))
	to, err := url.Parse(upstream.URL)
	require.NoError(t, err)
	view := server(New(Options{Namespaces: []string{"a"}, Server: to, Transport: upstream.Client().Transport, Log: quiet()}))

	put := func(path string, body io.Reader) (int, string) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodPut, view.URL+"/api/v1/namespaces/b/configmaps/"+path, body)
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer x")
		response, err := view.Client().Do(request)
		require.NoError(t, err)
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return response.StatusCode, string(text)
	}
	code, text := put("refused", &slowly{[]string{"{", "}"}})
	require.Equal(t, http.StatusForbidden, code)
	require.Contains(t, text, "you may not")

	code, _ = put("taken", &slowly{[]string{`{"a":`, "1}"}})
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, `{"a":1} 7 [] <nil>`, <-got)

	code, _ = put("taken", http.NoBody)
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, ` 0 [] <nil>`, <-got)

	code, text = put("taken", strings.NewReader(strings.Repeat("x", bodyMost+1)))
	require.Equal(t, http.StatusRequestEntityTooLarge, code)
	require.Contains(t, text, `"reason":"RequestEntityTooLarge"`)
}
