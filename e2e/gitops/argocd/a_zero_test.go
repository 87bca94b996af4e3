package argocd_test

import (
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/gitops"
	"github.com/stretchr/testify/require"
)

func TestFromZero(t *testing.T) {
	c := claims(t, "From an empty cluster with Argo CD, which acts with the accounts of its projects, one `kubectl apply "+
		"-k examples/argocd` makes every tenant Synced and Healthy, and a second comparison changes nothing")
	w := theWorld(t)
	require.NoError(t, w.fromZero())
	for _, name := range shipped {
		c.Check(name, func(t *testing.T) {
			require.NoError(t, cluster.Eventually(patience, func() error { return w.settled(name) }))
		})
	}
	c.Check("istiod runs, and has written its certificate where Argo CD applied none", func(t *testing.T) {
		for tenant, namespace := range gitops.ControlPlanes {
			require.NoError(t, w.Node.Available(namespace, "istiod-"+tenant, patience))
			require.NoError(t, cluster.Eventually(patience, func() error { return w.Certified(tenant) }))
		}
	})
	before := map[string]application{}
	for _, name := range shipped {
		app, err := w.application(name)
		require.NoError(t, err)
		before[name] = app
	}
	begin, err := w.Node.Cluster.Requests("")
	require.NoError(t, err)
	for _, name := range shipped {
		c.Check(name+" is rendered again, stays Synced, and is not synced again", func(t *testing.T) {
			require.NoError(t, w.refresh(name, "hard"))
			app, err := w.application(name)
			require.NoError(t, err)
			require.NoError(t, w.settled(name))
			require.NotEqual(t, before[name].Status.ReconciledAt, app.Status.ReconciledAt)
			require.Equal(t, before[name].Status.History, app.Status.History)
		})
	}
	c.Check("Argo CD has written to nothing but to its own kinds", func(t *testing.T) {
		all, err := w.Node.Cluster.Requests("")
		require.NoError(t, err)
		for _, request := range all[len(begin):] {
			if !strings.HasPrefix(request.User, "system:serviceaccount:argocd:") || request.Group == "argoproj.io" || request.Resource == "events" {
				continue
			}
			require.NotContains(t, []string{"create", "update", "patch", "delete"}, request.Verb, request)
		}
	})
}
