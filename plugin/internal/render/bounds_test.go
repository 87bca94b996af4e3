package render_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/regular"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render"
)

func TestAnOverlayThatFillsTheMemoryFailsAndOthersAreRendered(t *testing.T) {
	r := newPlainRepo(t)
	r.teams("ape", "bee")
	var doublings []string
	for i := range 30 {
		doublings = append(doublings, fmt.Sprintf(`{"op": "copy", "from": "/metadata", "path": "/metadata/labels/b%d"}`, i))
	}
	r.overlay("cat", "cat", "{admins: [{kind: User, name: jo}]}", kustomization+
		"patches: [{target: {kind: Service}, patch: '["+strings.Join(doublings, ", ")+"]'}]\n")
	little := func(o *render.Options) { o.Allow.Memory = 256 << 20 }
	summary, _, err := r.render(little)
	require.ErrorContains(t, err, r.path("overlays/cat")+": its build uses ")
	require.ErrorContains(t, err, " of memory: must use at most 256Mi; ")
	require.Equal(t, 1, strings.Count(err.Error(), "\n")+1)
	require.Equal(t, 1, summary.Failed)
	r.same("ape")
	r.same("bee")
	require.NoDirExists(t, r.path("rendered/cat"))
}

// What is parsed before the builds, in the program itself, is small.
func TestALargeConfigurationIsNotRead(t *testing.T) {
	padding := strings.Repeat("# padding\n", regular.LargestConfiguration/10+1)
	for name, file := range map[string]string{"the kustomization": "kustomization.yaml", "the tenant": "tenant.yaml"} {
		t.Run(name, func(t *testing.T) {
			r := newPlainRepo(t)
			r.teams("ape", "bee")
			path := filepath.Join("overlays/bee", file)
			r.write(path, r.read(path)+padding)
			info, err := os.Stat(r.path(path))
			require.NoError(t, err)
			_, _, err = r.render()
			require.ErrorContains(t, err, file+fmt.Sprintf(": has %d bytes: must have at most %d", info.Size(), regular.LargestConfiguration))
			require.NotContains(t, err.Error(), "overlays/ape")
			r.same("ape")
		})
	}
}
