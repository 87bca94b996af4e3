package node_test

import (
	"os"
	"path/filepath"
	"testing"

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
	file := filepath.Join(w.source.Dir, "overlays", of.name, name)
	before, err := os.ReadFile(file)
	require.NoError(t, err)
	var content map[string]any
	require.NoError(t, yaml.Unmarshal(before, &content))
	edit(content)
	after, err := yaml.Marshal(content)
	require.NoError(t, err)
	restored := false
	restore = func() {
		if restored {
			return
		}
		restored = true
		require.NoError(t, w.write(of, file, before))
	}
	t.Cleanup(restore)
	require.NoError(t, w.write(of, file, after))
	return restore
}

func (w *world) write(of *tenant, file string, text []byte) error {
	if err := os.WriteFile(file, text, 0o644); err != nil {
		return err
	}
	objects, err := w.source.Render("overlays/" + of.name)
	if err != nil {
		return err
	}
	_, err = w.node.Cluster.Admin.Apply(objects)
	return err
}
