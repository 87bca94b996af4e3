package render_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render"
)

func TestWhatLooksLikeAnOverlayIsNotPassedOver(t *testing.T) {
	const must = "must hold kustomization.yaml, kustomization.yml or Kustomization"
	own := "resources: [../../own]\n"
	prune := func(o *render.Options) { o.Prune = true }
	fresh := func(t *testing.T) repo {
		r := repo{t, t.TempDir()}
		r.write("own/kustomization.yaml", "resources: [own.yaml]\n")
		r.write("own/own.yaml", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: any\n")
		r.write("overlays/payroll/kustomization.yaml", own)
		r.write("overlays/sales/kustomization.yaml", own)
		r.run()
		return r
	}
	move := func(r repo, from, to string) { require.NoError(r, os.Rename(r.path(from), r.path(to))) }
	for name, c := range map[string]struct {
		change func(repo)
		want   string // after the path of overlays/sales
	}{
		"a kustomization that is misspelt": {func(r repo) {
			move(r, "overlays/sales/kustomization.yaml", "overlays/sales/kustomisation.yaml")
		}, ": holds no kustomization: " + must + `; found kustomisation.yaml; did you mean "kustomization.yaml"?`},
		"a tenant without one": {func(r repo) {
			move(r, "overlays/sales/kustomization.yaml", "overlays/sales/tenant.yaml")
		}, ": holds tenant.yaml and no kustomization: " + must},
		"a tenant under another name": {func(r repo) {
			r.overlay("sales", "sales", "{}", "")
			require.NoError(r, os.Remove(r.path("overlays/sales/kustomization.yaml")))
			move(r, "overlays/sales/tenant.yaml", "overlays/sales/sales.yml")
		}, ": holds sales.yml and no kustomization: " + must},
		"a kustomization that is a link to nothing": {func(r repo) {
			require.NoError(r, os.Remove(r.path("overlays/sales/kustomization.yaml")))
			require.NoError(r, os.Symlink("gone", r.path("overlays/sales/kustomization.yaml")))
		}, ": holds no kustomization: " + must + "; found kustomization.yaml, which is no file"},
		"a link to nothing": {func(r repo) {
			require.NoError(r, os.RemoveAll(r.path("overlays/sales")))
			require.NoError(r, os.Symlink("gone", r.path("overlays/sales")))
		}, ": no such file or directory"},
	} {
		t.Run(name, func(t *testing.T) {
			r := fresh(t)
			c.change(r)
			summary, _, err := r.render(prune)
			require.EqualError(t, err, r.path("overlays/sales")+c.want)
			require.Equal(t, 1, summary.Failed)
			require.DirExists(t, r.path("rendered/sales"))
			require.NoError(t, os.RemoveAll(r.path("rendered")))
			_, _, err = r.render()
			require.EqualError(t, err, r.path("overlays/sales")+c.want, "also if it is new")
			require.DirExists(t, r.path("rendered/payroll"), "the others are rendered")
			if name != "a link to nothing" {
				_, _, err = r.render(func(o *render.Options) { o.Overlays = []string{r.path("overlays/sales")} })
				require.EqualError(t, err, r.path("overlays/sales")+c.want, "also if it is named")
			}
		})
	}

	t.Run("the directory of an overlay that was rendered", func(t *testing.T) {
		r := fresh(t)
		move(r, "overlays/sales/kustomization.yaml", "overlays/sales/notes.txt")
		want := r.path("rendered/sales") + ": is rendered from " + r.path("overlays/sales") + ", which still exists, and stays: " +
			r.path("overlays/sales") + " " + must + ", or be removed if the overlay is gone"
		for _, with := range []func(*render.Options){prune, func(*render.Options) {}} {
			_, printed, err := r.render(with)
			require.EqualError(t, err, want)
			require.Empty(t, printed)
			require.DirExists(t, r.path("rendered/sales"))
		}
		require.NoError(t, os.RemoveAll(r.path("overlays/sales")))
		require.Equal(t, 1, r.run(prune).Removed)
	})
	t.Run("other directories and files", func(t *testing.T) {
		r := fresh(t)
		r.write("overlays/README.md", "")
		r.write("overlays/common/patch.yaml", "a: b\n")
		r.write("overlays/.hidden/tenant.yaml", "")
		require.Equal(t, 2, r.run().Overlays)
	})
}
