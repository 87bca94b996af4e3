package check_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/check"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/catest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/clitest"
)

func TestMain(m *testing.M) { os.Exit(clitest.Main(m)) }

const root = "../../.."

// overlays are the shipped ones and the examples, by directory.
func overlays(t *testing.T) (dirs []string) {
	t.Helper()
	for _, pattern := range []string{"overlays/*", "examples/*", "examples/*/*", "examples/*/overlays/*"} {
		files, err := filepath.Glob(filepath.Join(root, pattern, "tenant.yaml"))
		require.NoError(t, err)
		for _, file := range files {
			dirs = append(dirs, filepath.Dir(file))
		}
	}
	return dirs
}

// run checks overlays or files.
func run(t *testing.T, o check.Options) *check.Report {
	t.Helper()
	var err error
	o.Executable, err = exec.LookPath("istio-tenancy")
	require.NoError(t, err)
	report, err := check.Run(context.Background(), o)
	require.NoError(t, err)
	return report
}

// pair are the shipped tenants as they are applied, with what the common base has to
// refuse: a file for each.
type pair map[string]string

// shipped renders the pair once for all tests.
var shipped = sync.OnceValues(func() (pair, error) {
	executable, err := exec.LookPath("istio-tenancy")
	if err != nil {
		return nil, err
	}
	p, mu := pair{}, sync.Mutex{}
	err = render.Each(context.Background(), render.Options{Executable: executable, Overlays: []string{root + "/overlays/dev", root + "/overlays/sales"}}, func(r render.Rendered) {
		mu.Lock()
		defer mu.Unlock()
		if !r.Common {
			p[filepath.Base(r.Overlay)+".yaml"] = string(r.Text)
			return
		}
		for _, text := range documents(string(r.Text)) {
			if strings.Contains(text, "\nkind: ValidatingAdmissionPolicy") {
				p["common.yaml"] += strings.TrimSuffix(text, "\n") + "\n---\n"
			}
		}
	})
	return p, err
})

func documents(text string) []string { return strings.Split(text, "\n---\n") }

func newPair(t *testing.T) pair {
	t.Helper()
	whole, err := shipped()
	require.NoError(t, err)
	require.Len(t, whole, 3)
	p := pair{"root": catest.Root(t, "CA")}
	maps.Copy(p, whole)
	return p
}

// change is one change of a pair. A change that does nothing is an error.
type change func(p pair) error

// replace replaces some text of a file, wherever it stands.
func replace(file, old, by string) change {
	return func(p pair) error {
		if !strings.Contains(p[file+".yaml"], old) {
			return fmt.Errorf("%s has no %q", file, old)
		}
		p[file+".yaml"] = strings.ReplaceAll(p[file+".yaml"], old, by)
		return nil
	}
}

// in replaces some text of the object of a kind and name.
func in(file, kind, name, old, by string) change {
	return func(p pair) error {
		return p.each(file, kind, name, func(text string) (string, error) {
			if !strings.Contains(text, old) {
				return "", fmt.Errorf("%s %s has no %q:\n%s", kind, name, old, text)
			}
			return strings.ReplaceAll(text, old, by), nil
		})
	}
}

// without takes an object out.
func without(file, kind, name string) change {
	return func(p pair) error {
		return p.each(file, kind, name, func(string) (string, error) { return "", nil })
	}
}

// each replaces the objects of a kind and name, "namespace/name" where there are several.
func (p pair) each(file, kind, name string, by func(text string) (string, error)) error {
	var kept []string
	found := 0
	namespace, name, both := strings.Cut(name, "/")
	if !both {
		namespace, name = "", namespace
	}
	for _, text := range documents(p[file+".yaml"]) {
		meta := metadata(text)
		if strings.Contains("\n"+text+"\n", "\nkind: "+kind+"\n") && strings.Contains(meta, "\n  name: "+name+"\n") &&
			(namespace == "" || strings.Contains(meta, "\n  namespace: "+namespace+"\n")) {
			found++
			changed, err := by(text)
			if err != nil {
				return err
			}
			text = changed
		}
		if strings.TrimSpace(text) != "" {
			kept = append(kept, text)
		}
	}
	if found != 1 {
		return fmt.Errorf("%s has %d objects %s %s", file, found, kind, name)
	}
	p[file+".yaml"] = strings.Join(kept, "\n---\n")
	return nil
}

// metadata is an object's, as kustomize writes it.
func metadata(text string) string {
	_, rest, _ := strings.Cut("\n"+text+"\n", "\nmetadata:\n")
	var lines string
	for line := range strings.Lines(rest) {
		if line[0] != ' ' {
			break
		}
		lines += line
	}
	return "\n" + lines
}

// with adds an object.
func with(file, text string) change {
	return func(p pair) error {
		p[file+".yaml"] += "\n---\n" + strings.TrimSpace(strings.ReplaceAll(text, "\t", "  ")) + "\n"
		return nil
	}
}

// all makes one change of several.
func all(changes ...change) change {
	return func(p pair) error {
		for _, c := range changes {
			if err := c(p); err != nil {
				return err
			}
		}
		return nil
	}
}

// check checks a changed pair.
func (p pair) check(t *testing.T, c change) *check.Report {
	t.Helper()
	require.NoError(t, c(p))
	report := run(t, check.Options{Options: snapshot.Options{Paths: []string{p.write(t)}}})
	require.Empty(t, report.Errors)
	return report
}

// write writes a pair into a directory.
func (p pair) write(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range p {
		if strings.HasSuffix(name, ".yaml") {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
		}
	}
	return dir
}
