package structured_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/structured"
)

func TestBothHaveTheSameFields(t *testing.T) {
	value := struct {
		Tenant string   `json:"tenant"`
		Empty  string   `json:"empty,omitempty"`
		Spaces []string `json:"namespaces"`
	}{Tenant: "sales -> hr", Spaces: []string{"ns-1"}}
	for format, want := range map[string]string{
		structured.JSON: "{\n  \"tenant\": \"sales -> hr\",\n  \"namespaces\": [\n    \"ns-1\"\n  ]\n}\n",
		structured.YAML: "namespaces:\n- ns-1\ntenant: sales -> hr\n",
	} {
		require.True(t, structured.Is(format))
		var out strings.Builder
		require.NoError(t, structured.Print(&out, format, value))
		require.Equal(t, want, out.String())
	}
	require.False(t, structured.Is("text"))
	require.ErrorContains(t, structured.Print(&strings.Builder{}, "xml", value), `found the format "xml"; must be json or yaml`)
}
