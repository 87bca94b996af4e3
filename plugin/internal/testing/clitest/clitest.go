// Package clitest lets tests run the real programs, as an administrator does:
//
//	func TestMain(m *testing.M) { os.Exit(clitest.Main(m)) }
package clitest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// programs are what Main puts on PATH. They are tools of go.mod, so that go
// builds each once for all packages, and keeps it: without the race detector,
// which would slow down every process that a test starts.
var programs = []string{"istio-tenancy", "kustomize"}

// Main runs the tests with the real istio-tenancy and kustomize on PATH, and
// returns the exit code.
func Main(m *testing.M) int {
	bin, err := os.MkdirTemp("", "istio-tenancy-bin")
	if err != nil {
		return fail(err)
	}
	defer os.RemoveAll(bin)
	if err := os.Chmod(bin, 0o755); err != nil { // some tests run them as somebody else
		return fail(err)
	}
	caches, err := os.MkdirTemp("", "istio-tenancy-caches")
	if err != nil {
		return fail(err)
	}
	defer os.RemoveAll(caches)
	for _, name := range programs {
		if err := install(name, bin); err != nil {
			return fail(fmt.Errorf("%s: %w", name, err))
		}
	}
	if err := os.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH")); err != nil {
		return fail(err)
	}
	if err := os.Setenv("XDG_CACHE_HOME", caches); err != nil { // go has built the programs
		return fail(err)
	}
	return m.Run()
}

// install copies a tool to a directory, since that of Go's cache may be closed
// to others.
func install(name, dir string) error {
	cmd := exec.Command("go", "tool", "-n", name)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	path, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("go tool -n: %w\n%s", err, &stderr)
	}
	from, err := os.Open(strings.TrimSpace(string(path)))
	if err != nil {
		return err
	}
	defer from.Close() // was only read
	to, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// Functions are the flags by which kustomize allows functions.
var Functions = []string{"--enable-alpha-plugins", "--enable-exec"}

// Kustomize runs kustomize build on a directory, with further flags.
func Kustomize(dir string, flags ...string) (stdout, stderr string, err error) {
	var out, errs bytes.Buffer
	cmd := exec.Command("kustomize", append([]string{"build", dir}, flags...)...)
	// No output depends on when garbage is collected; with Go's default, a build
	// takes a quarter more processor time.
	cmd.Env = append(os.Environ(), "GOGC=400")
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
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
