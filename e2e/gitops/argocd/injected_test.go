package argocd_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/gitops"
	"github.com/stretchr/testify/require"
)

const bookinfoApplication = `
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: sales-bookinfo, namespace: argocd}
spec:
  project: tenant-sales
  source: {repoURL: "` + gitops.URL + `sales/applications.git", targetRevision: main, path: bookinfo}
  destination: {server: "https://kubernetes.default.svc", namespace: ns-1}
  syncPolicy: {automated: {prune: true, selfHeal: true}}
`

func TestApplicationsFromTheTenantsRepositoryAreInjected(t *testing.T) {
	c := claims(t, "Bookinfo and a gateway of a tenant's own repository, in the tenant's project, are Synced and Healthy, and have their proxies")
	w := theTenants(t)
	text, err := w.Platform.Read("examples/bookinfo/application/bookinfo.yaml")
	require.NoError(t, err)
	sales := w.Applications["sales"]
	commit, err := sales.Commit("Add Bookinfo", map[string]string{"bookinfo/bookinfo.yaml": text, "bookinfo/gateway.yaml": gitops.Gateway})
	require.NoError(t, err)
	objects, err := cluster.Parse([]byte(bookinfoApplication))
	require.NoError(t, err)
	_, err = w.admin().Apply(objects)
	require.NoError(t, err)
	for _, app := range append([]string{"ingress"}, gitops.Bookinfo...) {
		c.Check(app, func(t *testing.T) {
			require.NoError(t, cluster.Eventually(patience, func() error { return w.Injected("ns-1", app, "istiod-sales.istio-system1.svc") }))
		})
	}
	c.Check("the Application is Synced and Healthy", func(t *testing.T) { require.NoError(t, w.deployed("sales-bookinfo", commit)) })
	// What is tried next has the place that these Pods had.
	commit, err = sales.Commit("Remove Bookinfo", map[string]string{
		"bookinfo/bookinfo.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: left}\n", "bookinfo/gateway.yaml": "",
	})
	require.NoError(t, err)
	c.Check("removed from the repository, it is pruned", func(t *testing.T) {
		require.NoError(t, w.deployed("sales-bookinfo", commit))
		require.NoError(t, cluster.Eventually(patience, func() error {
			left, err := w.admin().Items("/apis/apps/v1/namespaces/ns-1/deployments")
			if err == nil && len(left) > 0 {
				err = fmt.Errorf("ns-1 has %s", cluster.ID(left[0]))
			}
			return err
		}))
	})
	require.NoError(t, w.admin().Delete(objects))
}

func TestOneBuildIsInjected(t *testing.T) {
	c := claims(t, "A tenant that is one new directory in Git, with Bookinfo and a gateway in one build with the control plane, is Synced and Healthy, and has its proxies, whatever the order in which Argo CD applies")
	w := theTenants(t)
	require.NoError(t, os.CopyFS(filepath.Join(w.Platform.Dir, "overlays/bookinfo"), os.DirFS(filepath.Join(w.Platform.Dir, "examples/bookinfo"))))
	overlay, err := w.Platform.Read("overlays/bookinfo/kustomization.yaml")
	require.NoError(t, err)
	commit, err := w.Platform.Commit("Add bookinfo", map[string]string{"overlays/bookinfo/kustomization.yaml": overlay + gitops.Small})
	require.NoError(t, err)
	require.NoError(t, w.generate())
	for _, name := range []string{"tenant-bookinfo", "project-bookinfo"} {
		c.Check(name, func(t *testing.T) {
			require.NoError(t, cluster.Eventually(patience, func() error { _, err := w.application(name); return err }))
			require.NoError(t, w.deployed(name, commit))
		})
	}
	for _, app := range append([]string{"istio-ingressgateway"}, gitops.Bookinfo...) {
		c.Check(app, func(t *testing.T) {
			require.NoError(t, cluster.Eventually(patience, func() error { return w.Injected("bookinfo", app, "istiod-bookinfo.istio-bookinfo.svc") }))
		})
	}
}
