package shipped_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

const classic = "bases/classic"

// example is the kustomization in the README of the classic base.
var example = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// TestWhatAnOldAPIServerRefusesCanBeLeftOut builds the README's kustomization.
func TestWhatAnOldAPIServerRefusesCanBeLeftOut(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(classic, "README.md"))
	require.NoError(t, err)
	found := example.FindAllStringSubmatch(string(readme), -1)
	require.Len(t, found, 1)
	common, err := filepath.Abs(filepath.Join(classic, "common"))
	require.NoError(t, err)
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	relative, err := filepath.Rel(dir, common)
	require.NoError(t, err)
	text := strings.Replace(strings.ReplaceAll("\n"+found[0][1], "\n  ", "\n"), "bases/classic/common", relative, 1)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(text), 0o600))

	kinds := func(dir string) map[string]int {
		built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
		require.NoError(t, err)
		count := map[string]int{}
		for _, r := range built.Resources() {
			count[r.GetKind()]++
		}
		return count
	}
	want, got := kinds(common), kinds(dir)
	for _, kind := range []string{"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"} {
		require.NotZero(t, want[kind])
		delete(want, kind)
	}
	require.Equal(t, want, got)
}
