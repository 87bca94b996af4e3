//go:build argocd

package argocd_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/gitops"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// bookinfo are the Services of Istio's example.
var bookinfo = []string{"productpage", "details", "reviews", "ratings"}

const serviceYAML = `---
apiVersion: v1
kind: Service
metadata: {name: $NAME}
spec:
  selector: {app: $NAME}
  ports: [{name: http, port: 9080}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: $NAME-v1}
spec:
  selector: {matchLabels: {app: $NAME, version: v1}}
  template:
    metadata:
      labels: {app: $NAME, version: v1}
      annotations: {sidecar.istio.io/proxyCPU: 1m, sidecar.istio.io/proxyMemory: 16Mi}
    spec:
      containers:
      - {name: $NAME, image: "docker.io/istio/examples-bookinfo-$NAME-v1:1.20.3"}
`

// gatewayYAML is as Istio's documentation writes a gateway. Where there is no registry,
// an image without a tag must not be asked for.
const gatewayYAML = `---
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

func TestInjected(t *testing.T) {
	c := claims(t, "Bookinfo and a gateway of a tenant's own repository, in the tenant's project, are Synced and Healthy, and have their sidecars")
	w := theTenants(t)
	text := gatewayYAML
	for _, name := range bookinfo {
		text += strings.ReplaceAll(serviceYAML, "$NAME", name)
	}
	commit, err := w.Applications["sales"].Commit("Add Bookinfo", map[string]string{"bookinfo/bookinfo.yaml": text})
	require.NoError(t, err)
	objects, err := cluster.Parse([]byte(bookinfoApplication))
	require.NoError(t, err)
	_, err = w.admin().Apply(objects)
	require.NoError(t, err)
	c.Check("the Application is Synced and Healthy", func(t *testing.T) { require.NoError(t, w.deployed("sales-bookinfo", commit)) })
	pods, err := w.admin().Items("/api/v1/namespaces/ns-1/pods")
	require.NoError(t, err)
	require.Len(t, pods, len(bookinfo)+1)
	for _, pod := range pods {
		c.Check(pod.GetLabels()["app"], func(t *testing.T) { require.NoError(t, injected(pod)) })
	}
}

// injected says whether istiod has seen a Pod, and has put its proxy's image into it.
func injected(pod *cluster.Object) error {
	if pod.GetAnnotations()["sidecar.istio.io/status"] == "" {
		return fmt.Errorf("%s: metadata.annotations: has no sidecar.istio.io/status", cluster.ID(pod))
	}
	for _, list := range []string{"containers", "initContainers"} {
		containers, _, err := unstructured.NestedSlice(pod.Object, "spec", list)
		if err != nil {
			return err
		}
		for _, container := range containers {
			c, _ := container.(map[string]any)
			if image, _ := c["image"].(string); c["name"] == "istio-proxy" && strings.Contains(image, "proxyv2") {
				return nil
			}
		}
	}
	return fmt.Errorf("%s: has no container istio-proxy", cluster.ID(pod))
}
