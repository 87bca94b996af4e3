package render_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render"
)

// TestATenantThatIsTooDeepIsNamed: check would read it, and nothing would be applied.
func TestATenantThatIsTooDeepIsNamed(t *testing.T) {
	r := newPlainRepo(t)
	r.teams("alpha")
	_, printed, err := r.render()
	require.NoError(t, err)
	require.Empty(t, printed)

	const spec = "{admins: [{kind: User, name: jo}]}"
	r.overlay("team/inner", "inner", spec, kustomization)
	r.overlay("team/deep/other", "other", spec, kustomization)
	require.NoError(t, os.Rename(r.path("overlays/team/deep/other/tenant.yaml"), r.path("overlays/team/deep/other/it.yaml")))
	r.write("overlays/team/deep/other/kustomization.yaml", "transformers: [it.yaml]\n")
	r.overlay("team/.hidden", "hidden", spec, kustomization)
	r.overlay("alpha/part", "part", spec, kustomization) // is the overlay's own
	for _, check := range []bool{true, false} {
		summary, printed, err := r.render(func(o *render.Options) { o.Check = check })
		require.NoError(t, err)
		require.Equal(t, 1, summary.Overlays)
		says := func(dir, parent string) string {
			return r.path("overlays", dir) + ": has a tenant and is not rendered: must be directly in " + r.path("overlays") +
				"; or name its parent directory, " + r.path("overlays", parent) + ", as well"
		}
		require.Equal(t, says("team/deep/other", "team/deep")+"\n"+says("team/inner", "team"), printed)
	}

	r.overlay("team/inner", "inner", spec, strings.Replace(kustomization, "../../", "../../../", 1))
	require.NoError(t, os.RemoveAll(r.path("overlays/team/deep")))
	summary, printed, err := r.render(func(o *render.Options) { o.Overlays = []string{r.path("overlays"), r.path("overlays/team")} })
	require.NoError(t, err)
	require.Equal(t, 2, summary.Overlays)
	require.NotContains(t, printed, "is not rendered")
}
