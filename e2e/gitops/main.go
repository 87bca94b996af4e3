package gitops

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/node"
	"github.com/istio-tenancy/istio-tenancy/e2e/servers"
	"github.com/istio-tenancy/istio-tenancy/e2e/tally"
)

// Paths from the folder of a tool's tests, which is their working directory.
const (
	logs       = ".logs"
	tools      = ".bin"
	repository = "../../.."
)

// Page is where the claims are listed.
const Page = repository + "/docs/tested.md"

// Tool is what is tested.
type Tool struct {
	// Families are the tool's, of package servers.
	Families []string
	// Packages are Debian's that its images are made of, beside those of a node; see
	// node.Packages.
	Packages map[string]string
	// Table is that of the claims.
	Table tally.Table
	// Update has the table written.
	Update bool
}

// Main runs the tests of a tool in namespaces of their own, and returns the exit
// code. The programs are in binaries before the first test; end is called after the
// last one.
func Main(m *testing.M, tool Tool, results *tally.Summary, binaries servers.Binaries, end func()) (code int, err error) {
	if err := node.Root(); err != nil && os.Getenv("CI") != "true" {
		fmt.Println("Nothing was tested on a real node:", err)
		return 0, nil
	} else if err != nil {
		return 1, err
	}
	built, err := servers.Build(context.Background(), os.Stderr, append([]string{"etcd", "kubernetes", "node", "network", "istio", "crds"}, tool.Families...)...)
	if err != nil {
		return 1, err
	}
	folder, err := filepath.Abs(tools)
	if err != nil {
		return 1, err
	}
	for _, name := range []string{"pause", "proxy", "gateway"} {
		built[name] = filepath.Join(folder, name)
	}
	for name, path := range built {
		binaries[name] = path
	}
	if !cluster.Isolated() {
		if err := errors.Join(node.Install(os.Stderr, tool.Packages), build(folder), os.RemoveAll(logs), os.MkdirAll(logs, 0o755)); err != nil {
			return 1, err
		}
	}
	code, inside, err := node.Isolate()
	if !inside || err != nil {
		return code, err
	}
	defer end()
	return results.End(m.Run(), logs, tool.Table, tool.Update)
}

// build builds the programs of the images, and the commands that render.
func build(into string) error {
	for dir, packages := range map[string][]string{
		repository + "/e2e": {"./node/pause", "./node/gateway", "./gitops/proxy"},
		repository:          {"./plugin/cmd/istio-tenancy", "sigs.k8s.io/kustomize/kustomize/v5"},
	} {
		cmd := exec.Command("go", append([]string{"build", "-o", into + "/"}, packages...)...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build: %w\n%s", err, out)
		}
	}
	return nil
}
