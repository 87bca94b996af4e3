package argocd_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/gitops"
	"github.com/stretchr/testify/require"
)

const (
	tenantFile = "overlays/sales/tenant.yaml"
	overlay    = "overlays/sales/kustomization.yaml"
	// Without an update that waits for the new Pod, no old one is left.
	wrongImage = `
patches:
- target: {kind: Deployment, name: istiod}
  patch: |
    - op: replace
      path: /spec/strategy
      value: {type: Recreate}
    - op: replace
      path: /spec/template/spec/containers/0/image
      value: docker.io/istio/pilot:1.31.0-that-does-not-exist
`
)

func TestBrokenIstiod(t *testing.T) {
	c := claims(t, "A commit breaks a tenant's istiod, and a commit that repairs it is applied while no istiod of the tenant runs")
	w := theTenants(t)
	whole, err := w.Platform.Read(overlay)
	require.NoError(t, err)
	broken, err := w.Platform.Commit("Break the image of sales", map[string]string{overlay: whole + wrongImage})
	require.NoError(t, err)
	require.NoError(t, w.refresh("tenant-sales", "normal"))
	c.Check("the wrong image is applied, and no istiod of the tenant runs", func(t *testing.T) {
		require.NoError(t, cluster.Eventually(patience, func() error {
			app, err := w.application("tenant-sales")
			if err == nil && (app.Status.Sync.Revision != broken || app.Status.Health.Status == "Healthy") {
				err = fmt.Errorf("Application tenant-sales is %s at %s", app.Status.Health.Status, app.Status.Sync.Revision)
			}
			if err != nil {
				return err
			}
			pods, err := w.admin().Items("/api/v1/namespaces/istio-system1/pods?labelSelector=app=istiod")
			for _, pod := range pods {
				if cluster.MustBe(pod, "Ready") == nil {
					err = fmt.Errorf("%s is ready", cluster.ID(pod))
				}
			}
			return err
		}))
	})
	mended, err := w.Platform.Commit("Mend the image of sales", map[string]string{overlay: whole})
	require.NoError(t, err)
	c.Check("the commit that mends it is applied", func(t *testing.T) { require.NoError(t, w.deployed("tenant-sales", mended)) })
	c.Check("the other tenant is Synced and Healthy at it, too", func(t *testing.T) { require.NoError(t, w.deployed("tenant-dev", mended)) })
}

func TestBrokenTenant(t *testing.T) {
	c := claims(t, "If a tenant's file is wrong, nothing of the tenant is deleted, its Application reports the error, and other tenants continue")
	w := theTenants(t)
	whole, err := w.Platform.Read(tenantFile)
	require.NoError(t, err)
	before, err := w.owned("sales")
	require.NoError(t, err)
	broken, err := w.Platform.Commit("Break sales", map[string]string{tenantFile: whole + "  applicationNamespace: ns-1\n"})
	require.NoError(t, err)
	require.NoError(t, w.refresh("tenant-sales", "normal"))
	c.Check("the Application says which field is wrong", func(t *testing.T) {
		said, err := w.saying("tenant-sales", "spec.applicationNamespace")
		require.NoError(t, err)
		t.Log(said)
	})
	require.NoError(t, w.generate())
	c.Check("so does the ApplicationSet of the projects", func(t *testing.T) {
		require.NoError(t, cluster.Eventually(patience, func() error {
			set, err := w.admin().Get("/apis/argoproj.io/v1alpha1/namespaces/argocd/applicationsets/tenant-projects")
			if err == nil && !strings.Contains(fmt.Sprint(set.Object["status"]), "IstioTenant sales: spec.applicationNamespace: unknown field") {
				err = fmt.Errorf("its status is %v", set.Object["status"])
			}
			return err
		}))
	})
	c.Check("the other tenant is Synced and Healthy at the commit", func(t *testing.T) { require.NoError(t, w.deployed("tenant-dev", broken)) })
	w.CheckKept(c.Verify, before)
	mended, err := w.Platform.Commit("Mend sales", map[string]string{tenantFile: whole})
	require.NoError(t, err)
	c.Check("a commit mends it", func(t *testing.T) { require.NoError(t, w.deployed("tenant-sales", mended)) })
}

func TestANamespaceIsTakenOut(t *testing.T) {
	c := claims(t, "A Namespace that is removed from a tenant's file stays with its content, while the objects that were rendered into it are pruned, even if the tenant has written annotations about confirmation. The command of docs/gitops.md deletes it")
	w := theTenants(t)
	whole, err := w.Platform.Read(tenantFile)
	require.NoError(t, err)
	more := gitops.WithSpare(whole)
	require.NotEqual(t, whole, more)
	added, err := w.Platform.Commit("Give sales a namespace", map[string]string{tenantFile: more})
	require.NoError(t, err)
	require.NoError(t, w.deployed("tenant-sales", added))
	require.NoError(t, w.FillSpare())
	c.Check("its NetworkPolicy, made anew, is taken over by Argo CD with the option Prune=confirm", w.makesAnew)
	taken, err := w.Platform.Commit("Take the namespace out", map[string]string{tenantFile: whole})
	require.NoError(t, err)
	require.NoError(t, w.refresh("tenant-sales", "normal"))
	w.CheckSpareStays(func(name string, f func(*testing.T)) { c.Check(name, f) }, patience)
	c.Check("the Application is Synced and Healthy then", func(t *testing.T) { require.NoError(t, w.deployed("tenant-sales", taken)) })
}

// makesAnew has a NetworkPolicy that was rendered into gitops.Spare made anew, so that it
// asks Argo CD to wait before it is pruned. The tenant's administrator is refused, and the
// rest is as if it were not.
func (w *world) makesAnew(t *testing.T) {
	const (
		policies = "/apis/networking.k8s.io/v1/namespaces/" + gitops.Spare + "/networkpolicies"
		path     = policies + "/allow-tenant"
		options  = "argocd.argoproj.io/sync-options"
		confirm  = "Prune=confirm"
	)
	answer, err := w.admin().Impersonate("sales-admin", "", http.MethodDelete, path, "")
	require.NoError(t, err)
	require.ErrorContains(t, answer.Error(), "istio-tenancy-rendered")
	admin := func(method, path, body string) {
		answer, err := w.admin().Do(method, path, body)
		require.NoError(t, errors.Join(err, answer.Error()))
	}
	admin(http.MethodDelete, path, "")
	admin(http.MethodPost, policies, `{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy",
"metadata":{"name":"allow-tenant","annotations":{"`+options+`":"`+confirm+`"}},"spec":{"podSelector":{}}}`)
	require.NoError(t, cluster.Eventually(patience, func() error {
		policy, err := w.admin().Get(path)
		if err == nil && (policy.GetLabels()["istio-tenancy.dev/tenant"] != "sales" || policy.GetAnnotations()[options] != confirm) {
			err = fmt.Errorf("%s has the labels %v and the annotations %v", path, policy.GetLabels(), policy.GetAnnotations())
		}
		return err
	}))
}
