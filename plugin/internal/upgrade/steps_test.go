package upgrade_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/clitest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/upstreamtest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/upgrade"
)

var update = flag.Bool("update", false, "rewrite the expected files in testdata")

func TestMain(m *testing.M) { os.Exit(clitest.Main(m)) }

// The steps are those of the shipped tenants from one real Istio to another. A base of a
// version is what split makes of the manifests of Istio's own tools.
func TestSteps(t *testing.T) {
	for _, test := range []struct {
		name, from, to string
		overlays       []string
		lines          int
	}{
		{"1.30-1.31", "1.30", "1.31.0", []string{"dev", "sales"}, 40},
		{"1.24-1.31", "1.24.6", "1.31.0", []string{"sales"}, 60},
		{"1.4-1.10", "1.4.10", "1.10.6", []string{"sales"}, 60},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newCheckout(t)
			c.split(test.from)
			c.split(test.to)
			text := c.report("bases/"+test.from+"/control-plane", "bases/"+test.to+"/control-plane", test.overlays...)
			golden(t, test.name, text)
			require.LessOrEqual(t, strings.Count(text, "\n"), test.lines)
		})
	}
}

// A base whose values change is a step as well.
func TestValues(t *testing.T) {
	c := newCheckout(t)
	require.NoError(t, os.CopyFS(filepath.Join(c.dir, "bases/mine"), os.DirFS(filepath.Join(c.dir, "bases/istio"))))
	release := filepath.Join(c.dir, "bases/mine/control-plane/release.yaml")
	text, err := os.ReadFile(release)
	require.NoError(t, err)
	text = append(text, "  values:\n    autoscaleMin: 2\n    env: {PILOT_TRACE_SAMPLING_: \"1\"}\n    meshConfig: {accessLogFile: /dev/stdout}\n"...)
	require.NoError(t, os.WriteFile(release, text, 0o644))
	golden(t, "values", c.report("bases/istio/control-plane", "bases/mine/control-plane", "dev", "sales"))

	require.NoError(t, os.CopyFS(filepath.Join(c.dir, "bases/same"), os.DirFS(filepath.Join(c.dir, "bases/istio"))))
	require.Equal(t, "overlays/dev, overlays/sales: Istio "+istio.Release+`, as before
  bases/istio/control-plane -> bases/same/control-plane: nothing changes, 32 objects are the same
`, c.report("bases/istio/control-plane", "bases/same/control-plane", "dev", "sales"))
}

// checkout is a repository with the shipped bases and overlays.
type checkout struct {
	t   *testing.T
	dir string
}

func newCheckout(t *testing.T) checkout {
	t.Helper()
	c := checkout{t, t.TempDir()}
	require.NoError(t, os.CopyFS(filepath.Join(c.dir, "bases"), os.DirFS("../../../bases")))
	require.NoError(t, os.CopyFS(filepath.Join(c.dir, "overlays"), os.DirFS("../../../overlays")))
	require.NoError(t, os.Mkdir(filepath.Join(c.dir, ".git"), 0o755)) // which says where the repository is
	return c
}

// split makes a base of a version's manifests.
func (c checkout) split(version string) {
	c.t.Helper()
	out, err := exec.Command("istio-tenancy", "split", "-f", upstreamtest.Path(c.t, version+"/istio.yaml"), "-o", filepath.Join(c.dir, "bases", version)).CombinedOutput()
	require.NoError(c.t, err, string(out))
}

// report is what is printed of overlays that list a base.
func (c checkout) report(from, to string, overlays ...string) string {
	c.t.Helper()
	c.t.Chdir(c.dir)
	var dirs []string
	for _, name := range overlays {
		file := filepath.Join("overlays", name, "kustomization.yaml")
		text, err := os.ReadFile(file)
		require.NoError(c.t, err)
		require.NoError(c.t, os.WriteFile(file, []byte(strings.Replace(string(text), "bases/istio/control-plane", from, 1)), 0o644))
		dirs = append(dirs, filepath.Dir(file))
	}
	program, err := exec.LookPath("istio-tenancy")
	require.NoError(c.t, err)
	reports, err := upgrade.Run(context.Background(), render.SwapOptions{Overlays: dirs, To: to, Executable: program})
	require.NoError(c.t, err)
	var out strings.Builder
	require.NoError(c.t, upgrade.Print(&out, reports, upgrade.Text))
	return out.String()
}

// golden compares a report with the one that testdata has. A line fits a screen.
func golden(t *testing.T, name, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), 140, line)
	}
	require.NoError(t, errTestdata)
	file := filepath.Join(testdata, name+".txt")
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), text, fmt.Sprintf("%s: go test ./plugin/internal/upgrade -update rewrites it", file))
}

// testdata is absolute, since tests change their directory.
var testdata, errTestdata = filepath.Abs("testdata")
