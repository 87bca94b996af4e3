package apiproxy

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
	"github.com/istio-tenancy/istio-tenancy/e2e/servers"
	"github.com/istio-tenancy/istio-tenancy/e2e/tally"
)

var (
	// families are the servers that are needed.
	families = []string{"etcd", "kubernetes"}
	binaries servers.Binaries
	results  tally.Summary

	// documented is the table of claims.
	documented = tally.Table{Page: "../../docs/tested.md", Heading: "claim about the API proxy"}

	update = flag.Bool("update", false, "write the table of claims in "+documented.Page)
)

// logs and tools are below this folder, the tests' working directory.
const (
	logs  = ".logs"
	tools = ".bin"
	// plain and race are the program without and with the race detector. It needs a C
	// compiler; without one, race is the plain program.
	plain = "istio-tenancy"
	race  = "istio-tenancy-race"
)

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "apiproxy:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	if value("test.bench") != "" && !cluster.Isolated() {
		if built, err := servers.Built(families...); err != nil || !built {
			fmt.Println("The servers are not built, so that the proxy is not timed: make e2e builds them.")
			return 0, err
		}
	}
	if binaries, err = servers.Build(context.Background(), os.Stderr, families...); err != nil {
		return 1, err
	}
	if !cluster.Isolated() {
		if err := buildTools(); err != nil {
			return 1, err
		}
		if err := errors.Join(os.RemoveAll(logs), os.MkdirAll(logs, 0o755)); err != nil {
			return 1, err
		}
		return cluster.Isolate(0)
	}
	defer shared.stop()
	code = m.Run()
	if value("test.bench") != "" || *soak > 0 {
		return code, nil
	}
	return results.End(code, logs, documented, *update)
}

func value(name string) string { return flag.Lookup(name).Value.String() }

// buildTools builds the program twice: as it ships, and with the race detector.
func buildTools() error {
	into, err := filepath.Abs(tools)
	if err != nil {
		return err
	}
	compiler, err := exec.Command("go", "env", "CC").Output()
	if err != nil {
		return fmt.Errorf("go env CC: %w", err)
	}
	flags := map[string][]string{plain: {"-ldflags", "-s -w"}, race: {"-race"}}
	if _, err := exec.LookPath(string(compiler[:max(0, len(compiler)-1)])); err != nil {
		flags[race] = flags[plain]
	}
	for name, more := range flags {
		cmd := exec.Command("go", append(append([]string{"build", "-o", filepath.Join(into, name)}, more...), "./plugin/cmd/istio-tenancy")...)
		cmd.Dir = "../.."
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", name, err, out)
		}
	}
	return nil
}
