package e2e

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/image"
	"github.com/istio-tenancy/istio-tenancy/e2e/servers"
	"github.com/istio-tenancy/istio-tenancy/e2e/tally"
)

var (
	binaries servers.Binaries
	results  tally.Summary
)

// logs and tools are below this folder, the tests' working directory.
const (
	logs  = ".logs"
	tools = ".bin"
)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

// run builds what the tests need, where the network is, and runs them where
// the cluster's network is.
func run(m *testing.M) (code int, err error) {
	if binaries, err = servers.Build(context.Background(), os.Stderr, "etcd", "kubernetes", "istio", "istio-1.30", "prometheus", "istioctl", "crds"); err != nil {
		return 1, err
	}
	if binaries["definitions"], err = servers.Definitions(context.Background(), os.Stderr, "../plugin/internal/object/kinds.txt", foreign); err != nil {
		return 1, err
	}
	built, err := filepath.Abs(tools)
	if err != nil {
		return 1, err
	}
	binaries["image"] = filepath.Join(built, "image")
	if !cluster.Isolated() {
		if err := buildTools(binaries["image"]); err != nil {
			return 1, err
		}
		if err := errors.Join(os.RemoveAll(logs), os.MkdirAll(logs, 0o755)); err != nil {
			return 1, err
		}
		return cluster.Isolate(0)
	}
	defer func() { shared.stop(); many.stop() }()
	code = m.Run()
	return results.End(code, logs, documented, *update)
}

// buildTools makes this repository's image, from which every test has the
// command, and builds the kustomize CLI that go.mod names, and what asks the model of
// the API server.
func buildTools(folder string) error {
	made, err := image.Build(context.Background(), "..", folder)
	if err != nil {
		return fmt.Errorf("make the image: %w", err)
	}
	into := filepath.Dir(folder)
	command := filepath.Join(into, "istio-tenancy")
	if err := os.Remove(command); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Link(filepath.Join(made.Root, "usr/local/bin/istio-tenancy"), command); err != nil {
		return err
	}
	cmd := exec.Command("go", "build", "-o", into+"/", "sigs.k8s.io/kustomize/kustomize/v5", "./plugin/internal/oracle/answer")
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build kustomize and answer: %w\n%s", err, out)
	}
	return nil
}
