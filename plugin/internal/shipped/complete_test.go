package shipped_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/Masterminds/semver/v3"
	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// TestTheClusterRolesOfATenantWithEverything holds each right in the cluster against
// the catalogue, which must give it a reason. Rights to kinds with a namespace are
// istiod's alone, and only where it lists the cluster.
func TestTheClusterRolesOfATenantWithEverything(t *testing.T) {
	version := semver.MustParse("1.31.0")
	at := slices.IndexFunc(istio.Components, func(c istio.Component) bool { return c.Discovery && c.Holds(version) })
	rows := istio.Components[at].RightsIn(version)
	for _, mode := range istio.Modes {
		if !mode.Holds(version) {
			continue
		}
		t.Run(string(mode.Name), func(t *testing.T) {
			root := t.TempDir()
			for _, part := range []string{"bases", "examples"} {
				require.NoError(t, os.CopyFS(filepath.Join(root, part), os.DirFS(part)))
			}
			dir := filepath.Join(root, "examples/complete")
			replaceIn(t, filepath.Join(dir, "tenant.yaml"), "spec:\n", "spec:\n  discovery: "+string(mode.Name)+"\n")
			if mode.Name == v1alpha1.DiscoveryProxy {
				replaceIn(t, filepath.Join(dir, "control-plane.yaml"), "part: control-plane\n", "part: control-plane\n  apiProxy: {image: \"registry.example/istio-tenancy:1.0\"}\n")
			}
			objects := buildQuietly(t, dir)
			listed := 0
			for _, role := range object.Of("ClusterRole", objects) {
				for _, rule := range object.List(role, "rules") {
					for _, group := range object.Strings(rule, "apiGroups") {
						for _, resource := range object.Strings(rule, "resources") {
							i := slices.IndexFunc(rows, func(r istio.Right) bool { return r.Fits(group, resource) })
							require.GreaterOrEqual(t, i, 0, "%s: %s/%s", role.GetName(), group, resource)
							require.NotEmpty(t, rows[i].Why)
							for _, verb := range object.Strings(rule, "verbs") {
								place := rows[i].Write
								if slices.Contains([]string{"get", "list", "watch"}, verb) {
									place = rows[i].Read
								}
								require.True(t, place.In(mode).OfNobody() || place.In(mode).ByName(), "%s: %s %s/%s", role.GetName(), verb, group, resource)
								if place == istio.Watched || place == istio.WatchedAndControlPlane {
									listed++
								}
							}
						}
					}
				}
			}
			require.Equal(t, mode.Lists, listed > 0, "%d rights to kinds with a namespace", listed)
			for _, binding := range object.Of("ClusterRoleBinding", objects) {
				require.NotNil(t, find(objects, "ClusterRole", "", object.String(binding, "roleRef", "name")))
				for _, subject := range object.List(binding, "subjects") {
					require.Equal(t, "istio-bookshop/istiod-bookshop", object.String(subject, "namespace")+"/"+object.String(subject, "name"))
				}
			}
		})
	}
}
