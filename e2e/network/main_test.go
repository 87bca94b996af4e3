package network_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/tools"
	"github.com/stretchr/testify/require"
)

const root = "../.."

func TestMain(m *testing.M) { os.Exit(tools.Main(m, root)) }

// render is the shipped tenant sales, with a network of its file, and with components of
// examples/addons, in which the tenant is sales in the place of orders.
func render(t *testing.T, network string, components ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, part := range []string{"bases", "overlays", "examples"} {
		require.NoError(t, os.CopyFS(filepath.Join(dir, part), os.DirFS(filepath.Join(root, part))))
	}
	overlay := filepath.Join(dir, "overlays/sales")
	replace(t, filepath.Join(overlay, "tenant.yaml"), "\nspec:\n", "\nspec:\n  network: "+network+"\n")
	for _, component := range components {
		component = filepath.Join("examples/addons", component)
		replace(t, filepath.Join(dir, component, "network.yaml"), "istio-tenancy.dev/tenant: orders", "istio-tenancy.dev/tenant: sales")
		replace(t, filepath.Join(overlay, "kustomization.yaml"), "\ntransformers:\n", "\ncomponents: [../../"+component+"]\ntransformers:\n")
	}
	kustomize := exec.Command("kustomize", "build", "--enable-alpha-plugins", "--enable-exec", overlay)
	made, err := kustomize.Output()
	require.NoError(t, err)
	return string(made)
}

// replace replaces a text that a file has once.
func replace(t *testing.T, file, old, by string) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(text), old), "%s has %q", file, old)
	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(text), old, by, 1)), 0o600))
}
