package strictyaml_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/strictyaml"
)

func TestDocument(t *testing.T) {
	node, err := strictyaml.Document([]byte("# x\na: b\n"), "")
	require.NoError(t, err)
	require.Equal(t, "b", node.Content[1].Value)
	for text, want := range map[string]string{
		"":             "is empty: must be a mapping",
		"# x\n":        "is empty: must be a mapping",
		"a: \xff":      "is not UTF-8 at byte 3: save the file as UTF-8",
		"\ufffd: \xff": "is not UTF-8 at byte 5: save the file as UTF-8",
		"a: [":         "is no valid YAML: line 1: did not find expected node content",
		"a: b\n---\n[": "is no valid YAML: line 3: did not find expected node content",
		"a\n---\nb\n":  "holds several YAML documents: must be one",
	} {
		_, err := strictyaml.Document([]byte(text), "must be a mapping")
		require.EqualError(t, err, want)
	}
}
