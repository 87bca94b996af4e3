package render_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/clitest"
)

func TestMain(m *testing.M) { os.Exit(clitest.Main(m)) }

// repo is a directory of bases, with overlays beside them.
type repo struct {
	testing.TB
	root string
}

// newRepo returns a repo with the shipped bases.
func newRepo(t testing.TB) repo {
	t.Helper()
	r := repo{t, t.TempDir()}
	require.NoError(t, os.CopyFS(filepath.Join(r.root, "bases"), os.DirFS("../../../bases")))
	return r
}

// newPlainRepo returns a repo whose bases are what the shipped ones generate,
// which takes kustomize a process less for every build.
func newPlainRepo(t testing.TB) repo {
	t.Helper()
	r := newRepo(t)
	for _, part := range []string{"control-plane", "gateway"} {
		dir := "bases/istio/" + part
		text, err := generated(part)
		require.NoError(t, err)
		require.NoError(t, os.RemoveAll(r.path(dir)))
		r.write(dir+"/kustomization.yaml", "resources: [generated.yaml]\n")
		r.write(dir+"/generated.yaml", text)
	}
	return r
}

// generated is what kustomize makes of a shipped base.
func generated(part string) (string, error) {
	return map[string]func() (string, error){"control-plane": controlPlane, "gateway": gateway}[part]()
}

var (
	controlPlane = sync.OnceValues(func() (string, error) { return buildBase("control-plane") })
	gateway      = sync.OnceValues(func() (string, error) { return buildBase("gateway") })
)

func buildBase(part string) (string, error) {
	return repo{root: "../../.."}.kustomize("bases/istio/"+part, clitest.Functions...)
}

func (r repo) path(elements ...string) string {
	return filepath.Join(append([]string{r.root}, elements...)...)
}

func (r repo) write(path, text string) {
	r.Helper()
	require.NoError(r, os.MkdirAll(filepath.Dir(r.path(path)), 0o755))
	require.NoError(r, os.WriteFile(r.path(path), []byte(text), 0o644))
}

func (r repo) read(path string) string {
	r.Helper()
	text, err := os.ReadFile(r.path(path))
	require.NoError(r, err)
	return string(text)
}

const kustomization = "resources: [../../bases/istio/control-plane]\ntransformers: [tenant.yaml]\n"

// overlay writes an overlay: a tenant's spec, and a kustomization.
func (r repo) overlay(dir, name, spec, kustomization string) {
	r.Helper()
	r.write("overlays/"+dir+"/kustomization.yaml", kustomization)
	r.write("overlays/"+dir+"/tenant.yaml", fmt.Sprintf(`apiVersion: istio-tenancy.dev/v1alpha1
kind: IstioTenant
metadata:
  name: %q
  annotations:
    config.kubernetes.io/function: "exec: {path: istio-tenancy}"
spec: %s
`, name, spec))
}

// teams writes overlays that differ in their names only.
func (r repo) teams(names ...string) {
	r.Helper()
	for _, name := range names {
		r.overlay(name, name, "{admins: [{kind: Group, name: "+name+"-admins}]}", kustomization)
	}
}

// render renders all overlays of the repository, with further options.
func (r repo) render(with ...func(*render.Options)) (render.Summary, string, error) {
	r.Helper()
	executable, err := exec.LookPath("istio-tenancy")
	require.NoError(r, err)
	var out bytes.Buffer
	var warnings []string
	o := render.Options{
		Overlays: []string{r.path("overlays")}, Output: r.path("rendered"), Executable: executable, Out: &out,
		Warn: func(line string) { warnings = append(warnings, line) },
	}
	for _, set := range with {
		set(&o)
	}
	summary, err := render.Run(context.Background(), o)
	return summary, out.String() + strings.Join(warnings, "\n"), err
}

// run renders what has no mistake.
func (r repo) run(with ...func(*render.Options)) render.Summary {
	r.Helper()
	summary, _, err := r.render(with...)
	require.NoError(r, err)
	return summary
}

// kustomize is what the real program prints, or its error.
func (r repo) kustomize(dir string, flags ...string) (string, error) {
	out, stderr, err := clitest.Kustomize(r.path(dir), flags...)
	if err != nil {
		err = fmt.Errorf("%w: %s", err, stderr)
	}
	return out, err
}

// same requires that an overlay is rendered as kustomize builds it.
func (r repo) same(name string) {
	r.Helper()
	want, err := r.kustomize("overlays/"+name, clitest.Functions...)
	require.NoError(r, err)
	if r.read("rendered/"+name+"/manifests.yaml") != want {
		require.Equal(r, want, r.read("rendered/"+name+"/manifests.yaml"), name)
	}
}
