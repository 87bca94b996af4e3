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

// An address that git takes, and Flux and Argo CD do not, has another one in the error.
func TestRepositoriesThatAreMeant(t *testing.T) {
	for repository, want := range map[string]string{
		"git@github.com:acme/platform.git":  "such as ssh://git@github.com/acme/platform.git",
		"github.com:acme/platform":          "such as ssh://github.com/acme/platform",
		"github.com/acme/platform":          "such as https://github.com/acme/platform",
		"http://git.example.org/a/platform": "such as https://git.example.org/a/platform",
		"platform":                          "such as https://git.example.org/platform.git",
		"https://git.example.org":           "such as https://git.example.org/platform.git",
		"https://":                          "such as https://git.example.org/platform.git",
		"ftp://git.example.org/a b":         "such as https://git.example.org/platform.git",
		"https://jo:secret@h/%zz":           "has a password or a token",
		"jo:secret@h/x":                     "has a password or a token",
		"http://jo:se/cret@h/x":             "has a password or a token",
		"http://jo:secret@h/x":              "has a password or a token",
	} {
		_, err := scaffold.Files(scaffold.Options{Tenant: "a", ApplicationNamespaces: []string{"a"}, GitOps: scaffold.Flux, Repository: repository})
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "cret@")
	}
	for _, repository := range []string{"https://x.org/platform/", "https://x.org/platform"} {
		files, err := scaffold.Files(scaffold.Options{Tenant: "a", ApplicationNamespaces: []string{"a"}, GitOps: scaffold.Flux, Repository: repository})
		require.NoError(t, err)
		require.Contains(t, string(files["flux/source.yaml"]), "url: https://x.org/platform\n")
		require.Contains(t, string(files["flux/applications/a/repository.yaml"]), "url: https://x.org/a/applications.git\n")
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
