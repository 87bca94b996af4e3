// Package clitest lets tests run the real programs, as an administrator does:
//
//	func TestMain(m *testing.M) { os.Exit(clitest.Main(m)) }
package clitest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// programs are what Main builds, by the names that they are run by.
var programs = map[string]string{
	"istio-tenancy": "github.com/istio-tenancy/istio-tenancy/plugin/cmd/istio-tenancy",
	"kustomize":     "sigs.k8s.io/kustomize/kustomize/v5",
}

// Main builds istio-tenancy and kustomize, runs the tests with both on PATH,
// and returns the exit code.
func Main(m *testing.M) int {
	bin, err := os.MkdirTemp("", "istio-tenancy-bin")
	if err != nil {
		return fail(err)
	}
	defer os.RemoveAll(bin)
	if err := os.Chmod(bin, 0o755); err != nil { // some tests run them as somebody else
		return fail(err)
	}
	for name, path := range programs {
		if out, err := exec.Command("go", "build", "-o", filepath.Join(bin, name), path).CombinedOutput(); err != nil {
			return fail(fmt.Errorf("go build %s: %w\n%s", path, err, out))
		}
	}
	if err := os.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH")); err != nil {
		return fail(err)
	}
	return m.Run()
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// Bin is the directory that holds both programs.
func Bin(t testing.TB) string {
	t.Helper()
	path, err := exec.LookPath("istio-tenancy")
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(path)
}
