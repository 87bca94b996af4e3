package render_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render"
)

// TestARenamedOverlayHasNoSecondOutput: whoever removes one of two outputs of a
// tenant may remove the tenant.
func TestARenamedOverlayHasNoSecondOutput(t *testing.T) {
	for name, split := range map[string]bool{"one file": false, "a file per object": true} {
		t.Run(name, func(t *testing.T) {
			r := newPlainRepo(t)
			r.teams("alpha", "beta")
			with := func(prune bool) func(*render.Options) {
				return func(o *render.Options) { o.Split, o.Prune = split, prune }
			}
			r.run(with(false))
			require.NoError(t, os.Rename(r.path("overlays/beta"), r.path("overlays/beta2")))
			refused := r.path("overlays/beta2") + ": tenant beta: has an output of another name, " + r.path("rendered/beta") + ", whose overlay " + r.path("overlays/beta") +
				" is gone: must have one output: rename " + r.path("rendered/beta") + " to " + r.path("rendered/beta2") + " too, and render with --adopt; or give this directory its old name; " +
				"or render with --prune, which removes the old output: a GitOps tool may then delete what it has deployed from there; " +
				"see https://github.com/istio-tenancy/istio-tenancy/blob/main/docs/operations.md#rename-an-overlay"
			for range 2 { // the second finds alpha as it was
				summary, _, err := r.render(with(false))
				require.EqualError(t, err, refused)
				require.Equal(t, 1, summary.Failed)
				require.NoDirExists(t, r.path("rendered/beta2"))
			}
			_, _, err := r.render(with(false), func(o *render.Options) { o.Check = true })
			require.EqualError(t, err, refused)

			r.write("overlays/beta2/kustomization.yaml", strings.Replace(kustomization, "control-plane", "gone", 1))
			_, printed, err := r.render(with(true))
			require.Error(t, err)
			require.Contains(t, printed, r.path("rendered/beta")+": stays until "+r.path("overlays/beta2")+", which has tenant beta now, is without mistakes")
			require.DirExists(t, r.path("rendered/beta"))
			r.write("overlays/beta2/kustomization.yaml", kustomization)

			_, printed, err = r.render(with(true), func(o *render.Options) { o.Check = true })
			require.ErrorIs(t, err, render.ErrStale)
			require.NotContains(t, printed, "leaves the tenant")
			_, printed, err = r.render(with(true))
			require.NoError(t, err)
			require.Contains(t, printed, r.path("rendered/beta")+": tenant beta is rendered to "+r.path("rendered/beta2")+" from now on: a GitOps tool may delete the live objects that it has deployed from the old output: make it keep them until it uses the new one; see https://")
			require.NotContains(t, printed, "leaves the tenant", "its namespaces are rendered still")
			require.NoDirExists(t, r.path("rendered/beta"))
			require.DirExists(t, r.path("rendered/beta2"))
			_, printed, err = r.render(with(false))
			require.NoError(t, err)
			require.Empty(t, printed)
		})
	}
}

// TestTwoOutputsOfATenantAreRefusedWhoeverMadeThem: they may be there already.
func TestTwoOutputsOfATenantAreRefusedWhoeverMadeThem(t *testing.T) {
	r := newPlainRepo(t)
	r.teams("alpha")
	r.run()
	require.NoError(t, os.Rename(r.path("rendered"), r.path("before")))
	require.NoError(t, os.Rename(r.path("overlays/alpha"), r.path("overlays/alpha2")))
	r.run()
	require.NoError(t, os.Rename(r.path("before/alpha"), r.path("rendered/alpha")))
	_, _, err := r.render()
	require.ErrorContains(t, err, r.path("overlays/alpha2")+": tenant alpha: has an output of another name, "+r.path("rendered/alpha"))
	require.ErrorContains(t, err, "must have one output: give this directory", "an output cannot get the name of another one")
}

// TestTheOutputOfARenamedOverlayIsTakenAlong does what the message says.
func TestTheOutputOfARenamedOverlayIsTakenAlong(t *testing.T) {
	r := newPlainRepo(t)
	r.teams("alpha", "beta")
	r.run()
	before := r.read("rendered/beta/manifests.yaml")
	require.NoError(t, os.Rename(r.path("overlays/beta"), r.path("overlays/beta2")))
	_, _, err := r.render()
	require.ErrorContains(t, err, "rename "+r.path("rendered/beta")+" to "+r.path("rendered/beta2")+" too, and render with --adopt")
	require.NoError(t, os.Rename(r.path("rendered/beta"), r.path("rendered/beta2")))
	_, printed, err := r.render(func(o *render.Options) { o.Adopt = true })
	require.NoError(t, err)
	require.Empty(t, printed)
	require.Equal(t, before, r.read("rendered/beta2/manifests.yaml"))
	require.NoDirExists(t, r.path("rendered/beta"))
}

// TestANamespaceThatARenamedOverlayLeavesIsNamed changes the tenant, too.
func TestANamespaceThatARenamedOverlayLeavesIsNamed(t *testing.T) {
	r := newPlainRepo(t)
	r.overlay("alpha", "alpha", "{applicationNamespaces: [a, b], admins: [{kind: User, name: jo}]}", kustomization)
	r.run()
	require.NoError(t, os.RemoveAll(r.path("overlays/alpha")))
	r.overlay("alpha2", "alpha", "{applicationNamespaces: [a], admins: [{kind: User, name: jo}]}", kustomization)
	_, printed, err := r.render(func(o *render.Options) { o.Prune = true })
	require.NoError(t, err)
	require.Contains(t, printed, r.path("rendered/alpha")+": "+leaves("b"))
	require.Equal(t, 1, strings.Count(printed, "leaves the tenant"))
}
