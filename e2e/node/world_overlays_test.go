package node_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// writeOverlays makes the overlays of the tenants of what is shipped, and that of lab.
func (w *world) writeOverlays() error {
	return errors.Join(
		w.source.CopyTenant("sales", "fin", "sales", "fin", "istio-system1", "istio-system4", "- ns-1", "- ns-5\n  - ns-6\n  discovery: proxy"),
		w.source.CopyTenant("sales", "lab", "sales", "lab", "istio-system1", "istio-system5", "- ns-1", "- ns-7\n  - ns-8\n  discovery: proxy"),
		w.source.Add("lab", patches(withProxy, withSmallIstiod)),
		w.source.List("fin", "../../bases/istio/addons"),
		w.source.Add("fin", patches(withProxy, withSmallAddons)),
		w.source.List("dev", "../../bases/istio/gateway"),
		w.source.Add("dev", patches(withGatewayImage)),
		w.source.Edit("sales", "spec:\n", "spec:\n  network:\n    allowFrom: [monitoring]\n"),
		w.source.List("sales", "ingress.yaml"),
		w.source.List("sales", "../../bases/istio/addons"),
		w.source.Add("sales", patches(withSmallAddons)),
		os.WriteFile(filepath.Join(w.source.Dir, "overlays/sales/ingress.yaml"), []byte(ingress), 0o644),
	)
}

// patches is the field of an overlay.
func patches(each ...string) string { return "\npatches:" + strings.Join(each, "") }

// withProxy states the API proxy's image in an overlay.
const withProxy = `
- target: {kind: Deployment, name: istiod}
  patch: |
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: istiod
      annotations: {istio-tenancy.dev/api-proxy-image: "` + apiProxyImage + `"}
`

// withSmallIstiod lowers the requests of istiod, since the machine is small.
const withSmallIstiod = `
- target: {kind: Deployment, name: istiod}
  patch: '[{"op": "replace", "path": "/spec/template/spec/containers/0/resources/requests", "value": {"cpu": "10m", "memory": "128Mi"}}]'
`

// withGatewayImage puts the program in ./gateway in Envoy's place, by an annotation that
// istiod's injector reads. The gateway is the rendered one in all else but its requests,
// since the machine is small, and that no registry is asked for the image: the chart's
// image "auto" has no tag, for which Kubernetes asks always.
const withGatewayImage = `
- target: {kind: Deployment, name: istio-ingressgateway}
  patch: |
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: istio-ingressgateway}
    spec:
      template:
        metadata:
          annotations: {sidecar.istio.io/proxyImage: "` + gatewayImage + `"}
        spec:
          containers:
          - name: istio-proxy
            imagePullPolicy: IfNotPresent
            resources: {requests: {cpu: 1m, memory: 16Mi}}
`

// withSmallAddons lowers the addons' requests, for the same reason.
const withSmallAddons = `
- target: {kind: Deployment, name: prometheus|grafana|kiali|jaeger}
  patch: '[{"op": "replace", "path": "/spec/template/spec/containers/0/resources/requests/cpu", "value": "1m"}]'
`

// ingress is a gateway that an overlay holds, as Istio's documentation writes one.
const ingress = `
apiVersion: v1
kind: Service
metadata: {name: ingress, namespace: ns-1}
spec:
  type: NodePort
  selector: {app: ingress}
  ports: [{name: https, port: 443, targetPort: 8443}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ingress, namespace: ns-1}
spec:
  selector: {matchLabels: {app: ingress}}
  template:
    metadata:
      annotations: {inject.istio.io/templates: gateway, sidecar.istio.io/proxyImage: "` + gatewayImage + `"}
      labels: {app: ingress, sidecar.istio.io/inject: "true"}
    spec:
      containers:
      - name: istio-proxy
        image: auto
        imagePullPolicy: IfNotPresent
        resources: {requests: {cpu: 1m, memory: 16Mi}}
`
