package gitops

import (
	"fmt"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
)

// Bookinfo are the applications of examples/bookinfo.
var Bookinfo = []string{"productpage", "details", "reviews", "ratings"}

// Gateway is one as Istio's documentation writes it; no registry is asked for its
// image. Its application is called ingress.
const Gateway = `
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

// Small is for the end of the kustomization of examples/bookinfo: it makes room on a
// small machine, asks no registry for the gateway's image, and needs no load balancer,
// for which both tools would wait.
const Small = `
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
- target: {kind: Service, name: istio-ingressgateway}
  patch: |
    - {op: replace, path: /spec/type, value: ClusterIP}
- target: {kind: Deployment, name: istio-ingressgateway}
  patch: |
    - {op: add, path: /spec/template/spec/containers/0/imagePullPolicy, value: IfNotPresent}
    - {op: replace, path: /spec/template/spec/containers/0/resources/requests, value: {cpu: 1m, memory: 16Mi}}
`

// Injected says whether an application has a Pod that is ready, each of its Pods has a
// proxy, and the proxy is of the control plane.
func (w *World) Injected(namespace, app, controlPlane string) error {
	pods, err := w.Node.Cluster.Admin.Items("/api/v1/namespaces/" + namespace + "/pods?labelSelector=app=" + app)
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
