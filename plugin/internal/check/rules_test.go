package check_test

import (
	"bytes"
	"flag"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/check"
)

var update = flag.Bool("update", false, "rewrite docs/rules.md")

func TestPage(t *testing.T) {
	var page bytes.Buffer
	require.NoError(t, check.Page(&page))
	const file = root + "/docs/rules.md"
	if *update {
		require.NoError(t, os.WriteFile(file, page.Bytes(), 0o644))
	}
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, page.String(), string(text), "docs/rules.md is out of date: run make generate")
}

func TestRules(t *testing.T) {
	id, sentence := regexp.MustCompile(`^[a-z]+(-[a-z]+)+$`), regexp.MustCompile(`^[A-Z][^\n]*[.\]]$|^[a-z][^\n]*\.$`)
	seen := map[string]bool{}
	for _, r := range check.Rules() {
		require.Regexp(t, id, r.ID)
		require.False(t, seen[r.ID], r.ID)
		seen[r.ID] = true
		require.NotZero(t, r.Severity, r.ID)
		for _, text := range []string{r.Line, r.Why, r.Fix} {
			require.Regexp(t, sentence, text, r.ID)
		}
	}
}

func TestExplain(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, check.Explain(&out, "shared-namespace"))
	require.Contains(t, out.String(), "spec.network.allowFrom")
	require.ErrorContains(t, check.Explain(&out, "shared-namespaces"), `did you mean "shared-namespace"?`)
}
