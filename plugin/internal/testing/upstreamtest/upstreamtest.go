// Package upstreamtest finds the manifests that tests compare with: what
// Istio's own tools make of a version of Istio.
//
// The repository holds none of them. "make manifests" makes those that the Go
// module proxy has, in .manifests; others are in shared/manifests beside the
// repository. Where a test's manifests are in neither it is skipped, and with
// CI=true it fails.
package upstreamtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio/module"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/oracle"
)

// The directories below the repository's root.
const (
	made   = ".manifests"
	shared = "../shared/manifests"
)

// Path is the file or directory of a name such as "1.24.6/istio.yaml".
func Path(t testing.TB, name string) string {
	t.Helper()
	root := root(t)
	if at := filepath.Join(root, made, name); exists(at) {
		return at
	}
	if at := filepath.Join(root, shared, name); exists(at) {
		t.Logf("only %s has %s; \"make manifests\" has not made it", shared, name)
		return at
	}
	missing := "needs " + name + ", which is neither in " + made + " (make manifests) nor in " + shared
	if os.Getenv("CI") == "true" {
		t.Fatal(missing)
	}
	t.Skip(missing)
	return ""
}

// Module is a file or directory of Istio's own module, of the version that go.mod
// names. It is there wherever this repository is built.
func Module(t testing.TB, name string) string {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module.Path).Output()
	require.NoError(t, err)
	return filepath.Join(strings.TrimSpace(string(dir)), name)
}

// Manifests are all that there are.
func Manifests(t testing.TB) oracle.Manifests {
	t.Helper()
	root := root(t)
	return oracle.Manifests{filepath.Join(root, made), filepath.Join(root, shared)}
}

// Made is a name's place among what "make manifests" made, and whether it is there.
func Made(t testing.TB, name string) (at string, ok bool) {
	t.Helper()
	at = filepath.Join(root(t), made, name)
	return at, exists(at)
}

// Shared is a name's place beside the repository, and whether it is there.
func Shared(t testing.TB, name string) (at string, ok bool) {
	t.Helper()
	at = filepath.Join(root(t), shared, name)
	return at, exists(at)
}

func exists(at string) bool {
	_, err := os.Stat(at)
	return err == nil
}

// root is the repository's: the nearest directory above the test's with a go.mod.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	require.NoError(t, err)
	for !exists(filepath.Join(dir, "go.mod")) {
		parent := filepath.Dir(dir)
		require.NotEqual(t, parent, dir, "no go.mod above the test")
		dir = parent
	}
	return dir
}
