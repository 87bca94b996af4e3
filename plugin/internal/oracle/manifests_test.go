package oracle_test

import (
	"errors"
	"io/fs"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/relocate"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/revision"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/oracle"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/upstreamtest"
)

func forEachVersion(t *testing.T, test func(t *testing.T, version string)) {
	for _, version := range oracle.Versions {
		t.Run(version, func(t *testing.T) {
			upstreamtest.Path(t, version) // there, or skipped, or failed
			test(t, version)
		})
	}
}

// Relocating what upstream renders for istio-system gives what it renders for
// another namespace; revising that gives what it renders for a revision.
func TestUpstream(t *testing.T) {
	manifests := upstreamtest.Manifests(t)
	used := map[string]bool{}
	check := func(t *testing.T, version, file string, got func(string) ([]*yaml.RNode, error)) {
		want, err := manifests.Objects(version, file)
		if errors.Is(err, fs.ErrNotExist) {
			return // no revisions yet
		}
		require.NoError(t, err)
		objects, err := got(version)
		require.NoError(t, err)
		differences := oracle.Diff(want, objects)
		require.Empty(t, oracle.Unexplained(version, differences))
		for _, d := range differences {
			for _, e := range oracle.Explained {
				used[version+e.Reason] = used[version+e.Reason] || e.Explains(version, d)
			}
		}
	}
	forEachVersion(t, func(t *testing.T, version string) {
		check(t, version, "istio-system1.yaml", manifests.Relocated)
		check(t, version, "istio-system1-sales.yaml", manifests.Revised)
	})
	if len(used) == 0 {
		return // skipped, or filtered by -run
	}
	for _, e := range oracle.Explained {
		for _, version := range e.Versions {
			require.True(t, used[version+e.Reason] || !manifests.Has(version), "%s has no longer a difference that is explained by %q", version, e.Reason)
		}
	}
}

// To another namespace and back is the identity, whatever the namespace.
func TestRoundTrip(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version string) {
		fresh := objects(t, version)
		original := write(t, fresh())
		for _, to := range []string{"istio-system1", "x", "my-istio-system", "istio-system-2", v1alpha1.BaseNamespace} {
			there := move(t, fresh(), "istio-system", to)
			require.NotEqual(t, original, write(t, there), to)
			require.Equal(t, original, write(t, move(t, there, to, "istio-system")), to)
		}
	})
}

// A second time changes nothing, and the same input gives the same output.
func TestIdempotent(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version string) {
		fresh := objects(t, version)
		for _, to := range []string{"istio-system1", "my-istio-system", v1alpha1.BaseNamespace} {
			f := revision.Filter{Namespace: to, Revision: "sales"}
			revised := func(items []*yaml.RNode) []*yaml.RNode {
				out, err := f.Filter(move(t, items, "istio-system", to))
				require.NoError(t, err)
				return out
			}
			once := revised(fresh())
			text := write(t, once)
			require.Equal(t, text, write(t, revised(fresh())), "deterministic")
			require.Equal(t, text, write(t, revised(once)), "idempotent")
		}
	})
}

// A base is relocated as istio-system is, through the base's namespace.
func TestThroughBase(t *testing.T) {
	forEachVersion(t, func(t *testing.T, version string) {
		fresh := objects(t, version)
		direct := move(t, fresh(), "istio-system", "istio-system1")
		base := move(t, fresh(), "istio-system", v1alpha1.BaseNamespace)
		require.Equal(t, write(t, direct), write(t, move(t, base, v1alpha1.BaseNamespace, "istio-system1")))
	})
}

// objects returns a function that makes a version's own objects anew.
func objects(t testing.TB, version string) func() []*yaml.RNode {
	t.Helper()
	items, err := upstreamtest.Manifests(t).Objects(version, "istio.yaml")
	require.NoError(t, err)
	items = slices.DeleteFunc(items, func(o *yaml.RNode) bool { return o.GetKind() == "CustomResourceDefinition" })
	return func() []*yaml.RNode {
		fresh := make([]*yaml.RNode, len(items))
		for i, o := range items {
			fresh[i] = o.Copy()
		}
		return fresh
	}
}

func move(t testing.TB, items []*yaml.RNode, from, to string) []*yaml.RNode {
	t.Helper()
	items, err := relocate.Filter{From: from, To: to}.Filter(items)
	require.NoError(t, err)
	return items
}

func write(t testing.TB, items []*yaml.RNode) string {
	t.Helper()
	text, err := kio.StringAll(items)
	require.NoError(t, err)
	return text
}

func BenchmarkFilters(b *testing.B) {
	upstreamtest.Path(b, "1.31.0-rc.0")
	fresh := objects(b, "1.31.0-rc.0")
	for b.Loop() {
		b.StopTimer()
		items := fresh()
		b.StartTimer()
		_, err := revision.Filter{Namespace: "istio-system1", Revision: "sales"}.Filter(move(b, items, "istio-system", "istio-system1"))
		require.NoError(b, err)
	}
}
