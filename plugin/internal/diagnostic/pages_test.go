package diagnostic_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/diagnostic"
)

const address = "https://github.com/istio-tenancy/istio-tenancy/blob/main/docs/troubleshooting.md#"

func TestAnErrorNamesItsPageOnce(t *testing.T) {
	const text = `spec.discovery: "proxy" runs a proxy beside the control plane, and the base states no image of it: set it`
	linked := "istio-tenancy: " + text + "; see " + address + "runs-a-proxy-beside-the-control-plane-and-the-base-states-no-image-of-it\n"
	var first, again, warned strings.Builder
	diagnostic.Error(&first, errors.New(text))
	require.Equal(t, linked, first.String())

	said := diagnostic.Read(first.String())
	require.Equal(t, []string{text}, said.Errors, "who reads it compares what is said")
	diagnostic.Error(&again, errors.New(strings.TrimPrefix(strings.TrimSpace(linked), "istio-tenancy: ")))
	require.Equal(t, linked, again.String())

	diagnostic.Warning(&warned, text)
	require.NotContains(t, warned.String(), address)
}

// notOurs are headings of the section that quote no error of this program.
var notOurs = []string{
	"The output has the namespace", "matches no object", "external plugins disabled", "fork/exec istio-tenancy", // a sight, a warning, kustomize's
	"A warning says `the newest", "A warning says that `to read",
}

// TestThePagesOfErrors: each part of the table stands in some message, and each heading that
// quotes an error is in the table. Another test follows the addresses.
func TestThePagesOfErrors(t *testing.T) {
	table, err := os.ReadFile("pages.go")
	require.NoError(t, err)
	entries := regexp.MustCompile(`\{"(.+)", "docs/troubleshooting.md#([\w-]+)"\}`).FindAllStringSubmatch(string(table), -1)
	require.Greater(t, len(entries), 10)
	var sources strings.Builder
	require.NoError(t, filepath.WalkDir("../..", func(file string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() && filepath.Ext(file) == ".go" && !strings.HasSuffix(file, "_test.go") && filepath.Base(file) != "pages.go" {
			var text []byte
			text, err = os.ReadFile(file)
			sources.Write(text)
		}
		return err
	}))
	used := map[string]bool{}
	for _, e := range entries {
		require.Contains(t, sources.String(), e[1], "no message has it")
		used[e[2]] = true
	}

	page, err := os.ReadFile("../../../docs/troubleshooting.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(page), "\n## When a tenant is built\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	headings := regexp.MustCompile(`(?m)^### (.*)$`).FindAllStringSubmatch(section, -1)
	for _, h := range headings {
		heading := h[1]
		other := slices.ContainsFunc(notOurs, func(start string) bool { return strings.HasPrefix(strings.TrimPrefix(heading, "`"), start) })
		require.Equal(t, !other, used[anchor(heading)], "%s: is an error in the table, or among those that are not ours", heading)
	}
	require.Len(t, headings, len(used)+len(notOurs))
}

// anchor is what GitHub makes of a heading of letters and signs.
func anchor(heading string) string {
	return regexp.MustCompile(`[^\w -]`).ReplaceAllString(strings.ReplaceAll(strings.ToLower(heading), " ", "-"), "")
}
