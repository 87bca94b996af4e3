package verify

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAListThatNeverEndsIsAnError has an aggregated API that is wrong.
func TestAListThatNeverEndsIsAnError(t *testing.T) {
	for answer, want := range map[string]string{
		`{"metadata": {"continue": "again"}, "items": []}`:                   "the list of widgets.example.com does not end",
		`{"items": [null, {"metadata": null}, {"metadata": {"name": "a"}}]}`: "",
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprint(w, answer)
		}))
		s := &served{client: connected(t, strings.TrimPrefix(server.URL, "http://"))}
		var names []string
		err := s.list(t.Context(), resource{group: "example.com", version: "v1", name: "widgets", kind: "Widget"}, asJSON, "", nil, func(o map[string]any) { names = append(names, idOf(o).Name) })
		server.Close()
		if want != "" {
			require.ErrorContains(t, err, want)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, []string{"", "a"}, names)
	}
}
