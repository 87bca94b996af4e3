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

// pageOf is where an example is described that has no README.md of its own and is not
// in that of examples/.
var pageOf = map[string]string{"istioctl": "docs/istioctl.md"}

// warns are parts of the warnings that commands of a page print, one for each.
var warns = map[string][]string{
	"gateways":           {placeholder},
	"several-namespaces": {placeholder},
}

// placeholder is in the place of an image, as the pages say.
const placeholder = `found "registry.example/istio-tenancy:1.0"`

// commands finds what a page has the reader run: blocks of a shell, and the indented
// lines of the page that is older than these.
var commands = regexp.MustCompile("(?ms)^ *```sh\n(.*?)^ *```$|^    ((?:export|alias|build) [^\n]*)$")

// withoutACluster stands for programs that ask a cluster, a registry or another
// repository. What kubectl is to apply must be there.
const withoutACluster = `
docker() { :; }; git() { :; }; flux() { :; }; make() { :; }; curl() { :; }; istioctl() { :; }; openssl() { cat > /dev/null; }
kubectl() {
  for last; do :; done
  case "$1 $last" in
  "apply -") test -n "$(cat)" ;;
  "apply "*) test -e "$last" ;;
  *) cat > /dev/null ;;
  esac
}
`

// TestEveryExampleIsBuiltAsItsPageSays runs the commands of each example's page, one
// after the other, in a copy of the repository.
func TestEveryExampleIsBuiltAsItsPageSays(t *testing.T) {
	examples, err := os.ReadDir("examples")
	require.NoError(t, err)
	said := map[string]string{} // what the commands of a page print
	for _, entry := range examples {
		if !entry.IsDir() {
			continue
		}
		name := entry.Name()
		t.Run(name, func(t *testing.T) {
			page := pageOf[name]
			if own := filepath.Join("examples", name, "README.md"); page == "" {
				page = "examples/README.md"
				if _, err := os.Stat(own); err == nil {
					page = own
				}
			}
			text, err := os.ReadFile(page)
			require.NoError(t, err)
			var script strings.Builder
			for _, block := range commands.FindAllStringSubmatch(string(text), -1) {
				indent := len(block[1]) - len(strings.TrimLeft(block[1], " "))
				for line := range strings.Lines(block[1] + block[2] + "\n") {
					script.WriteString(strings.TrimPrefix(line, strings.Repeat(" ", indent)))
				}
			}
			require.Contains(t, script.String(), "examples/"+name, "%s has no command for it", page)
			if _, done := said[page]; !done {
				said[page] = run(t, withoutACluster+script.String())
			}
			require.Equal(t, len(warns[name]), strings.Count(said[page], "warning: "), said[page])
			for _, warning := range warns[name] {
				require.Contains(t, said[page], warning)
			}
		})
	}
}

// run runs a script at the top of a copy of the repository.
func run(t *testing.T, script string) string {
	t.Helper()
	dir := t.TempDir()
	for _, part := range []string{"bases", "overlays", "examples"} {
		require.NoError(t, os.CopyFS(filepath.Join(dir, part), os.DirFS(part)))
	}
	cmd := exec.Command("sh", "-ec", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+clitest.Bin(t)+":"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s\n%s", script, out)
	return string(out)
}
