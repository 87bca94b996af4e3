//go:build argocd

package argocd_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

// TestDrift changes one object of each kind by hand: the value of a label that it was
// rendered with.
func TestDrift(t *testing.T) {
	c := claims(t, "One object of each kind that is rendered, changed by hand, is as rendered again")
	w := theTenants(t)
	common, err := w.Source().Render("bases/istio/common")
	require.NoError(t, err)
	sales, err := w.Source().Render("overlays/sales")
	require.NoError(t, err)
	type change struct{ path, label, value string }
	changes := map[string]change{}
	for _, object := range append(common, sales...) {
		labels := object.GetLabels()
		for _, label := range slices.Sorted(maps.Keys(labels)) {
			path, err := w.admin().Path(object)
			require.NoError(t, err)
			changes[object.GetKind()] = change{path, label, labels[label]}
			break
		}
	}
	for kind, change := range changes {
		answer, err := w.admin().Do(http.MethodPatch, change.path, fmt.Sprintf(`{"metadata":{"labels":{%q:"drift"}}}`, change.label))
		require.NoError(t, err)
		require.NoError(t, answer.Error(), kind)
	}
	for kind, change := range changes {
		c.Check(kind, func(t *testing.T) {
			require.NoError(t, cluster.Eventually(patience, func() error {
				object, err := w.admin().Get(change.path)
				if err == nil && object.GetLabels()[change.label] != change.value {
					err = fmt.Errorf("%s: metadata.labels: found %s=%s, right is %s", cluster.ID(object), change.label, object.GetLabels()[change.label], change.value)
				}
				return err
			}))
		})
	}
	c.Check("what was deleted is there again", func(t *testing.T) {
		path := "/apis/networking.k8s.io/v1/namespaces/ns-1/networkpolicies"
		policies, err := w.admin().Items(path)
		require.NoError(t, err)
		require.NotEmpty(t, policies)
		require.NoError(t, w.admin().Delete(policies[:1]))
		require.NoError(t, cluster.Eventually(patience, func() error {
			_, err := w.admin().Get(path + "/" + policies[0].GetName())
			return err
		}))
	})
}
