package flux_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/gitops"
	"github.com/stretchr/testify/require"
)

func TestABrokenIstiodIsRepairedFromGit(t *testing.T) {
	c := claims(t, "While a tenant's istiod is down, a commit that repairs it is applied. Other tenants are not affected")
	w := fromZero(t)
	good, err := w.Platform.Read("overlays/sales/kustomization.yaml")
	require.NoError(t, err)
	broken := good + "images: [{name: docker.io/istio/pilot, newTag: 1.31.0-that-does-not-exist}]\n"
	require.NoError(t, w.Platform.Edit("overlays/sales/kustomization.yaml", good, broken))
	require.NoError(t, w.Render())
	commit := w.pushPlatform(t, "Break sales", nil)
	c.Check("the other tenant is at the broken commit", func(t *testing.T) {
		require.NoError(t, cluster.Eventually(patience, func() error { return w.at("tenant-dev", commit) }))
	})
	// The old Pod goes on until the new one is ready; somebody deletes it.
	require.NoError(t, cluster.Eventually(patience, func() error { return w.runs("that-does-not-exist") }))
	const deployment = "/apis/apps/v1/namespaces/istio-system1/deployments/istiod-sales"
	answer, err := w.admin().Do(http.MethodDelete, deployment, "")
	require.NoError(t, err)
	require.NoError(t, answer.Error())
	c.Check("nothing of istiod answers", func(t *testing.T) {
		require.NoError(t, cluster.Eventually(patience, func() error { return w.noEndpoints() }))
	})
	require.NoError(t, w.Platform.Edit("overlays/sales/kustomization.yaml", broken, good))
	require.NoError(t, w.Render())
	commit = w.pushPlatform(t, "Mend sales", nil)
	c.Check("the commit that mends it is applied", func(t *testing.T) {
		require.NoError(t, cluster.Eventually(patience, func() error { return w.at("tenant-sales", commit) }))
		require.NoError(t, w.Node.Available("istio-system1", "istiod-sales", patience))
	})
}

// runs says whether istiod of sales was told to run an image.
func (w *world) runs(tag string) error {
	pods, err := w.admin().Items("/api/v1/namespaces/istio-system1/pods?labelSelector=app=istiod")
	if err != nil {
		return err
	}
	for _, pod := range pods {
		if strings.Contains(fmt.Sprint(pod.Object["spec"]), tag) {
			return nil
		}
	}
	return fmt.Errorf("no Pod of istiod-sales has the image %s", tag)
}

func TestABrokenTenantChangesNothing(t *testing.T) {
	c := claims(t, "A wrong tenant.yaml is not rendered, and nothing of the tenant is deleted. The status of the Kustomization reports a wrong rendered file, and other tenants continue")
	w := fromZero(t)
	before, err := w.inventory("tenant-sales")
	require.NoError(t, err)
	good, err := w.Platform.Read("overlays/sales/tenant.yaml")
	require.NoError(t, err)
	broken := strings.Replace(good, "applicationNamespaces:", "applicationNamespace:", 1)
	require.NotEqual(t, good, broken)

	require.NoError(t, w.Platform.Edit("overlays/sales/tenant.yaml", good, broken))
	c.Check("render says what is wrong", func(t *testing.T) { require.ErrorContains(t, w.Render(), "applicationNamespace") })
	commit := w.pushPlatform(t, "Break the tenant sales", nil)
	for _, name := range ofTheTenants {
		c.Check(name+" is as it was", func(t *testing.T) {
			require.NoError(t, cluster.Eventually(patience, func() error { return w.at("tenant-"+name, commit) }))
		})
	}
	w.checkSame(c.T, c.Verify, before)
	require.NoError(t, w.Platform.Edit("overlays/sales/tenant.yaml", broken, good))

	rendered, err := w.rendered("sales")
	require.NoError(t, err)
	text, err := w.Platform.Read(rendered)
	require.NoError(t, err)
	commit = w.pushPlatform(t, "Break what is rendered", map[string]string{rendered: text + "\n<<<<<<< HEAD\n"})
	c.Check("the status says what is wrong", func(t *testing.T) {
		require.NoError(t, cluster.Eventually(patience, func() error {
			message, err := w.fails(kustomization("tenant-sales"))
			if err == nil {
				t.Log(message)
			}
			return err
		}))
	})
	c.Check("the other tenant goes on", func(t *testing.T) {
		require.NoError(t, cluster.Eventually(patience, func() error { return w.at("tenant-dev", commit) }))
	})
	w.checkSame(c.T, c.Verify, before)
	require.NoError(t, w.Render())
	commit = w.pushPlatform(t, "Render again", nil)
	c.Check("rendered again, it is applied", func(t *testing.T) {
		require.NoError(t, cluster.Eventually(patience, func() error { return w.at("tenant-sales", commit) }))
	})
}

func TestANamespaceIsTakenOut(t *testing.T) {
	c := claims(t, "A Namespace that is removed from a tenant's file stays with its content, while the objects that were rendered into it are pruned. The command of docs/gitops.md deletes it")
	w := fromZero(t)
	const file = "overlays/sales/tenant.yaml"
	whole, err := w.Platform.Read(file)
	require.NoError(t, err)
	more := gitops.WithSpare(whole)
	require.NotEqual(t, whole, more)
	require.NoError(t, w.Platform.Edit(file, whole, more))
	require.NoError(t, w.Render())
	commit := w.pushPlatform(t, "Give sales a namespace", nil)
	require.NoError(t, cluster.Eventually(patience, func() error { return w.at("tenant-sales", commit) }))
	require.NoError(t, w.FillSpare())
	require.NoError(t, w.Platform.Edit(file, more, whole))
	require.NoError(t, w.Render())
	commit = w.pushPlatform(t, "Take the namespace out", nil)
	c.Check("the commit is applied", func(t *testing.T) {
		require.NoError(t, cluster.Eventually(patience, func() error { return w.at("tenant-sales", commit) }))
	})
	w.CheckSpareStays(func(name string, f func(*testing.T)) { c.Check(name, f) }, patience)
}

// checkSame checks that all objects are there, as they were.
func (w *world) checkSame(t *testing.T, verify func(bool, string, ...any) bool, before []*cluster.Object) {
	t.Helper()
	for _, object := range before {
		after, err := w.admin().Read(object)
		if err == nil {
			err = same(object, after)
		}
		verify(err == nil, "%v", err)
	}
}
