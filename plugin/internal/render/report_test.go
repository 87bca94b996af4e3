package render_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render"
)

func TestZeroOptionsAreErrorsOrDefaults(t *testing.T) {
	r := newPlainRepo(t)
	r.teams("alpha")
	for name, c := range map[string]struct {
		options render.Options
		want    string
	}{
		"nothing":     {render.Options{}, "render: Out is nil"},
		"no Out":      {render.Options{Overlays: []string{r.path("overlays")}}, "render: Out is nil"},
		"no diff":     {render.Options{Overlays: []string{r.path("overlays")}, Output: r.path("rendered"), Diff: true}, "render: Out is nil"},
		"no overlays": {render.Options{Output: r.path("rendered")}, "there is no overlay"},
		"the rest":    {render.Options{Overlays: []string{r.path("overlays")}, Output: r.path("rendered")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := render.Run(context.Background(), c.options)
			if c.want == "" {
				require.NoError(t, err)
				r.same("alpha")
				return
			}
			require.ErrorContains(t, err, c.want)
		})
	}
	r.overlay("alpha", "alpha", "{admins: [{kind: User, name: jo}], applicationNamespaces: [a, b]}", kustomization)
	_, err := render.Run(context.Background(), render.Options{Overlays: []string{r.path("overlays")}, Output: r.path("rendered")})
	require.NoError(t, err, "a warning that nobody reads")
	t.Setenv("PATH", t.TempDir())
	_, err = render.Run(context.Background(), render.Options{Overlays: []string{r.path("overlays")}, Output: r.path("rendered")})
	require.ErrorContains(t, err, "render: Executable is empty")
}

func TestASummarySaysWhatDiffersAndCountsTruly(t *testing.T) {
	r := newPlainRepo(t)
	r.teams("alpha", "beta", "gamma")
	both := func(o *render.Options) { o.Overlays = append(o.Overlays, r.path("bases/istio/common")) }
	first, _, err := r.render(both)
	require.NoError(t, err)
	require.Equal(t, "new: alpha, beta, common, gamma", first.Named())
	require.Contains(t, first.String(), "4 overlays (3 tenants), ")

	require.NoError(t, os.RemoveAll(r.path("overlays/gamma")))
	r.overlay("beta", "beta", "{admins: [{kind: User, name: jo}]}", kustomization)
	r.teams("deltas")
	dry, _, err := r.render(both, func(o *render.Options) { o.Check, o.Prune = true, true })
	require.EqualError(t, err, r.path("rendered")+": is out of date: would change: beta; would be new: deltas; would be removed: gamma")
	require.Contains(t, dry.String(), "4 overlays (3 tenants), ")
	require.Contains(t, dry.String(), ": 2 would change, 1 would be removed in ")

	manifests := r.read("rendered/gamma/manifests.yaml")
	dry, printed, err := r.render(both, func(o *render.Options) { o.Diff, o.Prune = true, true })
	require.NoError(t, err)
	require.Equal(t, []int{2, 1}, []int{dry.Changed, dry.Removed})
	require.Contains(t, printed, "--- "+r.path("rendered/gamma/manifests.yaml")+"\n+++ /dev/null\n")
	require.Contains(t, printed, "--- "+r.path("rendered/gamma/kustomization.yaml")+"\n+++ /dev/null\n")
	require.Contains(t, printed, "\n-  name: gamma-admins\n")
	require.Equal(t, manifests, r.read("rendered/gamma/manifests.yaml"))

	done, _, err := r.render(both, func(o *render.Options) { o.Prune = true })
	require.NoError(t, err)
	require.Equal(t, "changed: beta; new: deltas; removed: gamma", done.Named())
	require.Contains(t, done.String(), ": 2 changed, 1 removed in ")
	require.NoDirExists(t, r.path("rendered/gamma"))
}

func TestPruneLeavesWhatRenderDidNotWrite(t *testing.T) {
	r := newPlainRepo(t)
	r.teams("alpha", "beta")
	_, _, err := r.render()
	require.NoError(t, err)
	r.write("rendered/beta/notes.md", "ours\n")
	require.NoError(t, os.RemoveAll(r.path("overlays/beta")))
	summary, printed, err := r.render(func(o *render.Options) { o.Prune = true })
	require.NoError(t, err)
	first, rest, _ := strings.Cut(printed, "\n")
	require.Equal(t, r.path("rendered/beta")+": its overlay is gone, and what render did not write stays: notes.md", first)
	require.Contains(t, rest, "rendered/beta: namespace istio-beta leaves the tenant")
	require.Equal(t, 1, summary.Removed)
	left, err := os.ReadDir(r.path("rendered/beta"))
	require.NoError(t, err)
	require.Len(t, left, 1)
}

func TestInterrupted(t *testing.T) {
	// What nohup starts ignores hangups, these tests and this program included. What is caught here,
	// a program that is started does not ignore.
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	for name, c := range map[string]struct {
		group  bool
		signal syscall.Signal
	}{
		"the program alone": {false, syscall.SIGINT}, "all that it started, as a terminal does": {true, syscall.SIGINT},
		"a terminal that is closed": {true, syscall.SIGHUP}, "the program alone, by a hangup": {false, syscall.SIGHUP},
	} {
		t.Run(name, func(t *testing.T) {
			r := newPlainRepo(t)
			for _, team := range many() { // each in its own words, so that each is built
				r.overlay(team, team, "{admins: [{kind: User, name: jo}]}", "# "+team+"\n"+kustomization)
			}
			var stderr bytes.Buffer
			cmd := exec.Command("istio-tenancy", "render", "--quiet", "-o", r.path("rendered"), r.path("overlays"))
			cmd.Stderr = &stderr
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			require.NoError(t, cmd.Start())
			require.Eventually(t, func() bool {
				some, err := filepath.Glob(r.path("rendered/*/kustomization.yaml"))
				return err == nil && len(some) > 0
			}, time.Minute, 10*time.Millisecond)
			to := cmd.Process.Pid
			if c.group {
				to = -to
			}
			require.NoError(t, syscall.Kill(to, c.signal))
			require.Error(t, cmd.Wait())
			require.Regexp(t, `^istio-tenancy: interrupted: \d+ of 26 overlays are rendered and stay, and the next run does the rest\n$`, stderr.String())
			require.Equal(t, 130, cmd.ProcessState.ExitCode())
		})
	}
}

func TestPatchesThatMatchNothingAreNamedOnceForAll(t *testing.T) {
	r := newPlainRepo(t)
	const patch = `patches: [{target: {kind: Deployment, name: istiod-sales}, patch: '[{"op": "remove", "path": "/spec"}]'}]` + "\n"
	teams := many()[:6]
	for _, team := range teams {
		r.overlay(team, team, "{admins: [{kind: User, name: jo}]}", kustomization+patch)
	}
	const want = "kustomization.yaml: patches[0].target: Deployment istiod-sales matches no object, so that the patch changes nothing: " +
		"patches are applied before the tenant is laid over the base, and name objects as the base does; did you mean Deployment ISTIO_TENANT_NAMESPACE/istiod?"
	summary, printed, err := r.render()
	require.NoError(t, err)
	require.Equal(t, 6, summary.Filled, "a warning is no reason to build each")
	require.Equal(t, r.path("overlays", teams[0])+" and 5 more: "+want, printed)
	r.same(teams[1])

	r.overlay("../inner", "group-bbc", "{admins: [{kind: User, name: jo}]}", strings.ReplaceAll(kustomization, "../../", "../")+patch)
	r.write("overlays/outer/kustomization.yaml", "resources: [../../inner]\n"+strings.ReplaceAll(patch, "sales", teams[1]))
	_, printed, err = r.render()
	require.NoError(t, err)
	require.Contains(t, printed, r.path("overlays/outer")+": ../../inner/"+want)
	require.Contains(t, printed, r.path("overlays/outer")+": kustomization.yaml: patches[0].target: Deployment istiod-"+teams[1]+
		" matches no object, so that the patch changes nothing; did you mean Deployment istio-group-bbc/istiod-group-bbc?")
	require.Equal(t, 1, strings.Count(printed, "Deployment istiod-sales matches"))
}
