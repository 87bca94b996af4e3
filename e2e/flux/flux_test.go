// Package flux_test builds what istio-tenancy renders with Flux' own code. It is
// a module of its own: Flux pins other versions of what everybody uses.
package flux_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/fluxcd/pkg/kustomize"
	"github.com/istio-tenancy/istio-tenancy/e2e/tools"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const root = "../.."

func TestMain(m *testing.M) { os.Exit(tools.Main(m, root)) }

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
