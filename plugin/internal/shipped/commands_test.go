package shipped_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/clitest"
)

// needs are the blocks of a shell that no test runs here: how many of a page need what,
// as a comment above each block says. A block without one is run.
var needs = map[string]map[string]int{
	"CONTRIBUTING.md":      {"a clone, and runs all tests": 1},
	"README.md":            {"a cluster": 1},
	"docs/addons.md":       {"a cluster": 4},
	"docs/api-proxy.md":    {"a registry": 1, "a cluster": 2},
	"docs/bases.md":        {"istioctl": 1},
	"docs/certificates.md": {"OpenSSL 3": 1, "a cluster": 3},
	"docs/check.md":        {"a cluster": 1},
	"docs/gateways.md":     {"a cluster": 2},
	"docs/gitops.md":       {"a cluster": 1},
	"docs/install.md":      {"the network: a module proxy": 1, "a registry": 1},
	"docs/istioctl.md":     {"a cluster": 2},
	"docs/migrate.md":      {"a cluster": 2, "a cluster with Maistra": 1, "istioctl": 1},
	"docs/operations.md":   {"a cluster": 8, "istioctl": 1},
	"docs/tested.md":       {"the servers of make e2e": 1},
	"docs/verify.md":       {"a cluster": 1},
}

// before is what a reader of a page has done already.
var before = map[string]string{
	"docs/operations.md": "istio-tenancy render bases/istio/common overlays -o rendered\ngit init -q && git add -A\n",
}

// make builds nothing, since the programs are there, and does not run the tests, of which
// this is one.
const makeWithoutBuild = `
mkdir -p bin && cp "$PROGRAMS"/* bin/
make() { case "$1" in demo) command make -o build "$@" ;; build | test) ;; *) return 1 ;; esac; }
`

// block is a block of a shell, with the comment above it that says what it needs.
var block = regexp.MustCompile("(?ms)^( *)(?:<!-- needs ([^\n]*) -->\n *)?```sh\n(.*?)^ *```$")

// shown is what a page says that the block above it prints.
var shown = regexp.MustCompile("(?ms)^```sh\n[^`]*^```\n\n```text\n(.*?)^```$")

// inTable is a command of a table, such as those of docs/access.md.
var inTable = regexp.MustCompile("`(istio-tenancy access [^`]*)`")

// TestCommandsOfPages runs what README.md and the pages of docs/ have the reader run, one
// block after the other, in a copy of the repository.
func TestCommandsOfPages(t *testing.T) {
	pages, err := filepath.Glob("docs/*.md")
	require.NoError(t, err)
	counted := map[string]map[string]int{}
	for _, page := range append(pages, "README.md", "CONTRIBUTING.md") {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		script := ""
		for _, b := range block.FindAllStringSubmatch(string(text), -1) {
			if b[2] != "" {
				if counted[page] == nil {
					counted[page] = map[string]int{}
				}
				counted[page][b[2]]++
				continue
			}
			for line := range strings.Lines(b[3]) {
				script += strings.TrimPrefix(line, b[1])
			}
		}
		if page == "docs/access.md" {
			for _, command := range inTable.FindAllStringSubmatch(string(text), -1) {
				script += command[1] + "\n"
			}
		}
		if script != "" {
			t.Run(page, func(t *testing.T) {
				out := runPage(t, before[page]+script)
				for _, s := range shown.FindAllStringSubmatch(string(text), -1) {
					require.Contains(t, out, s[1])
				}
			})
		}
	}
	require.Equal(t, needs, counted, "a block that is not run is listed with what it needs")
}

// runPage runs a script at the top of a copy of the repository, as somebody whose home is
// there as well, and returns what it prints. That a make runs this test is nothing that the
// page's own make knows: it would print a warning about it.
func runPage(t *testing.T, script string) string {
	t.Helper()
	dir := t.TempDir()
	for _, part := range []string{"bases", "overlays", "examples"} {
		require.NoError(t, os.CopyFS(filepath.Join(dir, part), os.DirFS(part)))
	}
	makefile, err := os.ReadFile("Makefile")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Makefile"), makefile, 0o644))
	programs := clitest.Bin(t)
	cmd := exec.Command("sh", "-ec", makeWithoutBuild+script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOGC=400", "PROGRAMS="+programs, "HOME="+filepath.Join(dir, "home"), "PATH="+programs+":"+os.Getenv("PATH"),
		"MAKEFLAGS=", "MAKELEVEL=0")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s\n%s", script, out)
	for line := range strings.Lines(string(out)) {
		if !strings.Contains(line, "this program was built from source") { // as it is here
			require.NotContains(t, line, "warning: ", script)
		}
	}
	return string(out)
}
