// Package shipped_test builds what this repository ships with the real
// kustomize, as a cluster administrator does, and holds it against what it is
// about. Paths are relative to the repository's root.
package shipped_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/clitest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

func TestMain(m *testing.M) {
	if err := os.Chdir("../../.."); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(clitest.Main(m))
}

// printed is what kustomize has printed so far of the repository's own
// directories, by its arguments: no test changes those, and several read the same.
var printed = map[string]string{}

// kustomize builds dir, with further flags. Nothing shipped gives a warning.
func kustomize(t testing.TB, dir string, flags ...string) string {
	t.Helper()
	key := strings.Join(append([]string{dir}, flags...), " ")
	if out, known := printed[key]; known {
		return out
	}
	out, stderr, err := clitest.Kustomize(dir, flags...)
	require.NoError(t, err, stderr)
	require.Empty(t, stderr, "nothing to warn of")
	if filepath.IsLocal(dir) {
		printed[key] = out
	}
	return out
}

// build returns the objects of a kustomization that runs functions.
func build(t testing.TB, dir string) []*yaml.RNode {
	t.Helper()
	objects := objecttest.Parse(t, kustomize(t, dir, clitest.Functions...))
	require.NotEmpty(t, objects)
	return objects
}

// read returns the objects of a file.
func read(t testing.TB, file string) []*yaml.RNode {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return objecttest.Parse(t, string(text))
}
