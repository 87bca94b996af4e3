package verify_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/clitest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/verify"
)

func TestMain(m *testing.M) { os.Exit(clitest.Main(m)) }

const root = "../../.."

// TestTheTableSaysWhatIsRendered asks the questions of the Roles and bindings of every
// shipped tenant and example: what they must allow they do, and nothing else.
func TestTheTableSaysWhatIsRendered(t *testing.T) {
	var dirs []string
	for _, pattern := range []string{"overlays/*", "examples/*", "examples/*/*", "examples/*/overlays/*"} {
		files, err := filepath.Glob(filepath.Join(root, pattern, "tenant.yaml"))
		require.NoError(t, err)
		for _, file := range files {
			dirs = append(dirs, filepath.Dir(file))
		}
	}
	require.Greater(t, len(dirs), 10)
	executable, err := exec.LookPath("istio-tenancy")
	require.NoError(t, err)
	of := map[bool][]string{} // the example of the post has the tenants of overlays again
	for _, dir := range dirs {
		isPost := strings.HasPrefix(dir, filepath.Join(root, "examples", "blog"))
		of[isPost] = append(of[isPost], dir)
	}
	for isPost, overlays := range of { // whose common base is rendered once
		t.Run(fmt.Sprintf("the post's: %t", isPost), func(t *testing.T) {
			found, asked, err := verify.Contradictions(context.Background(), render.Options{Overlays: overlays, Executable: executable, Warn: func(string) {}})
			require.NoError(t, err)
			for _, dir := range overlays {
				require.Greater(t, asked[dir], 40, dir)
			}
			require.Empty(t, strings.Join(found, "\n"))
		})
	}
}

// TestTheTableHoldsForViewersAndGroups asks about people whom no shipped tenant has.
func TestTheTableHoldsForViewersAndGroups(t *testing.T) {
	dir := t.TempDir()
	base, err := filepath.Abs(filepath.Join(root, "bases"))
	require.NoError(t, err)
	require.NoError(t, os.CopyFS(filepath.Join(dir, "bases"), os.DirFS(base)))
	overlay := filepath.Join(dir, "overlays", "sales")
	require.NoError(t, os.CopyFS(overlay, os.DirFS(filepath.Join(root, "overlays", "sales"))))
	file := filepath.Join(overlay, "tenant.yaml")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	text = append(text, "  - kind: Group\n    name: sales-operators\n  - kind: ServiceAccount\n    name: ci\n    namespace: tools\n"+
		"  viewers:\n  - kind: User\n    name: auditor\n  - kind: Group\n    name: support\n"...)
	require.NoError(t, os.WriteFile(file, text, 0o600))
	executable, err := exec.LookPath("istio-tenancy")
	require.NoError(t, err)
	found, asked, err := verify.Contradictions(context.Background(), render.Options{Overlays: []string{overlay}, Executable: executable, Warn: func(string) {}})
	require.NoError(t, err)
	require.Greater(t, asked[overlay], 5*60)
	require.Empty(t, strings.Join(found, "\n"))
}
