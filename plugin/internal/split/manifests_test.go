package split_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/relocate"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/manifest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/split"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/upstreamtest"
)

// TestManifests splits what upstream has rendered over the years.
func TestManifests(t *testing.T) {
	for _, test := range []struct {
		version, found  string
		common, control int
		repairs         int
		converted       int // of the repairs
		added           int // beside the rules
	}{
		{version: "0.7.1", found: "0.7.1", common: 36, control: 61, repairs: 9, converted: 8},
		{version: "0.8.0", found: "0.8", common: 42, control: 57, repairs: 17, converted: 10},
		{version: "1.4.10", found: "1.4", common: 0, control: 80, added: 1},
		{version: "1.10.6", found: "1.10.6", common: 13, control: 31},
		{version: "1.20.8", found: "1.20.8", common: 15, control: 25},
		{version: "1.24.6", found: "1.24.6", common: 14, control: 26},
		{version: "1.31.0-rc.0", found: "1.31.0", common: 15, control: 25},
	} {
		t.Run(test.version, func(t *testing.T) {
			file := upstreamtest.Path(t, test.version+"/istio.yaml")
			dir := filepath.Join(t.TempDir(), "out")
			start := time.Now()
			s, err := run(t, file, dir)
			require.NoError(t, err)
			t.Logf("in %s:\n%s", time.Since(start).Round(time.Millisecond), s)
			require.Equal(t, "istio-system", s.Namespace)
			require.Equal(t, test.found, s.Version)
			require.Len(t, s.Repairs, test.repairs)
			require.Equal(t, test.common, s.Common.Total())
			require.Equal(t, test.control, s.ControlPlane.Total())
			require.Equal(t, s.Objects, s.Common.Total()+s.ControlPlane.Total())

			common, control := build(t, dir, split.Common), build(t, dir, split.ControlPlane)
			added := build(t, dir, split.Common, "tenancy")
			more := slices.DeleteFunc(slices.Clone(s.Added), func(file string) bool { return strings.HasPrefix(file, "common/tenancy/") })
			require.Len(t, more, test.added)
			for _, file := range more {
				added = append(added, read(t, filepath.Join(dir, file))...)
			}
			require.Len(t, added, len(common)-test.common)
			for id, text := range byID(t, control) {
				require.NotContains(t, text, "istio-system", id)
			}
			for _, o := range control {
				if object.IsClusterScoped(o) {
					require.Contains(t, o.GetName(), v1alpha1.BaseNamespace, o.GetKind())
				}
			}
			moved, err := relocate.Filter{From: "istio-system", To: v1alpha1.BaseNamespace}.Filter(read(t, file))
			require.NoError(t, err)
			for _, o := range object.Of("ValidatingWebhookConfiguration", moved) { // since 1.11
				if o.GetName() == "istiod-default-validator" {
					require.NoError(t, o.SetName("istiod-default-validator-"+v1alpha1.BaseNamespace))
				}
			}
			require.Equal(t, test.converted, asServed(t, moved))
			got := byID(t, append(common, control...))
			for id, want := range byID(t, append(moved, added...)) {
				require.Equal(t, want, got[id], id)
				delete(got, id)
			}
			require.Empty(t, got)
		})
	}
}

// asServed makes Deployments those of apps/v1, with the selector that an API
// server used to give them, and says how many.
func asServed(t *testing.T, objects []*yaml.RNode) (count int) {
	t.Helper()
	for _, o := range object.Of("Deployment", objects) {
		if o.GetApiVersion() == "apps/v1" {
			continue
		}
		count++
		o.SetApiVersion("apps/v1")
		if len(object.StringMap(o, "spec", "selector", "matchLabels")) > 0 {
			continue
		}
		labels, err := o.Pipe(yaml.Lookup("spec", "template", "metadata", "labels"))
		require.NoError(t, err)
		require.NoError(t, o.PipeE(yaml.LookupCreate(yaml.MappingNode, "spec", "selector"), yaml.SetField("matchLabels", labels.Copy())))
	}
	return count
}

func run(t *testing.T, file, dir string) (split.Summary, error) {
	t.Helper()
	in, err := os.Open(file)
	require.NoError(t, err)
	defer func() { require.NoError(t, in.Close()) }()
	return split.Run(in, "istio.yaml", dir)
}

func read(t *testing.T, file string) []*yaml.RNode {
	t.Helper()
	in, err := os.Open(file)
	require.NoError(t, err)
	defer func() { require.NoError(t, in.Close()) }()
	objects, _, err := manifest.Read(in, file)
	require.NoError(t, err)
	return objects
}

// build builds a kustomization with kustomize itself.
func build(t *testing.T, path ...string) []*yaml.RNode {
	t.Helper()
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), filepath.Join(path...))
	require.NoError(t, err)
	return resources.ToRNodeSlice()
}

// byID returns objects as JSON, those of the cluster without a namespace. It
// fails if one is there twice.
func byID(t *testing.T, objects []*yaml.RNode) map[object.ID]string {
	t.Helper()
	texts := map[object.ID]string{}
	for _, o := range objects {
		if object.IsClusterScoped(o) {
			require.NoError(t, o.PipeE(yaml.Lookup("metadata"), yaml.Clear("namespace")))
		}
		require.NoError(t, yaml.ClearEmptyAnnotations(o)) // kustomize drops them, too
		text, err := o.MarshalJSON()
		require.NoError(t, err)
		require.NotContains(t, texts, object.IDOf(o))
		texts[object.IDOf(o)] = string(text)
	}
	return texts
}
