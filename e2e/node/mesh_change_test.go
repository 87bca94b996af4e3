package node_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// change changes the spec of a tenant as an administrator does: its tenant.yaml is
// edited, rendered and applied. restore takes it back, at the latest when the test ends.
func (w *world) change(t *testing.T, of *tenant, edit func(spec map[string]any)) (restore func()) {
	t.Helper()
	return w.changeFile(t, of, "tenant.yaml", func(content map[string]any) {
		edit(content["spec"].(map[string]any))
	})
}

// changeFile is change for any file of the overlay.
func (w *world) changeFile(t *testing.T, of *tenant, name string, edit func(content map[string]any)) (restore func()) {
	t.Helper()
	_, restore = w.changeFiles(t, of, map[string]func(map[string]any){name: edit})
	return restore
}

// changeFiles is changeFile for several at once, and returns what is rendered.
func (w *world) changeFiles(t *testing.T, of *tenant, edits map[string]func(content map[string]any)) (objects []*cluster.Object, restore func()) {
	t.Helper()
	before := map[string][]byte{}
	restored := false
	restore = func() {
		if restored {
			return
		}
		restored = true
		for file, text := range before {
			require.NoError(t, os.WriteFile(file, text, 0o644))
		}
		_, err := w.node.Cluster.Admin.Apply(of.objects) // what is rendered from them
		require.NoError(t, err)
		require.NoError(t, w.node.Cluster.Admin.Delete(slices.DeleteFunc(slices.Clone(objects), of.has)))
	}
	t.Cleanup(restore)
	for name, edit := range edits {
		file := filepath.Join(w.source.Dir, "overlays", of.name, name)
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		before[file] = text
		var content map[string]any
		require.NoError(t, yaml.Unmarshal(text, &content))
		edit(content)
		after, err := yaml.Marshal(content)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, after, 0o644))
	}
	objects, err := w.source.Render("overlays/" + of.name)
	require.NoError(t, err)
	_, err = w.node.Cluster.Admin.Apply(objects)
	require.NoError(t, err)
	return objects, restore
}

// has says whether an object is among the tenant's rendered ones.
func (t *tenant) has(object *cluster.Object) bool {
	return slices.ContainsFunc(t.objects, func(o *cluster.Object) bool { return cluster.ID(o) == cluster.ID(object) })
}
