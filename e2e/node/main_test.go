package node_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/image"
	"github.com/istio-tenancy/istio-tenancy/e2e/node"
	"github.com/istio-tenancy/istio-tenancy/e2e/servers"
	"github.com/istio-tenancy/istio-tenancy/e2e/tally"
	"golang.org/x/sync/errgroup"
)

var (
	binaries servers.Binaries
	results  tally.Summary

	// documented is the table of claims.
	documented = tally.Table{Page: "../../docs/tested.md", Heading: "claim on a real node"}

	update = flag.Bool("update", false, "write the table of claims in "+documented.Page)
)

// logs and tools are below this folder, the tests' working directory.
const (
	logs  = ".logs"
	tools = ".bin"
)

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "node:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	if err := node.Root(); err != nil && os.Getenv("CI") != "true" {
		fmt.Println("Nothing was tested on a real node:", err)
		return 0, nil
	} else if err != nil {
		return 1, err
	}
	if binaries, err = servers.Build(context.Background(), os.Stderr, "etcd", "kubernetes", "node", "network", "istio", "istioctl", "agent", "prometheus"); err != nil {
		return 1, err
	}
	built, err := filepath.Abs(tools)
	if err != nil {
		return 1, err
	}
	for _, name := range []string{"pause", "app", "gateway", "dashboard", "verdicts", "image", "attacker", "grpc"} {
		binaries[name] = filepath.Join(built, name)
	}
	if !cluster.Isolated() {
		if err := node.Install(os.Stderr, nil); err != nil {
			return 1, err
		}
		var builds errgroup.Group
		builds.Go(func() error { return buildTools(built) })
		builds.Go(func() error {
			_, err := image.Build(context.Background(), "../..", binaries["image"])
			return err
		})
		if err := builds.Wait(); err != nil {
			return 1, err
		}
		if err := errors.Join(os.RemoveAll(logs), os.MkdirAll(logs, 0o755)); err != nil {
			return 1, err
		}
	}
	code, inside, err := node.Isolate()
	if !inside || err != nil {
		return code, err
	}
	defer func() { shared.stop() }()
	// A test that waits for its turn counts as one that runs; see lane.
	if err := flag.Set("test.parallel", "100"); err != nil {
		return 1, err
	}
	return results.End(m.Run(), logs, documented, *update)
}

// claims starts a claim of the table.
func claims(t *testing.T, text string) *tally.Claim { return results.Claim(t, text) }

// buildTools builds the programs of the images, which need no library, the
// commands that render, and the second engine, for which the compiler's cache has
// what that module's own tests need.
func buildTools(into string) error {
	for _, build := range []struct {
		dir, cgo string
		args     []string
	}{
		{".", "0", []string{"./pause", "./app", "./gateway", "./dashboard", "./attacker", "./grpc"}},
		{"../..", "0", []string{"./plugin/cmd/istio-tenancy", "sigs.k8s.io/kustomize/kustomize/v5"}},
		{"../network", "1", []string{"./verdicts"}},
	} {
		cmd := exec.Command("go", append([]string{"build", "-ldflags", "-s -w", "-o", into + "/"}, build.args...)...)
		cmd.Dir = build.dir
		cmd.Env = append(os.Environ(), "CGO_ENABLED="+build.cgo)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build: %w\n%s", err, out)
		}
	}
	return nil
}
