package check_test

import (
	"fmt"
	"strings"
)

// clusterPolicy is a ClusterNetworkPolicy about a namespace.
func clusterPolicy(tier string, priority int, namespace, ingress string) string {
	return fmt.Sprintf("apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {name: %s-%d}\n"+
		"spec: {tier: %s, priority: %d, subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: %s}}}, ingress: [%s]}", strings.ToLower(tier), priority, tier, priority, namespace, ingress)
}

// acceptSales lets sales into ns-0 by a ClusterNetworkPolicy of a tier.
func acceptSales(tier string) change {
	return with("common", clusterPolicy(tier, 10, "ns-0", "{action: Accept, from: [{namespaces: {matchLabels: {kubernetes.io/metadata.name: ns-1}}}]}"))
}

// firstOf has a ClusterNetworkPolicy decide about the same before that one.
func firstOf(action string) change {
	return with("common", clusterPolicy("Admin", 5, "ns-0", "{action: "+action+", from: [{namespaces: {matchLabels: {istio-tenancy.dev/tenant: sales}}}]}"))
}

// fromConfigMap has the control plane of sales take its audiences from a ConfigMap.
var fromConfigMap = all(
	in("sales", "Deployment", "istiod-sales", "        - name: TOKEN_AUDIENCES\n          value: sales.istio-tenancy.dev\n", ""),
	in("sales", "Deployment", "istiod-sales", "        env:\n", "        envFrom:\n        - configMapRef: {name: settings}\n        env:\n"),
)

// httpRoute is a route for every host of a Gateway called front.
func httpRoute(file, namespace, gateways string) change {
	return with(file, "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: all, namespace: "+namespace+"}\nspec: {parentRefs: [{name: front, namespace: "+gateways+"}]}")
}

// sharedGateway is that Gateway, of nobody.
func sharedGateway(listeners string) string {
	return "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: front, namespace: infra}\nspec: {gatewayClassName: istio, listeners: [" + listeners + "]}"
}

// listener takes routes of one namespace.
func listener(namespace string, port int, host string) string {
	return fmt.Sprintf("{name: %s, port: %d, protocol: HTTP, hostname: %s, allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {kubernetes.io/metadata.name: %[1]s}}}}}", namespace, port, host)
}

func ingress(file, namespace, host string) change {
	return with(file, "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web, namespace: "+namespace+"}\n"+
		"spec: {ingressClassName: istio, rules: [{host: "+host+", http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}")
}

// bound is a Gateway of the Gateway API that names the Service of the gateways of its own
// namespace, or of another.
func bound(file, namespace, service string) change {
	return with(file, "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: web, namespace: "+namespace+"}\n"+
		"spec: {gatewayClassName: istio, addresses: [{type: Hostname, value: "+service+"}], listeners: [{name: a, port: 80, protocol: HTTP, hostname: shop.example.com}]}")
}

// agent holds its node, and is there in a namespace that lets it in.
const agent = `
apiVersion: v1
kind: Namespace
metadata: {name: agents, labels: {istio-tenancy.dev/tenant: sales, pod-security.kubernetes.io/enforce: privileged}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: agents}
spec:
	selector: {matchLabels: {app: agent}}
	template:
		metadata: {labels: {app: agent}}
		spec:
			volumes: [{name: node, hostPath: {path: /var/lib/kubelet/pods}}]
			containers: [{name: main, image: registry.example/agent, volumeMounts: [{name: node, mountPath: /pods, readOnly: true}]}]
`
