// Package tools gives the programs of this repository to the tests of modules that have
// dependencies of their own. It is a module of its own, and has none.
package tools

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// Main builds istio-tenancy and the kustomize CLI of the repository, which is a folder,
// runs the tests with both on PATH, and returns the exit code.
func Main(m *testing.M, repository string) int {
	bin, err := os.MkdirTemp("", "istio-tenancy-bin")
	if err == nil {
		defer os.RemoveAll(bin)
		err = build(repository, bin)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func build(repository, bin string) error {
	cmd := exec.Command("go", "build", "-o", bin+"/", "./plugin/cmd/istio-tenancy", "sigs.k8s.io/kustomize/kustomize/v5")
	cmd.Dir = repository
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return os.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
}
