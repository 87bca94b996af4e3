package jsontext_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/jsontext"
)

// FuzzReplace: what is replaced reads as the value, and nothing else has changed.
func FuzzReplace(f *testing.F) {
	for _, text := range []string{
		`{"a": {"b": "c"}, "d": 1}`, `{"a":{"x":[{"b":2}],"b":{"a":{}}}}`, `{"a":[]}`, `{"\u0061":{"b":""}}`, `{"a":{"b":1},"a":{"b":2}}`, `[]`, "",
	} {
		f.Add(text, "value")
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		var before map[string]any
		if json.Unmarshal([]byte(text), &before) != nil || before == nil {
			return
		}
		replaced, found, err := jsontext.Replace(text, value, "a", "b")
		require.NoError(t, err)
		if !found {
			require.Equal(t, text, replaced)
			return
		}
		var after map[string]any
		require.NoError(t, json.Unmarshal([]byte(replaced), &after))
		got, err := jsontext.String(replaced, "a", "b")
		require.NoError(t, err)
		quoted, err := json.Marshal(value)
		require.NoError(t, err)
		var want string
		require.NoError(t, json.Unmarshal(quoted, &want)) // invalid UTF-8 is replaced
		require.Equal(t, want, got)
		require.Len(t, after, len(before))
	})
}
