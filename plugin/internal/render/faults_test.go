package render_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render"
)

// many are names that a template takes.
func many() []string {
	var teams []string
	for c := 'a'; c <= 'z'; c++ {
		teams = append(teams, "group-"+string(c)+string(c)+string(c))
	}
	return teams
}

// setSpec adds to the spec of all teams.
func (r repo) setSpec(teams []string, more string) {
	for _, team := range teams {
		r.overlay(team, team, "{admins: [{kind: Group, name: "+team+"-admins}]"+more+"}", kustomization)
	}
}

// outputs are all files of the rendered tenants.
func (r repo) outputs(teams []string) map[string]string {
	r.Helper()
	files := map[string]string{}
	for _, team := range teams {
		for _, file := range []string{"manifests.yaml", "kustomization.yaml"} {
			files[team+"/"+file] = r.read("rendered/" + team + "/" + file)
		}
	}
	return files
}

func TestKilledAtAnyTimeNoFileIsTornAndNoTenantLost(t *testing.T) {
	t.Parallel() // most of its time goes by waiting
	r := newPlainRepo(t)
	teams := many()
	var states [2]map[string]string
	specs := []string{"", ", mtls: PERMISSIVE"}
	for i, spec := range specs {
		r.setSpec(teams, spec)
		_, _, err := r.render()
		require.NoError(t, err)
		states[i] = r.outputs(teams)
	}
	killed := 0
	for i := 0; killed < 100; i++ {
		require.Less(t, i, 2000, "the runs are too short to be killed")
		r.setSpec(teams, specs[i%2])
		cmd := exec.Command("istio-tenancy", "render", "--quiet", "-o", r.path("rendered"), r.path("overlays"))
		require.NoError(t, cmd.Start())
		time.Sleep(time.Duration(rand.IntN(80)) * time.Millisecond)
		require.NoError(t, errors.Join(cmd.Process.Kill(), ignore(cmd.Wait())))
		if !cmd.ProcessState.Success() {
			killed++
		}
		for file, text := range r.outputs(teams) {
			if text != states[0][file] && text != states[1][file] {
				t.Fatalf("%s is torn: %d bytes", file, len(text))
			}
		}
	}
	r.setSpec(teams, specs[1])
	_, _, err := r.render()
	require.NoError(t, err)
	require.Equal(t, states[1], r.outputs(teams), "the next run finishes the work")
	left, err := os.ReadDir(r.path("rendered", ".istio-tenancy", "tmp"))
	require.NoError(t, err)
	require.Empty(t, left, "and clears away what was left")
}

// ignore drops the error of a process that was killed, and nobody else's.
func ignore(err error) error {
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return nil
	}
	return err
}

func TestRunsAtTheSameTimeWaitForEachOther(t *testing.T) {
	r := newPlainRepo(t)
	teams := many()[:6]
	r.teams(teams...)
	_, _, err := r.render()
	require.NoError(t, err)
	want := r.outputs(teams)
	require.NoError(t, os.RemoveAll(r.path("rendered")))
	var wait sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		wait.Go(func() {
			out, err := exec.Command("istio-tenancy", "render", "-o", r.path("rendered"), r.path("overlays")).CombinedOutput()
			if err != nil {
				errs[i] = errors.Join(err, errors.New(string(out)))
			}
		})
	}
	wait.Wait()
	require.NoError(t, errors.Join(errs...))
	require.Equal(t, want, r.outputs(teams))
}

func TestDiskFull(t *testing.T) {
	r := newPlainRepo(t)
	teams := many()[:20]
	r.teams(teams...)
	disk := r.path("disk")
	require.NoError(t, os.Mkdir(disk, 0o755))
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=1500k"); err != nil {
		t.Skipf("needs a file system of its own: %v", err)
	}
	defer func() { require.NoError(t, syscall.Unmount(disk, 0)) }()
	on := func(o *render.Options) { o.Output = disk }
	summary, _, err := r.render(on)
	require.ErrorContains(t, err, "manifests.yaml: no space left on device")
	require.Positive(t, summary.Failed)
	require.Less(t, summary.Failed, 20)
	whole, err := filepath.Glob(filepath.Join(disk, "*", "kustomization.yaml"))
	require.NoError(t, err)
	r.run() // where there is room
	r.same(teams[0])
	for _, file := range whole {
		team := filepath.Base(filepath.Dir(file))
		got, err := os.ReadFile(filepath.Join(disk, team, "manifests.yaml"))
		require.NoError(t, err)
		require.Equal(t, r.read("rendered/"+team+"/manifests.yaml"), string(got))
	}
}

func TestWhatAnUnfinishedRunLeftGoesAway(t *testing.T) {
	small := func(t *testing.T) repo {
		r := repo{t, t.TempDir()}
		r.write("overlays/sales/kustomization.yaml", "resources: [own.yaml]\n")
		r.write("overlays/sales/own.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, namespace: a}\ndata: {text: "+strings.Repeat("x", 300_000)+"}\n")
		return r
	}
	files := func(dir string) (names []string) {
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return names
	}
	split := func(o *render.Options) { o.Split = true }
	whole := []string{"kustomization.yaml", "manifests.yaml"}
	parts := []string{"configmap-a-b.yaml", "kustomization.yaml", "namespace-a.yaml"}

	t.Run("since the disk was full", func(t *testing.T) {
		r := small(t)
		disk := r.path("disk")
		require.NoError(t, os.Mkdir(disk, 0o755))
		if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=400k"); err != nil {
			t.Skipf("needs a file system of its own: %v", err)
		}
		defer func() { require.NoError(t, syscall.Unmount(disk, 0)) }()
		on := func(o *render.Options) { o.Output = disk }
		r.run(on)
		_, _, err := r.render(on, split)
		require.ErrorContains(t, err, "no space left on device")
		require.Equal(t, whole, files(filepath.Join(disk, "sales")))
		require.Zero(t, r.run(on).Changed)
	})
	// A run that is killed can stop after any file.
	for name, unlisted := range map[string]string{"before": "namespace-a.yaml", "after": "manifests.yaml"} {
		t.Run("since the run was killed "+name+" the kustomization was written", func(t *testing.T) {
			r := small(t)
			r.run(func(o *render.Options) { o.Split = name == "after" })
			r.write("rendered/sales/"+unlisted, "")
			r.write("rendered/.istio-tenancy/unfinished/sales", "configmap-a-b.yaml\nnamespace-a.yaml\nmanifests.yaml\n")
			r.write("rendered/sales/mine.txt", "")
			again := func(o *render.Options) { o.Split = name == "after" }
			_, _, err := r.render(again, func(o *render.Options) { o.Check = true })
			require.ErrorIs(t, err, render.ErrStale)
			require.Equal(t, 1, r.run(again).Changed)
			want := append([]string{"mine.txt"}, map[string][]string{"before": whole, "after": parts}[name]...)
			require.ElementsMatch(t, want, files(r.path("rendered/sales")))
			require.Empty(t, files(r.path("rendered/.istio-tenancy/unfinished")))
			require.Zero(t, r.run(again).Changed)
		})
	}
	t.Run("nothing", func(t *testing.T) {
		r := small(t)
		r.run()
		r.run(split)
		require.Equal(t, parts, files(r.path("rendered/sales")))
		require.Empty(t, files(r.path("rendered/.istio-tenancy/unfinished")))
	})
}

func TestOutputThatCannotBeWritten(t *testing.T) {
	r := newPlainRepo(t)
	r.teams("group-a")
	r.write("file", "")
	_, _, err := r.render(func(o *render.Options) { o.Output = r.path("file", "rendered") })
	require.EqualError(t, err, "--output: "+r.path("file")+" is a file: must be a directory, or not be there yet")
	if os.Getuid() != 0 {
		require.NoError(t, os.Mkdir(r.path("locked"), 0o555))
		_, _, err = r.render(func(o *render.Options) { o.Output = r.path("locked") })
		require.ErrorIs(t, err, os.ErrPermission)
	}
}
