package suggest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/suggest"
)

func TestQuestion(t *testing.T) {
	for word, want := range map[string]string{
		"namespce": "namespace", "Namespace": "namespace", "admin": "admins", "amdins": "admins", "nmae": "name", "zzz": "", "": "",
		"pod": "pods", "Pod": "pods", "pid": "",
	} {
		if want != "" {
			want = `; did you mean "` + want + `"?`
		}
		require.Equal(t, want, suggest.Question(word, []string{"admins", "name", "namespace", "pods", "viewers"}), word)
	}
}
