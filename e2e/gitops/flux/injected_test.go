package flux_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

// gateway is one as Istio's documentation writes it; no registry is asked for its image.
const gateway = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ingress}
spec:
  selector: {matchLabels: {app: ingress}}
  template:
    metadata:
      annotations: {inject.istio.io/templates: gateway}
      labels: {app: ingress, sidecar.istio.io/inject: "true"}
    spec:
      containers:
      - name: istio-proxy
        image: auto
        imagePullPolicy: IfNotPresent
        resources: {requests: {cpu: 1m, memory: 16Mi}}
`

var bookinfo = []string{"productpage", "details", "reviews", "ratings"}

func TestApplicationsFromTheTenantsRepositoryAreInjected(t *testing.T) {
	c := claims(t, "Bookinfo and a gateway, committed to the tenant's own repository, get their proxies, and are ready")
	w := fromZero(t)
	text, err := w.Platform.Read("examples/bookinfo/bookinfo.yaml")
	require.NoError(t, err)
	files := map[string]string{"kustomization.yaml": "resources: [bookinfo.yaml, gateway.yaml]\n", "bookinfo.yaml": text, "gateway.yaml": gateway}
	w.push(t, w.Applications["sales"], sources("ns-1")+"/applications", "Add Bookinfo", files)
	for _, app := range append([]string{"ingress"}, bookinfo...) {
		c.Check(app, func(t *testing.T) {
			require.NoError(t, cluster.Eventually(patience, func() error { return w.injected("ns-1", app, "istiod-sales.istio-system1.svc") }))
		})
	}
	// What is tried next has the place that these Pods had.
	w.push(t, w.Applications["sales"], sources("ns-1")+"/applications", "Remove Bookinfo",
		map[string]string{"kustomization.yaml": "resources: []\n", "bookinfo.yaml": "", "gateway.yaml": ""})
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

// injected says whether an application has a Pod that is ready, each of its Pods has a
// proxy, and the proxy is of the control plane.
func (w *world) injected(namespace, app, controlPlane string) error {
	pods, err := w.admin().Items("/api/v1/namespaces/" + namespace + "/pods?labelSelector=app=" + app)
	if err != nil {
		return err
	}
	if len(pods) == 0 {
		return fmt.Errorf("%s/%s has no Pod", namespace, app)
	}
	for _, pod := range pods {
		if _, found := pod.GetAnnotations()["sidecar.istio.io/status"]; !found {
			return fmt.Errorf("%s has no proxy", cluster.ID(pod))
		}
		if spec := fmt.Sprint(pod.Object["spec"]); !strings.Contains(spec, controlPlane) || !strings.Contains(spec, "docker.io/istio/proxyv2:1.31.0") {
			return fmt.Errorf("%s has another proxy: %s", cluster.ID(pod), spec)
		}
		if err := cluster.MustBe(pod, "Ready"); err != nil {
			return err
		}
	}
	return nil
}

// small makes room on a small machine, and asks no registry for the gateway's image.
const small = `
patches:
- target: {kind: Deployment}
  patch: |
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: any}
    spec:
      template:
        metadata:
          annotations: {sidecar.istio.io/proxyCPU: 1m, sidecar.istio.io/proxyMemory: 16Mi}
- target: {kind: Deployment, name: istiod}
  patch: |
    - {op: replace, path: /spec/template/spec/containers/0/resources/requests, value: {cpu: 10m, memory: 64Mi}}
- target: {kind: Deployment, name: istio-ingressgateway}
  patch: |
    - {op: add, path: /spec/template/spec/containers/0/imagePullPolicy, value: IfNotPresent}
    - {op: replace, path: /spec/template/spec/containers/0/resources/requests, value: {cpu: 1m, memory: 16Mi}}
`

func TestOneBuildIsInjected(t *testing.T) {
	c := claims(t, "A tenant that is added to Git, with Bookinfo and a gateway in one build with the control plane, gets their proxies, whatever the order in which Flux applies")
	w := fromZero(t)
	require.NoError(t, os.CopyFS(filepath.Join(w.Platform.Dir, "overlays/bookinfo"), os.DirFS(filepath.Join(w.Platform.Dir, "examples/bookinfo"))))
	overlay, err := w.Platform.Read("overlays/bookinfo/kustomization.yaml")
	require.NoError(t, err)
	require.NoError(t, w.Platform.Edit("overlays/bookinfo/kustomization.yaml", overlay, overlay+small))
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
	for _, app := range append([]string{"istio-ingressgateway"}, bookinfo...) {
		c.Check(app, func(t *testing.T) {
			require.NoError(t, cluster.Eventually(2*patience, func() error { return w.injected("bookinfo", app, "istiod-bookinfo.istio-bookinfo.svc") }))
		})
	}
	c.Check("the Kustomization is ready", func(t *testing.T) {
		require.NoError(t, cluster.Eventually(2*patience, func() error { return w.at("tenant-bookinfo", commit) }))
	})
}
