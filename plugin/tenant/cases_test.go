package tenant_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/admit"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/oracle"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/release"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

var update = flag.Bool("update", false, "rewrite the expected files in testdata")

// TestCases lays the tenant.yaml of each directory of testdata over the base.yaml
// beside it. A base holds objects, or names others that are not copied there: an
// IstioRelease, or a Kustomization that lists directories. What is made of
// objects is in expected.yaml, in full. Of others, expected.made.yaml has what
// the chain makes, and expected.changed.txt the fields that it changes of what
// the base brings, so that Istio's own text stays out.
func TestCases(t *testing.T) {
	bases, err := filepath.Glob("testdata/*/base.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, bases)
	for _, file := range bases {
		dir := filepath.Dir(file)
		name := filepath.Base(dir)
		t.Run(name, func(t *testing.T) {
			in, named := read(t, file)
			before := copies(in)
			got := lay(t, name, slices.Clone(in)) // which the chain takes apart
			once := objecttest.String(t, got)
			requireLaid(t, load(t, name), got)
			if named {
				require.NoFileExists(t, filepath.Join(dir, "expected.yaml"))
				expect(t, filepath.Join(dir, "expected.made.yaml"), objecttest.String(t, made(in, got)))
				expect(t, filepath.Join(dir, "expected.changed.txt"), changes(before, in, got))
			} else {
				expect(t, filepath.Join(dir, "expected.yaml"), once)
			}
			require.Equal(t, once, objecttest.String(t, lay(t, name, before)), "deterministic")
			require.Equal(t, once, objecttest.String(t, lay(t, name, objecttest.Parse(t, once))), "idempotent")
		})
	}
}

// requireLaid requires that check, which sees what was made, takes it as the transformer's.
func requireLaid(t *testing.T, of v1alpha1.IstioTenant, objects []*yaml.RNode) {
	t.Helper()
	of.Default()
	for _, o := range objects {
		require.NoError(t, admit.Filter{Tenant: of}.Laid(o), object.IDOf(o))
	}
}

// read returns the objects of a base, and whether they are named there instead
// of written.
func read(t *testing.T, file string) (objects []*yaml.RNode, named bool) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	for _, o := range objecttest.Parse(t, string(text)) {
		switch o.GetKind() {
		case v1alpha1.KindRelease:
			named = true
			of, err := v1alpha1.DecodeRelease([]byte(o.MustString()))
			require.NoError(t, err)
			made, err := release.Generator{Release: of}.Filter(nil)
			require.NoError(t, err)
			objects = append(objects, made...)
		case "Kustomization":
			named = true
			for _, dir := range object.Strings(o, "resources") {
				objects = append(objects, files(t, filepath.Join(filepath.Dir(file), dir))...)
			}
		default:
			objects = append(objects, o)
		}
	}
	return objects, named
}

func copies(objects []*yaml.RNode) []*yaml.RNode {
	var all []*yaml.RNode
	for _, o := range objects {
		all = append(all, o.Copy())
	}
	return all
}

// made are the objects of got that the base did not bring, and its ClusterRoles,
// whose rules are new.
func made(in, got []*yaml.RNode) []*yaml.RNode {
	return slices.DeleteFunc(slices.Clone(got), func(o *yaml.RNode) bool {
		return slices.Contains(in, o) && o.GetKind() != "ClusterRole"
	})
}

// changes lists what was done to each object that the base brought.
func changes(before, in, got []*yaml.RNode) string {
	var list strings.Builder
	for i, o := range in {
		if !slices.Contains(got, o) {
			fmt.Fprintf(&list, "%s: dropped\n", object.IDOf(before[i]))
			continue
		}
		fmt.Fprintf(&list, "%s\n", object.IDOf(before[i]))
		if o.GetKind() == "ClusterRole" {
			continue // stands among what is made
		}
		for _, d := range oracle.Diff(before[i:i+1], in[i:i+1]) {
			for _, line := range changedLines(fmt.Sprint(d.Want), fmt.Sprint(d.Got)) {
				fmt.Fprintf(&list, "    %s: %s\n", d.Path, line)
			}
		}
	}
	return list.String()
}

// changedLines are the lines that differ, or both texts, if lines came or went.
func changedLines(before, after string) []string {
	old, changed := strings.Split(before, "\n"), strings.Split(after, "\n")
	if len(old) != len(changed) {
		return []string{before + " -> " + after}
	}
	var lines []string
	for i := range old {
		if old[i] != changed[i] {
			lines = append(lines, strings.TrimSpace(old[i])+" -> "+strings.TrimSpace(changed[i]))
		}
	}
	return lines
}

func expect(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "if the change is wanted: make generate")
}
