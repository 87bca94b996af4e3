package object_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

func TestNode(t *testing.T) {
	n, err := object.Node(map[string]any{
		"strings": []string{"a", "10", "true", "*", "", "null", "with: colon"},
		"numbers": []any{10, int64(7), 1.5, true, nil},
		"nested":  []map[string]any{{"b": "x", "a": map[string]string{"k": "v"}}},
		"empty":   []any{map[string]any{}, []string{}},
	})
	require.NoError(t, err)
	require.Equal(t, `empty:
- {}
- []
nested:
- a:
    k: v
  b: x
numbers:
- 10
- 7
- 1.5
- true
- null
strings:
- a
- "10"
- "true"
- '*'
- ""
- "null"
- 'with: colon'
`, n.MustString())
	_, err = object.Node(map[string]any{"a": 1i})
	require.EqualError(t, err, "a: cannot write a complex128 as YAML")
}
