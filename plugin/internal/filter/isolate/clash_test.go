package isolate

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKindsHaveTheirArticle(t *testing.T) {
	for kind := range instead {
		want := map[string]string{"AuthorizationPolicy": "an AuthorizationPolicy"}[kind]
		if want == "" {
			want = "a " + kind
		}
		require.Equal(t, want, withArticle(kind))
	}
}
