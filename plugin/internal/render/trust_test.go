package render_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render"
)

// Whoever may commit an output may commit links in it, too.
func TestNothingIsChangedBehindALink(t *testing.T) {
	for name, link := range map[string]string{
		"the cache": "rendered/.istio-tenancy", "its temporary files": "rendered/.istio-tenancy/tmp",
		"its templates": "rendered/.istio-tenancy/templates", "what it notes": "rendered/.istio-tenancy/unfinished",
		"an output": "rendered/sales",
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepo(t)
			r.write("overlays/sales/kustomization.yaml", "resources: [own.yaml]\n")
			r.write("overlays/sales/own.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
			r.write("elsewhere/tmp/precious", "")
			r.write("elsewhere/precious", "")
			require.NoError(t, os.MkdirAll(r.path("rendered/.istio-tenancy"), 0o755))
			require.NoError(t, os.RemoveAll(r.path(link)))
			require.NoError(t, os.Symlink(r.path("elsewhere"), r.path(link)))
			_, _, err := r.render()
			require.ErrorContains(t, err, r.path(link)+": is a link, and what it leads to would be changed: must be a directory, or be removed")
			require.FileExists(t, r.path("elsewhere/tmp/precious"))
			entries, err := os.ReadDir(r.path("elsewhere"))
			require.NoError(t, err)
			require.Len(t, entries, 2, "nothing is written there")
		})
	}
}

// What earlier runs remember lies beside the output, and may be forged with it.
func TestACheckBelievesNoCache(t *testing.T) {
	r := newRepo(t)
	r.write("overlays/sales/kustomization.yaml", "resources: [own.yaml]\n")
	r.write("overlays/sales/own.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
	_, _, err := r.render()
	require.NoError(t, err)
	info, err := os.Stat(r.path("rendered/sales/manifests.yaml"))
	require.NoError(t, err)
	before := r.read("rendered/sales/manifests.yaml")
	r.write("rendered/sales/manifests.yaml", before[:len(before)-2]+"b\n")
	require.NoError(t, os.Chtimes(r.path("rendered/sales/manifests.yaml"), info.ModTime(), info.ModTime()), "as the cache has it")
	_, _, err = r.render(func(o *render.Options) { o.Check = true })
	require.ErrorIs(t, err, render.ErrStale)
}
