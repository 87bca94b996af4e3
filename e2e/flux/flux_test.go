// Package flux_test builds what istio-tenancy renders with Flux' own code. It is
// a module of its own: Flux pins other versions of what everybody uses.
package flux_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/fluxcd/pkg/kustomize"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const root = "../.."

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

// run builds both programs, and puts them on PATH for the tests.
func run(m *testing.M) int {
	bin, err := os.MkdirTemp("", "istio-tenancy-bin")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(bin)
	for name, program := range map[string]string{
		"istio-tenancy": "./plugin/cmd/istio-tenancy", "kustomize": "sigs.k8s.io/kustomize/kustomize/v5",
	} {
		cmd := exec.Command("go", "build", "-o", filepath.Join(bin, name), program)
		cmd.Dir = root
		if out, err := cmd.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "go build %s: %v\n%s", program, err, out)
			return 1
		}
	}
	if err := os.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// build builds a directory of a Git repository, as kustomize-controller does:
// it adds what the Flux Kustomization says, and builds in a file system that is
// confined to the repository.
func build(t *testing.T, repo, dir string) (string, error) {
	t.Helper()
	flux := unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
		"metadata": map[string]any{"name": "sales", "namespace": "flux-system"},
		"spec":     map[string]any{"path": dir, "prune": true, "interval": "10m"},
	}}
	path := filepath.Join(repo, dir)
	action, err := kustomize.NewGenerator(repo, flux).WriteFile(path, kustomize.WithSaveOriginalKustomization())
	require.NoError(t, err)
	defer func() { require.NoError(t, kustomize.CleanDirectory(path, action)) }()
	objects, err := kustomize.SecureBuild(repo, path, false)
	if err != nil {
		return "", err
	}
	text, err := objects.AsYaml()
	require.NoError(t, err)
	return string(text), nil
}

// repository returns a copy of what a cluster administrator keeps, rendered.
func repository(t *testing.T, flags ...string) string {
	t.Helper()
	repo := t.TempDir()
	for _, dir := range []string{"bases", "overlays"} {
		require.NoError(t, os.CopyFS(filepath.Join(repo, dir), os.DirFS(filepath.Join(root, dir))))
	}
	args := append([]string{"render", "--quiet", "-o", filepath.Join(repo, "rendered"), filepath.Join(repo, "bases/istio/common"), filepath.Join(repo, "overlays")}, flags...)
	out, err := exec.Command("istio-tenancy", args...).CombinedOutput()
	require.NoError(t, err, string(out))
	return repo
}

func TestFluxBuildsWhatIsRendered(t *testing.T) {
	for _, flags := range [][]string{nil, {"--split"}} {
		repo := repository(t, flags...)
		for rendered, overlay := range map[string]string{
			"rendered/sales": "overlays/sales", "rendered/dev": "overlays/dev", "rendered/common": "bases/istio/common",
		} {
			cmd := exec.Command("kustomize", "build", "--enable-alpha-plugins", "--enable-exec", filepath.Join(repo, overlay))
			cmd.Stderr = os.Stderr
			want, err := cmd.Output()
			require.NoError(t, err)
			got, err := build(t, repo, rendered)
			require.NoError(t, err)
			if string(want) != got {
				require.Equal(t, string(want), got)
			}
		}
	}
}

func TestFluxRefusesWhatIsNot(t *testing.T) {
	_, err := build(t, repository(t), "overlays/sales")
	require.ErrorContains(t, err, "external plugins disabled; unable to load external plugin 'IstioRelease'")
}
