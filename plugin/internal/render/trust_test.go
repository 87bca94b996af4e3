package render_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render"
)

// Whoever may commit an output may commit links in it, too.
func TestNothingIsChangedBehindALink(t *testing.T) {
	for name, link := range map[string]string{
		"the cache": "rendered/.istio-tenancy", "its temporary files": "rendered/.istio-tenancy/tmp",
		"its templates": "rendered/.istio-tenancy/templates", "what it notes": "rendered/.istio-tenancy/unfinished",
		"an output": "rendered/sales", "the directory of outputs": "rendered",
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepo(t)
			r.write("overlays/sales/kustomization.yaml", "resources: [own.yaml]\n")
			r.write("overlays/sales/own.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
			r.write("elsewhere/tmp/precious", "")
			r.write("elsewhere/precious", "")
			if link != "rendered" {
				require.NoError(t, os.MkdirAll(r.path("rendered/.istio-tenancy"), 0o755))
			}
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

// Nor is anything read behind one, which a diff would print, or which has no end.
func TestNothingIsReadBehindALink(t *testing.T) {
	const sample = "# Rendered by istio-tenancy from ../../overlays/gone: change that, not this.\nresources: [manifests.yaml, other.yaml]\n"
	for _, target := range []string{"secret", "/dev/zero"} {
		for name, link := range map[string]string{
			"an output": "sales/manifests.yaml", "a kustomization": "sales/kustomization.yaml", "what a kustomization lists": "sales/other.yaml",
			"what is removed": "gone/manifests.yaml", "what is listed there": "gone/other.yaml",
		} {
			t.Run(name+" to "+target, func(t *testing.T) {
				r := repo{t, t.TempDir()}
				r.write("overlays/sales/kustomization.yaml", "resources: [own.yaml]\n")
				r.write("overlays/sales/own.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
				r.write("secret", "SECRET\n")
				r.run()
				r.write("rendered/sales/kustomization.yaml", strings.Replace(sample, "gone", "sales", 1))
				if strings.HasPrefix(link, "gone/") {
					r.write("rendered/gone/kustomization.yaml", sample)
				}
				if target == "secret" {
					target = r.path(target)
				}
				_ = os.Remove(r.path("rendered", link)) // some are there
				require.NoError(t, os.Symlink(target, r.path("rendered", link)))
				for _, with := range []func(*render.Options){
					func(o *render.Options) { o.Diff, o.Prune = true, true },
					func(o *render.Options) { o.Check, o.Prune = true, true },
					func(o *render.Options) { o.Prune = true },
				} {
					_, printed, err := r.render(with)
					require.ErrorContains(t, err, r.path("rendered", link)+": is a link, and what it leads to is not read: must be a regular file, or be removed")
					require.NotContains(t, printed+err.Error(), "SECRET")
				}
				require.Equal(t, "SECRET\n", r.read("secret"))
			})
		}
	}
}

// The lock is a file that is opened, and would be made where a link leads.
func TestTheLockIsNoLink(t *testing.T) {
	r := repo{t, t.TempDir()}
	r.write("overlays/sales/kustomization.yaml", "resources: [own.yaml]\n")
	r.write("overlays/sales/own.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
	require.NoError(t, os.MkdirAll(r.path("rendered/.istio-tenancy"), 0o755))
	require.NoError(t, os.Symlink(r.path("made"), r.path("rendered/.istio-tenancy/lock")))
	_, _, err := r.render()
	require.ErrorContains(t, err, r.path("rendered/.istio-tenancy/lock")+": is a link")
	require.NoFileExists(t, r.path("made"))
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

// Nor does a run that writes believe what this machine has not remembered.
func TestOnlyThisMachinesCacheIsBelieved(t *testing.T) {
	const image, evil = "docker.io/istio/pilot", "docker.io/evil0/pilot"
	r := newPlainRepo(t)
	teams := many()[:5]
	r.teams(teams...)
	r.run()
	forged := 0
	templates, err := filepath.Glob(r.path("rendered/.istio-tenancy/templates/*"))
	require.NoError(t, err)
	for _, path := range templates {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		forged += strings.Count(string(text), image)
		require.NoError(t, os.WriteFile(path, []byte(strings.ReplaceAll(string(text), image, evil)), 0o600))
	}
	require.Positive(t, forged)
	r.teams("group-new")
	r.run()
	r.same("group-new")
	again := r.run()
	require.Zero(t, again.Filled+again.Built, "what is true is believed again")

	state, err := os.ReadFile(r.path("rendered/.istio-tenancy/state"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(r.path("rendered/.istio-tenancy/state"), state[32:], 0o600))
	summary := r.run()
	require.NotZero(t, summary.Filled+summary.Built)

	t.Run("not with a key that may have been committed, too", func(t *testing.T) {
		t.Setenv("XDG_CACHE_HOME", r.path("caches"))
		require.NoError(t, os.Mkdir(r.path(".git"), 0o755))
		for range 2 {
			summary := r.run()
			require.NotZero(t, summary.Filled+summary.Built)
		}
		require.NoDirExists(t, r.path("caches"))
	})
	t.Run("nor without any", func(t *testing.T) {
		t.Setenv("XDG_CACHE_HOME", "")
		t.Setenv("HOME", "")
		for range 2 {
			summary := r.run()
			require.NotZero(t, summary.Filled+summary.Built)
		}
	})
}
