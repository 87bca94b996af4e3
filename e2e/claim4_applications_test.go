package e2e

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
)

// The example is of sales, which the cluster has.
func TestApplicationsApart(t *testing.T) {
	c := claims(t, "Applications that are built separately from their tenant's control plane can be applied by the tenant's own administrator, and change nothing of the control plane. The API server refuses their base without the transformer")
	w := theWorld(t)
	sales := w.tenants["sales"]
	objects, err := w.source.Render("examples/applications")
	require.NoError(t, err)
	c.check("nothing but what the overlay brings", func(t *testing.T) {
		var ids []string
		for _, o := range objects {
			ids = append(ids, cluster.ID(o))
			require.Equal(t, "sales", o.GetLabels()["istio-tenancy.dev/tenant"])
		}
		require.ElementsMatch(t, []string{"Service ns-1/web", "Deployment ns-1/web", "VirtualService ns-1/web"}, ids)
	})
	c.check("the tenant's administrator applies them", func(t *testing.T) {
		_, err := w.cluster.As(sales.admin).Apply(objects)
		require.NoError(t, err)
	})
	t.Cleanup(func() { require.NoError(t, w.cluster.Admin.Delete(objects)) })
	c.check("their Pod gets its proxy", func(t *testing.T) {
		require.NoError(t, cluster.Eventually(patience, func() error {
			pods, err := w.cluster.Admin.Items("/api/v1/namespaces/ns-1/pods?labelSelector=app=web")
			if err != nil {
				return err
			}
			if len(pods) == 0 {
				return errors.New("no Pod yet")
			}
			return proxied(pods[0])
		}))
	})
	c.check("the control plane's build, again", func(t *testing.T) {
		settled(t, w.cluster, sales)
		unchanged(t, w.cluster, sales.objects)
	})
	c.check("the base by itself is refused", func(t *testing.T) {
		text, err := w.source.Build("bases/istio/applications", "--enable-alpha-plugins", "--enable-exec")
		require.NoError(t, err)
		base, err := cluster.Parse(text)
		require.NoError(t, err)
		require.Len(t, base, 2)
		for _, o := range base {
			_, err := w.cluster.Admin.Apply([]*cluster.Object{o})
			require.ErrorContains(t, err, "ISTIO_TENANT_NAMESPACE")
		}
	})
}
