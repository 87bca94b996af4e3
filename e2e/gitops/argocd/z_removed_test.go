//go:build argocd

package argocd_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

// TestRemoved is the last one: dev is gone after it, for Argo CD.
func TestRemoved(t *testing.T) {
	c := claims(t, "A tenant whose directory is removed loses its Application and nothing else")
	w := theTenants(t)
	before, err := w.owned("dev")
	require.NoError(t, err)
	_, err = w.Platform.Git("rm", "-r", "--quiet", "overlays/dev")
	require.NoError(t, err)
	left, err := w.Platform.Commit("Remove dev", nil)
	require.NoError(t, err)
	for _, set := range []string{"tenants", "tenant-projects"} {
		require.NoError(t, w.annotate("/apis/argoproj.io/v1alpha1/namespaces/argocd/applicationsets/"+set, "argocd.argoproj.io/application-set-refresh", "true"))
	}
	for _, name := range []string{"tenant-dev", "project-dev"} {
		c.Check("Application "+name+" is gone", func(t *testing.T) {
			require.NoError(t, cluster.Eventually(patience, func() error {
				answer, err := w.admin().Do(http.MethodGet, applications+"/"+name, "")
				if err == nil && answer.Code != http.StatusNotFound {
					err = errors.New("it is there")
				}
				return err
			}))
		})
	}
	c.Check("everything of the tenant is there", func(t *testing.T) {
		after, err := w.owned("dev")
		require.NoError(t, err)
		require.Equal(t, before, after)
	})
	c.Check("the other tenant is Synced and Healthy at the commit", func(t *testing.T) { require.NoError(t, w.deployed("tenant-sales", left)) })
}
