package render_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render"
)

func TestAnOutputStaysThatOfItsOverlay(t *testing.T) {
	r := newPlainRepo(t)
	const web = "{admins: [{kind: User, name: jo}]}"
	r.overlay("teamA/web", "web-a", web, strings.Replace(kustomization, "../../", "../../../", 1))
	r.overlay("teamB/web", "web-b", web, strings.Replace(kustomization, "../../", "../../../", 1))
	of := func(dir string, with ...func(*render.Options)) (render.Summary, error) {
		summary, _, err := r.render(append(with, func(o *render.Options) { o.Overlays = []string{r.path("overlays", dir)} })...)
		return summary, err
	}
	_, err := of("teamA")
	require.NoError(t, err)
	before := r.outputs([]string{"web"})

	_, err = of("teamB")
	require.EqualError(t, err, r.path("overlays/teamB/web")+": "+r.path("rendered/web")+" is rendered from "+r.path("overlays/teamA/web")+
		", another directory: give this overlay a name or an output directory of its own; or, if it is the same overlay, which has moved to "+
		r.path("overlays/teamB/web")+", say so with --adopt")
	require.Equal(t, before, r.outputs([]string{"web"}))
	_, err = of("teamB", func(o *render.Options) { o.Diff = true })
	require.ErrorContains(t, err, "another directory", "nothing is said to change that would not")

	require.NoError(t, os.RemoveAll(r.path("overlays/teamB/web")))
	require.NoError(t, os.Rename(r.path("overlays/teamA/web"), r.path("overlays/teamB/web")))
	_, err = of("teamB")
	require.ErrorContains(t, err, "a directory that is gone")
	summary, err := of("teamB", func(o *render.Options) { o.Adopt = true })
	require.NoError(t, err)
	require.Equal(t, 1, summary.Changed)
	require.Equal(t, before["web/manifests.yaml"], r.read("rendered/web/manifests.yaml"))
	require.Contains(t, r.read("rendered/web/kustomization.yaml"), "from ../../overlays/teamB/web: ")
	_, err = of("teamB")
	require.NoError(t, err, "from now on it is at home there")
}

func TestWhatSomebodyElseWroteStays(t *testing.T) {
	for _, name := range []string{"kustomization.yaml", "kustomization.yml", "Kustomization", "manifests.yaml"} {
		r := newPlainRepo(t)
		r.teams("alpha")
		r.write("rendered/alpha/"+name, "resources: []\n")
		_, _, err := r.render(func(o *render.Options) { o.Adopt = true })
		require.ErrorContains(t, err, "rendered/alpha/"+name+": was not written by render: remove it, or name another output directory")
		require.Equal(t, "resources: []\n", r.read("rendered/alpha/"+name))
		files, err := os.ReadDir(r.path("rendered/alpha"))
		require.NoError(t, err)
		require.Len(t, files, 1)
	}
	r := newPlainRepo(t)
	r.teams("alpha")
	r.write("rendered/alpha/notes.md", "ours\n")
	_, _, err := r.render()
	require.NoError(t, err)
	r.same("alpha")
	require.Equal(t, "ours\n", r.read("rendered/alpha/notes.md"))
}
