package scaffold_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/scaffold"
)

// A version that nobody else has is no version to install.
func TestVersionsThatArePinned(t *testing.T) {
	for version, want := range map[string][2]string{
		"v1.2.3":                                   {"v1.2.3", "v1.2.3"},
		"v1.2.3-rc.1":                              {"v1.2.3-rc.1", "v1.2.3-rc.1"},
		"v0.0.0-20261130120000-0123456789ab":       {"v0.0.0-20261130120000-0123456789ab", "0123456789ab"},
		"v1.2.4-0.20261130120000-0123456789ab":     {"v1.2.4-0.20261130120000-0123456789ab", "0123456789ab"},
		"v0.0.0-20261130120000-0123456789ab+dirty": {"main", "main"},
		"(devel)":   {"main", "main"},
		"(unknown)": {"main", "main"},
	} {
		o := scaffold.Options{Version: version}
		require.Equal(t, want, [2]string{o.Install(), o.Revision()}, version)
	}
}

// Whatever a repository is called, nothing of the example is left, and what is put in is
// not replaced again.
func TestNothingOfTheExampleIsLeft(t *testing.T) {
	for _, tool := range scaffold.Tools() {
		files, err := scaffold.Files(scaffold.Options{
			Tenant: "123", ApplicationNamespaces: []string{"true"}, GitOps: tool, Repository: "ssh://git@git.example.org:2222/sales/ns-1.git", Schema: "https://x",
		})
		require.NoError(t, err)
		seen := 0
		for file, text := range files {
			require.NotContains(t, file, "sales")
			if strings.HasPrefix(file, tool+"/") {
				seen++
				rest := strings.ReplaceAll(string(text), "ssh://git@git.example.org:2222/sales/", "")
				rest = strings.ReplaceAll(rest, "ns-1.git", "")
				for _, own := range []string{"example.com", "examples", "sales", "ns-1", "applications/dev", " docs/", "tenant: 123", "amespace: true"} {
					require.NotContains(t, rest, own, file)
				}
			}
		}
		require.Greater(t, seen, 10)
	}
}
