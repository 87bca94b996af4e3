package diagnostic_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/diagnostic"
)

func TestALineShowsWhatIsInIt(t *testing.T) {
	var stderr strings.Builder
	diagnostic.Error(&stderr, errors.New("a\x1b[2J\rb: is no name"))
	diagnostic.Warning(&stderr, "c\u202ed")
	require.Equal(t, `istio-tenancy: a\x1b[2J\rb: is no name`+"\n"+`istio-tenancy: warning: c\u202ed`+"\n", stderr.String())
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	var stderr strings.Builder
	diagnostic.Error(&stderr, errors.New("spec.mlts: unknown field\n  spec.x: unknown field\n\n"))
	stderr.WriteString("# Warning: 'bases' is deprecated.\n")
	diagnostic.Warning(&stderr, "one\ntwo")
	require.Equal(t, "istio-tenancy: spec.mlts: unknown field\nistio-tenancy: spec.x: unknown field\n# Warning: 'bases' is deprecated.\n"+
		"istio-tenancy: warning: one\nistio-tenancy: warning: two\n", stderr.String())
	require.Equal(t, diagnostic.Said{
		Errors:   []string{"spec.mlts: unknown field", "spec.x: unknown field"},
		Warnings: []string{"one", "two"},
		Others:   []string{"# Warning: 'bases' is deprecated."},
	}, diagnostic.Read(stderr.String()))
}

func TestNoTerminalObeys(t *testing.T) {
	var stderr strings.Builder
	diagnostic.Error(&stderr, errors.New("ConfigMap x\x1b[2J: is there twice"))
	diagnostic.Warning(&stderr, "ConfigMap x\x1b[2J: is new")
	require.Equal(t, "istio-tenancy: ConfigMap x\\x1b[2J: is there twice\nistio-tenancy: warning: ConfigMap x\\x1b[2J: is new\n", stderr.String())
}
