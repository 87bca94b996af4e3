package printable_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/printable"
)

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"":                       "",
		`a "b" \c`:               `a "b" \c`,
		"Jürgen 日本":              "Jürgen 日本",
		"a\x1b[2Kb\r\nc\td":      `a\x1b[2Kb\r\nc\td`,
		"a\u202eb\u2066c\u200bd": `a\u202eb\u2066c\u200bd`,
		"a\u00a0b\u0085c":        `a\u00a0b\u0085c`,
		"a\xffb\ufffd":           `a\xffb` + "\ufffd",
	} {
		require.Equal(t, want, printable.Text(text))
	}
}
