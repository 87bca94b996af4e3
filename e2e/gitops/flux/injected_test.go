package flux_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/gitops"
	"github.com/stretchr/testify/require"
)

func TestApplicationsFromTheTenantsRepositoryAreInjected(t *testing.T) {
	c := claims(t, "Bookinfo and a gateway, committed to the tenant's own repository, get their proxies, and are ready")
	w := fromZero(t)
	text, err := w.Platform.Read("examples/bookinfo/application/bookinfo.yaml")
	require.NoError(t, err)
	files := map[string]string{"bookinfo.yaml": text, "gateway.yaml": gitops.Gateway, "kept.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: kept}}\n"}
	w.push(t, w.Applications["sales"], sources("ns-1")+"/applications", "Add Bookinfo", files)
	for _, app := range append([]string{"ingress"}, gitops.Bookinfo...) {
		c.Check(app, func(t *testing.T) {
			require.NoError(t, cluster.Eventually(patience, func() error { return w.Injected("ns-1", app, "istiod-sales.istio-system1.svc") }))
		})
	}
	// What is tried next has the place that these Pods had.
	w.push(t, w.Applications["sales"], sources("ns-1")+"/applications", "Remove Bookinfo",
		map[string]string{"bookinfo.yaml": "", "gateway.yaml": ""})
	c.Check("removed from the repository, it is pruned", func(t *testing.T) {
		require.NoError(t, cluster.Eventually(patience, func() error {
			left, err := w.admin().Items("/apis/apps/v1/namespaces/ns-1/deployments")
			if err == nil && len(left) > 0 {
				err = fmt.Errorf("ns-1 has %s", cluster.ID(left[0]))
			}
			return err
		}))
	})
}

func TestOneBuildIsInjected(t *testing.T) {
	c := claims(t, "A tenant that is added to Git, with Bookinfo and a gateway in one build with the control plane, gets their proxies, whatever the order in which Flux applies")
	w := fromZero(t)
	require.NoError(t, os.CopyFS(filepath.Join(w.Platform.Dir, "overlays/bookinfo"), os.DirFS(filepath.Join(w.Platform.Dir, "examples/bookinfo"))))
	overlay, err := w.Platform.Read("overlays/bookinfo/kustomization.yaml")
	require.NoError(t, err)
	require.NoError(t, w.Platform.Edit("overlays/bookinfo/kustomization.yaml", overlay, overlay+gitops.Small))
	require.NoError(t, w.Render())
	tenant, err := w.Platform.Read("examples/flux/sales.yaml")
	require.NoError(t, err)
	tenant, _, _ = strings.Cut(tenant, "\n---\n") // its applications are in its build
	list, err := w.Platform.Read("examples/flux/kustomization.yaml")
	require.NoError(t, err)
	commit := w.pushPlatform(t, "Add bookinfo", map[string]string{
		"examples/flux/bookinfo.yaml":      strings.ReplaceAll(tenant, "sales", "bookinfo"),
		"examples/flux/kustomization.yaml": strings.Replace(list, "- sales.yaml\n", "- sales.yaml\n- bookinfo.yaml\n", 1),
	})
	for _, app := range append([]string{"istio-ingressgateway"}, gitops.Bookinfo...) {
		c.Check(app, func(t *testing.T) {
			require.NoError(t, cluster.Eventually(2*patience, func() error { return w.Injected("bookinfo", app, "istiod-bookinfo.istio-bookinfo.svc") }))
		})
	}
	c.Check("the Kustomization is ready", func(t *testing.T) {
		require.NoError(t, cluster.Eventually(2*patience, func() error { return w.at("tenant-bookinfo", commit) }))
	})
}
