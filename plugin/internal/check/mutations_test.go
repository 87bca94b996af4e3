package check_test

import (
	"fmt"
	"strings"
)

// Objects that mutants and variations add.

func webhookOf(name, tenant, namespace, labels string) string {
	return fmt.Sprintf(`
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata:
	name: %s
	labels: {istio-tenancy.dev/tenant: %s, %s}
webhooks:
- name: namespace.sidecar-injector.istio.io
	clientConfig: {service: {name: istiod-%[2]s, namespace: %[4]s}}
	namespaceSelector:
		matchExpressions:
		- {key: kubernetes.io/metadata.name, operator: In, values: [ns-0]}
	rules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
`, name, tenant, labels, namespace)
}

// asked is a webhook of sales that selects its application namespace.
func asked(groups, resources, scope string) string {
	return fmt.Sprintf(`
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: more, labels: {istio-tenancy.dev/tenant: sales}}
webhooks:
- name: more.example.com
	clientConfig: {service: {name: more, namespace: ns-1}}
	namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ns-1}}
	rules: [{apiGroups: %s, apiVersions: ['*'], operations: ['*'], resources: %s, scope: %s}]
`, groups, resources, scope)
}

// kindOf is the definition of a kind that nothing else knows.
func kindOf(scope string) string {
	return "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.example.com}\nspec: {group: example.com, scope: " + scope + ", names: {plural: things, kind: Thing}}"
}

func bindingTo(namespace, subject string) string {
	return fmt.Sprintf(`
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: other, namespace: %s}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
subjects: [%s]
`, namespace, subject)
}

func policy(namespace, pods, ingress string) string {
	return fmt.Sprintf(`
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: other, namespace: %s}
spec:
	podSelector: %s
	ingress: %s
`, namespace, pods, ingress)
}

func tenantOf(namespace string) string {
	return map[string]string{"ns-0": "dev", "istio-system": "dev", "ns-1": "sales", "istio-system1": "sales"}[namespace]
}

func gateway(file, namespace, host string) change { return with(file, gatewayOf(namespace, host)) }

func gatewayOf(namespace, host string) string {
	return fmt.Sprintf(`
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: web, namespace: %s, labels: {istio-tenancy.dev/tenant: %s}}
spec:
	selector: {istio: ingressgateway}
	servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [%s]}]
`, namespace, tenantOf(namespace), host)
}

func route(file, namespace, gateway, host string) change {
	return with(file, fmt.Sprintf(`
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: %s, labels: {istio-tenancy.dev/tenant: %s}}
spec:
	hosts: [%s]
	gateways: [%s]
	http: [{route: [{destination: {host: web}}]}]
`, namespace, tenantOf(namespace), host, gateway))
}

// shareMesh makes a mesh of the two, which sales has the control plane of.
var shareMesh = all(
	in("dev", "Namespace", "ns-0", "    istio-tenancy.dev/tenant: dev\n", "    istio-tenancy.dev/tenant: dev\n    istio-tenancy.dev/mesh: sales\n"),
	in("sales", "Namespace", "ns-1", "    istio-tenancy.dev/tenant: sales\n", "    istio-tenancy.dev/tenant: sales\n    istio-tenancy.dev/mesh: sales\n"),
)

// joined makes a namespace of a third tenant a member of the mesh of sales.
var joined = with("common", "apiVersion: v1\nkind: Namespace\nmetadata: {name: team, labels: {istio-tenancy.dev/tenant: team, istio-tenancy.dev/mesh: sales, pod-security.kubernetes.io/enforce: baseline}}")

func nodePort(file, namespace, protocol string) change {
	return with(file, fmt.Sprintf(`
apiVersion: v1
kind: Service
metadata: {name: node, namespace: %s, labels: {istio-tenancy.dev/tenant: %s}}
spec:
	type: NodePort
	ports: [{port: 80, nodePort: 30080, protocol: %s}]
`, namespace, tenantOf(namespace), protocol))
}

func issuerIn(file, namespace string) change {
	return with(file, fmt.Sprintf(`
apiVersion: cert-manager.io/v1
kind: Issuer
metadata: {name: ca, namespace: %s, labels: {istio-tenancy.dev/tenant: %s}}
spec: {vault: {server: "https://vault.example.com", path: pki/sign/mesh}}
`, namespace, tenantOf(namespace)))
}

// rootIn gives a mesh the root certificate of the pair's tests.
func rootIn(file, namespace string) change {
	return func(p pair) error {
		return with(file, fmt.Sprintf(`
apiVersion: v1
kind: ConfigMap
metadata: {name: istio-ca-root-cert, namespace: %s, labels: {istio-tenancy.dev/tenant: %s}}
data:
	root-cert.pem: |
		%s
`, namespace, tenantOf(namespace), strings.ReplaceAll(strings.TrimSpace(p["root"]), "\n", "\n\t\t")))(p)
	}
}

var unwatched = in("sales", "Deployment", "istiod-sales", "        - name: ISTIO_WATCH_NAMESPACE\n          value: ns-1\n", "")

// selectors limits the mesh of sales.
func selectors(selector string) change {
	return in("sales", "ConfigMap", "istio-sales", "    trustDomain: sales.mesh\n", "    trustDomain: sales.mesh\n    discoverySelectors:\n    - "+selector+"\n")
}

func namespaceOf(tenant, name string) change {
	return with(tenant, fmt.Sprintf("apiVersion: v1\nkind: Namespace\nmetadata: {name: %s, labels: {istio-tenancy.dev/tenant: %s}}", name, tenant))
}

func policyOf(file, namespace string) change { return with(file, policy(namespace, "{}", "[]")) }

func mtlsOf(file, namespace string) change {
	return with(file, "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: default, namespace: "+namespace+"}\nspec: {mtls: {mode: STRICT}}")
}

func denyOf(file, namespace, but string) change {
	return with(file, "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: deny, namespace: "+namespace+
		"}\nspec: {action: DENY, rules: [{from: [{source: {principals: ['*'], notNamespaces: "+but+"}}]}]}")
}

func deployment(namespace, name, app string) string {
	return fmt.Sprintf(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: %s, namespace: %s, labels: {app: %[3]s}}
spec:
	selector: {matchLabels: {app: %[3]s}}
	template:
		metadata: {labels: {app: %[3]s}}
		spec: {containers: [{name: web, image: example.com/web:1}]}
`, name, namespace, app)
}

func viewer(file, namespace string) change {
	text := strings.Replace(bindingTo(namespace, "{kind: Group, name: auditors, apiGroup: rbac.authorization.k8s.io}"), "name: edit", "name: view", 1)
	text = strings.Replace(text, "name: other", "name: view-all-"+namespace, 1)
	return with(file, strings.Replace(text, "namespace: "+namespace, "namespace: "+namespace+", labels: {istio-tenancy.dev/tenant: "+file+"}", 1))
}

func clusterBindingTo(role, subject string) string {
	return fmt.Sprintf("apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: other}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: %s}\nsubjects: [%s]", role, subject)
}

func balancer(file, namespace string) change {
	return with(file, "apiVersion: v1\nkind: Service\nmetadata: {name: front, namespace: "+namespace+"}\nspec: {type: LoadBalancer, selector: {istio: ingressgateway}, ports: [{port: 80, targetPort: 8080}]}")
}
