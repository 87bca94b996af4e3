package node_test

import (
	"errors"
	"fmt"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
)

// populate applies what the table names beside what is rendered: applications,
// as each tenant's administrator, and namespaces that are nobody's.
//
// There is no Envoy. In its place, the program in ./gateway listens in gateways: those
// of the chart, injected, and deployed by istiod are the Pods that istiod makes, with
// another image, which an annotation of Istio's names. The waypoint is a Pod with the
// labels of one, since istiod deploys them in ambient mode alone.
func (w *world) populate() error {
	var failed []error
	for _, of := range []struct{ user, yaml string }{
		{cluster.ClusterAdmin, "{apiVersion: v1, kind: Namespace, metadata: {name: monitoring}}\n---\n{apiVersion: v1, kind: Namespace, metadata: {name: others}}"},
		{cluster.ClusterAdmin, application("monitoring") + application("others")},
		{"dev-admin", application("ns-0") + applicationService("ns-0")},
		{"sales-admin", application("ns-1") + applicationService("ns-1")},
		{"fin-admin", application("ns-5") + application("ns-6") + deployedGateway + waypointPod},
	} {
		objects, err := cluster.Parse([]byte(of.yaml))
		if err == nil {
			_, err = w.node.Cluster.As(of.user).Apply(objects)
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("as %s: %w", of.user, err))
		}
	}
	return errors.Join(failed...)
}

// application is a Pod without a sidecar.
func application(namespace string) string {
	return strings.NewReplacer("$NAMESPACE", namespace, "$IMAGE", appImage).Replace(`
---
apiVersion: v1
kind: Pod
metadata:
  name: app
  namespace: $NAMESPACE
  labels: {app: app, sidecar.istio.io/inject: "false"}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - {name: app, image: "$IMAGE", args: ["8080", "9090"], readinessProbe: {tcpSocket: {port: 9090}, periodSeconds: 1}}
`)
}

func applicationService(namespace string) string {
	return strings.ReplaceAll(`
---
apiVersion: v1
kind: Service
metadata: {name: app, namespace: $NAMESPACE}
spec: {type: NodePort, selector: {app: app}, ports: [{port: 80, targetPort: 8080}]}
`, "$NAMESPACE", namespace)
}

const deployedGateway = `
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web, namespace: ns-5, annotations: {sidecar.istio.io/proxyImage: "` + gatewayImage + `"}}
spec: {gatewayClassName: istio-fin, listeners: [{name: http, port: 80, protocol: HTTP}]}
`

const waypointPod = `
---
apiVersion: v1
kind: Pod
metadata:
  name: waypoint
  namespace: ns-5
  labels: {gateway.networking.k8s.io/gateway-name: waypoint, gateway.istio.io/managed: istio.io-mesh-controller, sidecar.istio.io/inject: "false"}
spec:
  terminationGracePeriodSeconds: 0
  securityContext: {sysctls: [{name: net.ipv4.ip_unprivileged_port_start, value: "0"}]}
  containers:
  - {name: gateway, image: "` + gatewayImage + `", readinessProbe: {tcpSocket: {port: 15090}, periodSeconds: 1}}
`
