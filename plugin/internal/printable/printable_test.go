package printable_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/printable"
)

func TestText(t *testing.T) {
	for text, expected := range map[string]string{
		"":                          "",
		"tenant sales: müde, 日本, 🙂": "tenant sales: müde, 日本, 🙂",
		"x\n::error::y":             `x\n::error::y`,
		"\x1b[2J\r\t\x00\x7f":       `\x1b[2J\r\t\x00\x7f`,
		"a\u202eb\u2028\u200b":      `a\u202eb\u2028\u200b`,
		"\xff\xfe\x05 \uFFFD":       `\xff\xfe\x05 ` + "\uFFFD",
		`C:\new "quoted"`:           `C:\new "quoted"`,
	} {
		require.Equal(t, expected, printable.Text(text))
	}
}
