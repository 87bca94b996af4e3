package render_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/clitest"
)

func TestShippedOverlaysAndExamples(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	for _, dir := range []string{"overlays", "examples"} {
		require.NoError(t, os.CopyFS(r.path(dir), os.DirFS("../../../"+dir)))
	}
	n := 0
	require.NoError(t, filepath.WalkDir(r.root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != "kustomization.yaml" {
			return err
		}
		dir, err := filepath.Rel(r.root, filepath.Dir(path))
		if err != nil || strings.Contains(r.read(dir+"/kustomization.yaml"), "kind: Component") {
			return err
		}
		_, got, err := r.render(func(o *render.Options) { o.Overlays, o.Output, o.Warn = []string{r.path(dir)}, "", func(string) {} })
		want, wantErr := r.kustomize(dir, clitest.Functions...)
		if wantErr == nil && strings.Contains(want, v1alpha1.BaseNamespace) {
			require.ErrorContains(t, err, "holds "+v1alpha1.BaseNamespace, "%s is a base", dir)
			return nil
		}
		require.Equal(t, wantErr == nil, err == nil, "%s: %v, %v", dir, wantErr, err)
		if got != want {
			require.Equal(t, want, got, dir)
		}
		n++
		return nil
	}))
	require.Greater(t, n, 8)
}

func TestWhatIsRenderedNeedsNoFunctionAndIsTheSame(t *testing.T) {
	r := newPlainRepo(t)
	r.overlay("sales", "sales", "{admins: [{kind: User, name: jo}]}", kustomization+"sortOptions: {order: fifo}\n")
	want, err := r.kustomize("overlays/sales", clitest.Functions...)
	require.NoError(t, err)
	for _, split := range []bool{false, true} {
		_, _, err := r.render(func(o *render.Options) { o.Split = split })
		require.NoError(t, err)
		got, err := r.kustomize("rendered/sales")
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestOnlyWhatChangesIsWritten(t *testing.T) {
	r := newRepo(t)
	teams := many()[:5]
	r.teams(teams...)
	first := r.run()
	require.Equal(t, []int{5, 5}, []int{first.Tenants, first.Changed})
	require.Zero(t, r.run().Filled+r.run().Built)
	want := r.outputs(teams)

	r.overlay(teams[1], teams[1], "{admins: [{kind: Group, name: "+teams[1]+"-admins}], quota: {pods: 3}}", kustomization)
	require.Equal(t, 1, r.run().Changed)
	r.same(teams[1])
	r.teams(teams[1])
	require.Equal(t, 1, r.run().Changed)
	require.Equal(t, want, r.outputs(teams))

	// Each of the following begins with the repository as it is now, whatever
	// another one has left.
	release := r.read("bases/istio/control-plane/release.yaml")
	fresh := func(t *testing.T) repo {
		t.Helper()
		r := repo{t, r.root}
		r.write("bases/istio/control-plane/release.yaml", release)
		require.NoError(t, os.RemoveAll(r.path("overlays")))
		r.teams(teams...)
		r.run()
		require.Equal(t, want, r.outputs(teams))
		return r
	}
	t.Run("an output that was edited", func(t *testing.T) {
		r := fresh(t)
		r.write("rendered/"+teams[2]+"/manifests.yaml", strings.Replace(want[teams[2]+"/manifests.yaml"], "group", "grouq", 1))
		require.Equal(t, 1, r.run().Changed)
		require.NoError(t, os.RemoveAll(r.path("rendered", teams[3])))
		require.Equal(t, 1, r.run().Changed)
		require.Equal(t, want, r.outputs(teams))
	})
	t.Run("a base that changed", func(t *testing.T) {
		r := fresh(t)
		r.write("bases/istio/control-plane/release.yaml", release+"  values: {pilot: {traceSampling: 7}}\n")
		require.Equal(t, 5, r.run().Changed)
		r.same(teams[4])
		r.write("bases/istio/control-plane/release.yaml", release)
		require.Equal(t, 5, r.run().Changed)
		require.Equal(t, want, r.outputs(teams))
	})
	t.Run("a file that appears", func(t *testing.T) {
		r := fresh(t)
		r.write("overlays/"+teams[0]+"/kustomization.yml", "resources: []\n")
		_, _, err := r.render()
		require.ErrorContains(t, err, teams[0]+": ")
		require.NoError(t, os.Remove(r.path("overlays", teams[0], "kustomization.yml")))
		require.Zero(t, r.run().Changed)
	})
	t.Run("without what is known", func(t *testing.T) {
		r := fresh(t)
		r.write("rendered/.istio-tenancy/state", "{")
		require.Zero(t, r.run().Changed)
		require.NoError(t, os.RemoveAll(r.path("rendered", ".istio-tenancy")))
		require.Zero(t, r.run().Changed)
	})
	t.Run("verify", func(t *testing.T) {
		r := fresh(t)
		summary := r.run(func(o *render.Options) { o.Verify = true })
		require.Equal(t, 5, summary.Filled)
		require.Zero(t, summary.Changed)
	})
	t.Run("split and back", func(t *testing.T) {
		r := fresh(t)
		require.Equal(t, 5, r.run(func(o *render.Options) { o.Split = true }).Changed)
		require.NoFileExists(t, r.path("rendered", teams[0], "manifests.yaml"))
		require.FileExists(t, r.path("rendered", teams[0], "deployment-istio-"+teams[0]+"-istiod-"+teams[0]+".yaml"))
		require.Equal(t, 5, r.run().Changed)
		require.Equal(t, want, r.outputs(teams))
		files, err := os.ReadDir(r.path("rendered", teams[0]))
		require.NoError(t, err)
		require.Len(t, files, 2)
	})
}

func TestAMistakeLeavesTheOldOutputAndLetsOthersFinish(t *testing.T) {
	r := newPlainRepo(t)
	r.teams("alpha", "beta", "gamma")
	_, _, err := r.render()
	require.NoError(t, err)
	before := r.outputs([]string{"beta"})
	for _, team := range []string{"alpha", "beta", "gamma"} {
		r.overlay(team, team, "{admins: [{kind: User, name: jo}]}", kustomization)
	}
	r.overlay("beta", "beta", "{admins: [{kind: User, name: jo}], mlts: none}", kustomization)
	summary, _, err := r.render()
	require.EqualError(t, err, r.path("overlays/beta")+`: IstioTenant beta: spec.mlts: unknown field; did you mean "mtls"?`)
	require.Equal(t, []int{2, 1}, []int{summary.Changed, summary.Failed})
	require.Equal(t, before, r.outputs([]string{"beta"}))
	r.same("alpha")
	r.same("gamma")

	_, printed, err := r.render(func(o *render.Options) { o.Output = "" })
	require.Error(t, err)
	require.Empty(t, printed, "to stdout all is printed, or nothing")
}

func TestAWarningIsPrintedOnceForAllThatItIsAbout(t *testing.T) {
	r := newPlainRepo(t)
	for _, team := range many()[:6] {
		r.overlay(team, team, "{admins: [{kind: User, name: jo}], applicationNamespaces: ["+team+"-a, "+team+"-b]}", kustomization)
	}
	summary, printed, err := r.render()
	require.NoError(t, err)
	require.Equal(t, 6, summary.Filled)
	require.Regexp(t, `^.*/overlays/group-aaa and 5 more: spec.discovery: auto is "selectors" here, [^\n]*$`, printed)
}

func TestWhyOverlaysAreBuiltByThemselves(t *testing.T) {
	r := newPlainRepo(t)
	teams := many()[:4]
	r.teams(teams...)
	r.teams("on", "alone") // YAML reads the one as a boolean
	r.overlay("alone", "alone", "{admins: [{kind: Group, name: alone-admins}], mtls: none}", kustomization)
	r.overlay("two", "two", "{admins: [{kind: User, name: jo}]}", kustomization+"configMapGenerator: [{name: c, literals: [a=tenant.yaml]}]\n")
	var told []string
	explain := func(o *render.Options) { o.Explain = func(line string) { told = append(told, line) } }
	_, _, err := r.render(explain)
	require.NoError(t, err)
	require.Equal(t, []string{
		r.path("overlays/alone") + ": built by itself: fewer than 4 overlays without output differ in their names only",
		r.path("overlays/two") + ": built by itself: tenant.yaml is named more than once",
		r.path("overlays/on") + ": built by itself: the name \"on\", metadata.name, is written otherwise in YAML or JSON, or means something to Istio",
	}, told)
}

func TestTenantsBehindLinks(t *testing.T) {
	r := newPlainRepo(t)
	teams := many()[:5]
	r.teams(teams...)
	for _, team := range teams {
		require.NoError(t, os.Rename(r.path("overlays", team, "tenant.yaml"), r.path("overlays", team, "real.yaml")))
		require.NoError(t, os.Symlink("real.yaml", r.path("overlays", team, "tenant.yaml")))
	}
	_, _, err := r.render()
	require.NoError(t, err)
	for _, team := range teams {
		r.same(team)
	}
	require.NoError(t, os.Symlink(r.path("overlays", teams[0]), r.path("overlays", "linked")))
	_, _, err = r.render()
	require.ErrorContains(t, err, "tenant "+teams[0]+": has two owners, ")
}

func TestStreamIsWhatKustomizePrints(t *testing.T) {
	r := newPlainRepo(t)
	r.teams(many()[:5]...)
	_, printed, err := r.render(func(o *render.Options) { o.Output = "" })
	require.NoError(t, err)
	var all []string
	for _, team := range many()[:5] {
		text, err := r.kustomize("overlays/"+team, clitest.Functions...)
		require.NoError(t, err)
		all = append(all, text)
	}
	require.Equal(t, strings.Join(all, "---\n"), printed)
}

func TestNothingIsRemovedUnasked(t *testing.T) {
	r := newPlainRepo(t)
	r.teams("alpha", "beta")
	_, _, err := r.render()
	require.NoError(t, err)
	r.write("rendered/mine/kustomization.yaml", "resources: []\n")
	require.NoError(t, os.RemoveAll(r.path("overlays/beta")))

	_, printed, err := r.render()
	require.NoError(t, err)
	require.Equal(t, r.path("rendered/beta")+": its overlay is gone; --prune removes it", printed)
	require.DirExists(t, r.path("rendered/beta"))

	_, _, err = r.render(func(o *render.Options) { o.Check, o.Prune = true, true })
	require.ErrorIs(t, err, render.ErrStale)
	summary, _, err := r.render(func(o *render.Options) { o.Prune = true })
	require.NoError(t, err)
	require.Equal(t, 1, summary.Removed)
	require.NoDirExists(t, r.path("rendered/beta"))
	require.DirExists(t, r.path("rendered/mine"))

	r.teams("beta", "mine")
	_, _, err = r.render()
	require.ErrorContains(t, err, "mine/kustomization.yaml: was not written by render")
	require.Equal(t, "resources: []\n", r.read("rendered/mine/kustomization.yaml"))
	_, _, err = r.render(func(o *render.Options) { o.Overlays, o.Prune = []string{r.path("overlays/alpha")}, true })
	require.NoError(t, err)
	require.DirExists(t, r.path("rendered/beta"), "its overlay is there, though not named")
}

func TestDiffAndCheckWriteNothing(t *testing.T) {
	r := newPlainRepo(t)
	r.teams("alpha")
	check := func(o *render.Options) { o.Check = true }
	_, _, err := r.render(check)
	require.ErrorIs(t, err, render.ErrStale)
	require.NoDirExists(t, r.path("rendered"))
	_, _, err = r.render()
	require.NoError(t, err)
	_, _, err = r.render(check)
	require.NoError(t, err)

	r.overlay("alpha", "alpha", "{admins: [{kind: Group, name: owners}]}", kustomization)
	before := r.outputs([]string{"alpha"})
	_, printed, err := r.render(func(o *render.Options) { o.Diff = true })
	require.NoError(t, err)
	require.Contains(t, printed, "\n-  name: alpha-admins\n+  name: owners\n")
	require.Equal(t, before, r.outputs([]string{"alpha"}))
	_, _, err = r.render(check)
	require.ErrorIs(t, err, render.ErrStale)
}

func TestOverlaysThatCannotBe(t *testing.T) {
	r := newPlainRepo(t)
	r.teams("alpha")
	r.write("other/alpha/kustomization.yaml", "resources: []\n")
	r.write("empty/file", "")
	for _, c := range []struct {
		overlays []string
		want     string
	}{
		{[]string{"gone"}, "gone: no such file or directory: must be an overlay, which is a directory with a kustomization, or a directory of overlays"},
		{[]string{"empty"}, "empty: holds no kustomization.yaml: must be an overlay, or a directory of overlays"},
		{[]string{"empty/file"}, r.path("empty/file") + ": is a file: must be a directory that holds a kustomization.yaml, such as " + r.path("empty")},
		{[]string{"overlays/alpha", "other/alpha"}, "is called alpha, as "},
		{[]string{"other/alpha"}, "alpha: "},
	} {
		_, _, err := r.render(func(o *render.Options) {
			o.Overlays = nil
			for _, dir := range c.overlays {
				o.Overlays = append(o.Overlays, r.path(dir))
			}
		})
		require.ErrorContains(t, err, c.want)
	}
}
