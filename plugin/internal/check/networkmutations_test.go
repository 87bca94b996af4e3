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

// fromAll lets everybody in.
var fromAll = with("common", clusterPolicy("Admin", 10, "ns-0", "{action: Accept, from: [{namespaces: {}}]}"))

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

// guarded are so many tenants that not all are named. A ClusterNetworkPolicy denies all of
// them, and the one that it forgets has the last name.
func guarded(accept string) change {
	changes := []change{with("common", clusterPolicy("Admin", 1, "ns-0", "{action: Deny, from: [{namespaces: {matchLabels: {guarded: 'yes'}}}]}")),
		with("common", clusterPolicy("Admin", 10, "ns-0", accept))}
	for i := range 60 {
		guard := ", guarded: 'yes'"
		if i == 59 {
			guard = ""
		}
		changes = append(changes, with("common", fmt.Sprintf("apiVersion: v1\nkind: Namespace\nmetadata: {name: zz-%02d, labels: {istio-tenancy.dev/tenant: zz-%02[1]d%s}}", i, guard)))
	}
	return all(changes...)
}

// asks has dev let so many tenants in that not all are named.
func asks(more string) change {
	var changes []change
	var asked []string
	for i := range 60 {
		name := fmt.Sprintf("aa-%02d", i)
		asked = append(asked, name)
		changes = append(changes, with("common", "apiVersion: v1\nkind: Namespace\nmetadata: {name: "+name+", labels: {istio-tenancy.dev/tenant: "+name+"}}"))
	}
	allow := in("dev", "Namespace", "ns-0", "  annotations:\n", "  annotations:\n    istio-tenancy.dev/allow-from: "+strings.Join(asked, ",")+"\n")
	return all(append(changes, allow, with("dev", policy("ns-0", "{}", "[{from: [{namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: ["+strings.Join(append(asked, more), ", ")+"]}]}}]}]")))...)
}

// crowded is a namespace with many NetworkPolicies, which the tenant may write itself.
var crowded = func() change {
	changes := []change{without("dev", "NetworkPolicy", "ns-0/allow-tenant")}
	var ports strings.Builder
	for i := range 40 {
		fmt.Fprintf(&ports, "{port: %d},", 1000+2*i)
	}
	for i := range 20 {
		one := policy("ns-0", fmt.Sprintf("{matchLabels: {k%d: v}}", i), "[{from: [{podSelector: {}}], ports: ["+ports.String()+"]}]")
		changes = append(changes, with("dev", strings.Replace(one, "name: other", fmt.Sprintf("name: other-%d", i), 1)))
	}
	return all(changes...)
}()

// othersMake has the Namespaces of both tenants come from elsewhere.
var othersMake = all(without("dev", "Namespace", "ns-0"), without("dev", "Namespace", "istio-system"), without("sales", "Namespace", "ns-1"), without("sales", "Namespace", "istio-system1"))

// loadBalancer is a gateway that the world reaches.
var loadBalancer = with("sales", "apiVersion: v1\nkind: Service\nmetadata: {name: front, namespace: ns-1}\nspec: {type: LoadBalancer, selector: {app: gateway}, ports: [{port: 80}]}")

// frontPolicy lets everybody in to some Pods.
func frontPolicy(pods, protocols string) string {
	return strings.Replace(clusterPolicy("Admin", 10, "ns-1", "{action: Accept, "+protocols+"from: [{namespaces: {}}]}"),
		"{namespaces: {matchLabels: {kubernetes.io/metadata.name: ns-1}}}", "{pods: {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ns-1}}, podSelector: {matchLabels: {"+pods+"}}}}", 1)
}
