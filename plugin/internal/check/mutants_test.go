package check_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/check"
)

const (
	injector = "istio-sidecar-injector-sales-istio-system1"
	webhook  = "istio-validator-sales-istio-system1"
	names    = "    - key: kubernetes.io/metadata.name\n      operator: In\n      values:\n      - ns-1\n"
)

// mutants are one seeded fault each, by the rule that has to find it.
var mutants = map[string][]change{
	"shared-namespace": {
		in("dev", "Namespace", "ns-0", "name: ns-0", "name: ns-1"),
		with("sales", "apiVersion: v1\nkind: Namespace\nmetadata: {name: ns-0, labels: {istio-tenancy.dev/tenant: sales}}"),
		all(without("dev", "Namespace", "ns-0"), without("dev", "Namespace", "istio-system"), without("sales", "Namespace", "ns-1"), without("sales", "Namespace", "istio-system1"),
			with("sales", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: ns-0, labels: {istio-tenancy.dev/tenant: sales}}")),
	},
	"cluster-namespace": {
		with("sales", "apiVersion: v1\nkind: Namespace\nmetadata: {name: kube-system, labels: {istio-tenancy.dev/tenant: sales}}"),
		with("dev", "apiVersion: v1\nkind: Namespace\nmetadata: {name: default, labels: {istio-tenancy.dev/tenant: dev}}"),
	},
	"shared-revision": {
		in("dev", "Deployment", "istiod-dev", "        - name: REVISION\n          value: dev\n", "        - name: REVISION\n          value: sales\n"),
		with("dev", webhookOf("istio-revision-tag-sales-istio-system", "dev", "istio-system", "istio.io/tag: sales, istio.io/rev: dev")),
	},
	"shared-webhook": {
		in("dev", "MutatingWebhookConfiguration", "istio-sidecar-injector-dev", "  name: istio-sidecar-injector-dev\n", "  name: "+injector+"\n"),
		in("dev", "ValidatingWebhookConfiguration", "istio-validator-dev-istio-system", "  name: istio-validator-dev-istio-system\n", "  name: "+webhook+"\n"),
	},
	"shared-object": {
		in("dev", "ClusterRole", "istiod-clusterrole-dev-istio-system", "  name: istiod-clusterrole-dev-istio-system\n", "  name: istiod-clusterrole-sales-istio-system1\n"),
		in("dev", "ClusterRoleBinding", "istiod-clusterrole-dev-istio-system", "  name: istiod-clusterrole-dev-istio-system\nroleRef", "  name: istiod-clusterrole-sales-istio-system1\nroleRef"),
		all(with("dev", "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: high, labels: {istio-tenancy.dev/tenant: dev}}\nvalue: 1"),
			with("sales", "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: high, labels: {istio-tenancy.dev/tenant: sales}}\nvalue: 2")),
	},
	"shared-trust-domain": {
		in("dev", "ConfigMap", "istio-dev", "trustDomain: dev.mesh", "trustDomain: sales.mesh"),
		all(in("dev", "ConfigMap", "istio-dev", "    trustDomain: dev.mesh\n", ""), in("sales", "ConfigMap", "istio-sales", "    trustDomain: sales.mesh\n", "")),
	},
	"shared-audience": {
		in("sales", "Deployment", "istiod-sales", "        - name: TOKEN_AUDIENCES\n          value: sales.istio-tenancy.dev\n", "        - name: TOKEN_AUDIENCES\n          value: sales.istio-tenancy.dev\n        - name: TOKEN_AUDIENCES\n          value: dev.istio-tenancy.dev\n"),
		in("dev", "Deployment", "istiod-dev", "- name: TOKEN_AUDIENCES\n          value: dev.istio-tenancy.dev", "- name: TOKEN_AUDIENCES\n          value: dev.istio-tenancy.dev,sales.istio-tenancy.dev"),
		all(in("dev", "Deployment", "istiod-dev", "        - name: TOKEN_AUDIENCES\n          value: dev.istio-tenancy.dev\n", ""),
			in("sales", "Deployment", "istiod-sales", "        - name: TOKEN_AUDIENCES\n          value: sales.istio-tenancy.dev\n", "")),
		all(fromConfigMap, with("sales", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: istio-system1}\ndata: {TOKEN_AUDIENCES: dev.istio-tenancy.dev}")),
		in("sales", "Deployment", "istiod-sales", "        - name: TOKEN_AUDIENCES\n          value: sales.istio-tenancy.dev\n", "        - name: OF\n          value: dev\n        - name: TOKEN_AUDIENCES\n          value: $(OF).istio-tenancy.dev\n"),
	},
	"shared-root": {
		all(rootIn("dev", "istio-system"), rootIn("sales", "istio-system1")),
		all(issuerIn("dev", "istio-system"), issuerIn("sales", "istio-system1")),
	},
	"shared-node-port": {
		all(nodePort("dev", "ns-0", "TCP"), nodePort("sales", "ns-1", "TCP")),
		all(nodePort("dev", "ns-0", "UDP"), nodePort("sales", "istio-system1", "UDP")),
	},
	"unlimited-discovery": {
		in("sales", "Deployment", "istiod-sales", "        - name: ISTIO_WATCH_NAMESPACE\n          value: ns-1\n", "        - name: ISTIO_WATCH_NAMESPACE\n          value: ns-1\n        - name: ISTIO_WATCH_NAMESPACE\n          value: \"\"\n"),
		in("sales", "Deployment", "istiod-sales", "        - name: ISTIO_WATCH_NAMESPACE\n          value: ns-1\n", ""),
		in("sales", "Deployment", "istiod-sales", "        - name: ISTIO_WATCH_NAMESPACE\n          value: ns-1\n", "        - name: ISTIO_WATCH_NAMESPACE\n          value: \"\"\n"),
	},
	"foreign-discovery": {
		in("sales", "Deployment", "istiod-sales", "ISTIO_WATCH_NAMESPACE\n          value: ns-1\n", "ISTIO_WATCH_NAMESPACE\n          value: ns-0\n"),
		all(in("sales", "Deployment", "istiod-sales", "        - name: ISTIO_WATCH_NAMESPACE\n          value: ns-1\n", ""),
			in("sales", "ConfigMap", "istio-sales", "    trustDomain: sales.mesh\n", "    trustDomain: sales.mesh\n    discoverySelectors:\n    - matchExpressions:\n      - {key: istio-tenancy.dev/tenant, operator: Exists}\n")),
		all(in("sales", "Deployment", "istiod-sales", "        - name: ISTIO_WATCH_NAMESPACE\n          value: ns-1\n", ""),
			in("sales", "ConfigMap", "istio-sales", "    trustDomain: sales.mesh\n", "    trustDomain: sales.mesh\n    discoverySelectors:\n    - matchLabels: {istio.io/rev: dev}\n")),
		all(in("sales", "Deployment", "istiod-sales", "        - name: ISTIO_WATCH_NAMESPACE\n          value: ns-1\n", ""),
			in("sales", "Deployment", "istiod-sales", "        - discovery\n", "        - discovery\n        - --appNamespace\n        - ns-0\n")),
	},
	"foreign-injection": {
		all(in("sales", "MutatingWebhookConfiguration", injector, "      - ns-1\n", "      - ns-1\n      - ns-0\n"),
			in("sales", "MutatingWebhookConfiguration", injector, "      - sales\n", "      - sales\n      - dev\n")),
		in("sales", "MutatingWebhookConfiguration", injector, names, ""),
		all(in("sales", "MutatingWebhookConfiguration", injector, "      - ns-1\n", "      - ns-0\n"),
			in("sales", "MutatingWebhookConfiguration", injector, "    - key: istio.io/rev\n      operator: DoesNotExist\n", "")),
	},
	"foreign-webhook": {
		in("sales", "ValidatingWebhookConfiguration", webhook, "      - ns-1\n", "      - ns-1\n      - ns-0\n"),
		in("sales", "ValidatingWebhookConfiguration", webhook, "      operator: In\n      values:\n      - istio-system1\n      - ns-1\n", "      operator: Exists\n"),
		// No namespaceSelector limits what has no namespace.
		with("sales", asked("[rbac.authorization.k8s.io]", "[clusterroles, clusterrolebindings]", "Cluster")),
		with("sales", asked("[rbac.authorization.k8s.io]", "[clusterrolebindings]", "'*'")),
		with("sales", asked("[rbac.authorization.k8s.io]", "['*']", "'*'")),
		with("sales", asked("['*']", "['*/*']", "'*'")),
		with("sales", asked("['*']", "[nodes/status]", "'*'")),
		with("sales", asked("[example.com]", "[things]", "Cluster")),
		all(with("sales", asked("[example.com]", "[things]", "'*'")), with("common", kindOf("Cluster"))),
	},
	"wide-webhook": {
		in("sales", "ValidatingWebhookConfiguration", webhook, "      - ns-1\n", "      - ns-1\n      - kube-system\n"),
		in("sales", "ValidatingWebhookConfiguration", webhook, "      operator: In\n      values:\n      - istio-system1\n      - ns-1\n", "      operator: NotIn\n      values:\n      - ns-0\n      - istio-system\n"),
	},
	"foreign-webhook-service": {
		in("sales", "ValidatingWebhookConfiguration", webhook, "      namespace: istio-system1\n", "      namespace: istio-system\n"),
		in("sales", "MutatingWebhookConfiguration", injector, "      namespace: istio-system1\n", "      namespace: ns-0\n"),
		in("sales", "ValidatingWebhookConfiguration", webhook, "      namespace: istio-system1\n", "      namespace: elsewhere\n"),
	},
	"foreign-object": {
		in("sales", "RoleBinding", "access-all-ns-1", "  namespace: ns-1\n", "  namespace: ns-0\n"),
		with("sales", "apiVersion: networking.istio.io/v1\nkind: EnvoyFilter\nmetadata: {name: x, namespace: istio-system, labels: {istio-tenancy.dev/tenant: sales}}\nspec: {}"),
	},
	"double-object": {
		with("sales", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: ns-1}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: ns-1}\ndata: {a: b}"),
		with("common", clusterBindingTo("cluster-admin", "{kind: User, name: sales-admin}")+"\n---\n"+clusterBindingTo("view", "{kind: Group, name: platform}")),
		all(with("a", clusterBindingTo("cluster-admin", "{kind: User, name: sales-admin}")), with("common", clusterBindingTo("cluster-admin", "{kind: Group, name: platform}"))),
		with("sales", "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {name: istio-tenancy-services}\nspec: {matchConstraints: {resourceRules: []}, validations: [{expression: 'true'}]}"),
	},
	"foreign-subject": {
		in("sales", "RoleBinding", "istiod-sales", "  namespace: istio-system1\nroleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: Role\n  name: istiod-sales\nsubjects:\n- kind: ServiceAccount\n  name: istiod-sales\n  namespace: istio-system1",
			"  namespace: istio-system1\nroleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: Role\n  name: istiod-sales\nsubjects:\n- kind: ServiceAccount\n  name: istiod-dev\n  namespace: istio-system"),
		with("sales", bindingTo("ns-1", "{kind: Group, name: 'system:serviceaccounts:ns-0', apiGroup: rbac.authorization.k8s.io}")),
		with("sales", bindingTo("ns-1", "{kind: User, name: 'system:serviceaccount:ns-0:default', apiGroup: rbac.authorization.k8s.io}")),
	},
	"broad-binding": {
		with("sales", bindingTo("ns-1", "{kind: Group, name: 'system:authenticated', apiGroup: rbac.authorization.k8s.io}")),
		with("sales", bindingTo("ns-1", "{kind: Group, name: 'system:serviceaccounts', apiGroup: rbac.authorization.k8s.io}")),
		with("sales", bindingTo("istio-system1", "{kind: User, name: 'system:anonymous', apiGroup: rbac.authorization.k8s.io}")),
		with("common", "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: all}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}\nsubjects: [{kind: Group, name: 'system:authenticated'}]"),
	},
	"cluster-binding": {
		in("sales", "ClusterRole", "istiod-clusterrole-sales-istio-system1", "  - nodes\n", "  - nodes\n  - secrets\n"),
		with("common", "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: x}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}\nsubjects: [{kind: User, name: sales-admin}]"),
		with("sales", "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: x}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}\nsubjects: [{kind: Group, name: 'system:serviceaccounts:ns-1'}]"),
		all(with("common", "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: sum}\naggregationRule: {clusterRoleSelectors: [{matchLabels: {sum: all}}]}\nrules: []"),
			with("common", "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: part, labels: {sum: all}}\nrules: [{apiGroups: [''], resources: [pods], verbs: [list]}]"),
			with("sales", "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: x}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: sum}\nsubjects: [{kind: ServiceAccount, name: default, namespace: ns-1}]")),
	},
	"shared-admin": {
		replace("dev", "name: dev-admin\n", "name: sales-admin\n"),
		with("dev", bindingTo("ns-0", "{kind: User, name: sales-admin, apiGroup: rbac.authorization.k8s.io}")),
	},
	"open-network": {
		in("sales", "NetworkPolicy", "ns-1/allow-tenant", "          - ns-1\n", "          - ns-1\n          - ns-0\n"),
		with("sales", policy("ns-1", "{}", "[{from: [{namespaceSelector: {matchExpressions: [{key: istio-tenancy.dev/tenant, operator: Exists}]}}]}]")),
		with("sales", policy("istio-system1", "{}", "[{from: [{namespaceSelector: {matchLabels: {istio.io/rev: dev}}, podSelector: {matchLabels: {app: x}}}]}]")),
		with("sales", strings.Replace(policy("ns-1", "{}", "[{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ns-0}}}]}]"), "networking.k8s.io/v1", "extensions/v1beta1", 1)),
		with("common", clusterPolicy("Admin", 10, "ns-0", "{action: Accept, from: [{namespaces: {matchLabels: {kubernetes.io/metadata.name: ns-1}}}]}")),
		with("common", clusterPolicy("Admin", 10, "ns-0", "{action: Pass, from: [{namespaces: {matchLabels: {kubernetes.io/metadata.name: istio-system1}}}]}, {action: Accept, protocols: [{destinationNamedPort: http}], from: [{pods: {namespaceSelector: {matchLabels: {istio-tenancy.dev/tenant: sales}}, podSelector: {matchLabels: {app: x}}}}]}")),
	},
	"public-network": {
		with("sales", policy("ns-1", "{matchLabels: {app: db}}", "[{}]")),
		with("sales", policy("ns-1", "{matchLabels: {app: db}}", "[{ports: [{port: 5432}]}]")),
		with("sales", policy("ns-1", "{}", "[{from: [{namespaceSelector: {}}]}]")),
		with("sales", policy("ns-1", "{}", "[{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]")),
		with("sales", policy("ns-1", "{}", "[{from: [{ipBlock: {cidr: 10.244.0.0/16}}]}]")),
		with("sales", policy("ns-1", "{}", "[{from: [{ipBlock: {cidr: 10.0.0.0/9}}, {ipBlock: {cidr: 10.128.0.0/9}}]}]")),
		with("sales", policy("ns-1", "{}", "[{from: [{ipBlock: {cidr: 192.168.0.0/16, except: [192.168.0.0/17]}}]}]")),
		with("sales", policy("ns-1", "{}", "[{from: [{ipBlock: {cidr: 'fd00:10:244::/56'}}]}]")),
		in("sales", "NetworkPolicy", "allow-webhooks", "  podSelector:\n    matchLabels:\n      app: istiod\n      istio.io/rev: sales\n", "  podSelector: {}\n"),
		with("common", clusterPolicy("Admin", 10, "ns-0", "{action: Accept, from: [{namespaces: {}}]}")),
	},
	"open-identity": {
		in("sales", "AuthorizationPolicy", "deny-other-tenants", "        - ns-1\n", "        - ns-1\n        - ns-0\n"),
		in("sales", "AuthorizationPolicy", "deny-other-tenants", "        - ns-1\n", "        - ns-1\n        - '*'\n"),
		in("sales", "AuthorizationPolicy", "deny-other-tenants", "        notNamespaces:\n        - istio-system1\n        - ns-1\n", "        notPrincipals:\n        - sales.mesh/ns/ns-1/sa/web\n        - dev.mesh/ns/ns-0/sa/web\n"),
	},
	"foreign-gateway": {
		all(gateway("dev", "ns-0", "dev.example.com"), route("sales", "ns-1", "ns-0/web", "sales.example.com")),
		all(mayRoute, with("sales", acceptedRoute)), // by nobody who may
		with("sales", "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: web, namespace: ns-1, labels: {istio-tenancy.dev/tenant: sales}}\nspec: {parentRefs: [{name: web, namespace: ns-0}]}"),
		with("sales", "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: web, namespace: ns-1}\nspec: {parentRefs: [{kind: ListenerSet, name: web, namespace: ns-0}]}"),
		with("sales", "apiVersion: gateway.networking.k8s.io/v1\nkind: ListenerSet\nmetadata: {name: web, namespace: ns-1}\nspec: {parentRef: {name: web, namespace: ns-0}, listeners: [{name: web, hostname: dev.example.com}]}"),
	},
	"shared-host": {
		all(route("dev", "ns-0", "infra/front", "shop.example.com"), route("sales", "ns-1", "infra/front", "shop.example.com")),
		all(route("dev", "ns-0", "infra/front", "shop.example.com"), route("sales", "ns-1", "infra/front", "'*.example.com'")),
		all(shareMesh, gateway("dev", "ns-0", "shop.example.com"), gateway("sales", "ns-1", "shop.example.com")),
		all(httpRoute("dev", "ns-0", "infra"), httpRoute("sales", "ns-1", "infra")),
		all(httpRoute("dev", "ns-0", "infra"), httpRoute("sales", "ns-1", "infra"), with("common", sharedGateway("{name: a, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}"))),
		all(shareMesh, gateway("dev", "ns-0", "shop.example.com"), func(p pair) error { // by one label more
			return with("sales", strings.Replace(gatewayOf("ns-1", "shop.example.com"), "{istio: ingressgateway}", "{istio: ingressgateway, app: gateway}", 1))(p)
		}),
		all(shareMesh, ingress("dev", "ns-0", "shop.example.com"), ingress("sales", "ns-1", "shop.example.com")),
		all(shareMesh, ingress("dev", "ns-0", "shop.example.com"), gateway("sales", "ns-1", "shop.example.com")),
	},
	"foreign-export": {
		with("sales", "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: web, namespace: ns-1, labels: {istio-tenancy.dev/tenant: sales}}\nspec: {host: web, exportTo: [., ns-0]}"),
		with("sales", "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: ns-1, annotations: {networking.istio.io/exportTo: 'ns-1,ns-0'}, labels: {istio-tenancy.dev/tenant: sales}}\nspec: {ports: [{port: 80}]}"),
	},
	"wide-export": {
		all(shareMesh, with("sales", "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: web, namespace: ns-1, labels: {istio-tenancy.dev/tenant: sales}}\nspec: {hosts: [a.example.com], exportTo: ['*']}")),
		all(shareMesh, route("sales", "ns-1", "web", "sales.example.com")),
	},
	"foreign-name": {
		in("sales", "ConfigMap", "istio-sales", "istiod-sales.istio-system1.svc:15012", "istiod-dev.istio-system.svc:15012"),
		in("sales", "ConfigMap", "istio-sales", "rootNamespace: istio-system1", "rootNamespace: istio-system"),
		in("sales", "ConfigMap", "istio-sidecar-injector-sales", "    policy: enabled\n", "    policy: enabled\n    caAddress: istiod-dev.istio-system.svc:15012\n"),
		with("sales", "apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: x, namespace: ns-1, labels: {istio-tenancy.dev/tenant: sales}}\nspec: {egress: [{hosts: ['ns-0/*']}]}"),
		with("sales", "apiVersion: v1\nkind: Service\nmetadata: {name: x, namespace: ns-1, labels: {istio-tenancy.dev/tenant: sales}}\nspec: {type: ExternalName, externalName: web.ns-0.svc.cluster.local}"),
	},
	"base-placeholder": {
		in("sales", "ConfigMap", "istio-sales", "rootNamespace: istio-system1", "rootNamespace: ISTIO_TENANT_NAMESPACE"),
		with("sales", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: ISTIO_TENANT_NAMESPACE_1-30}"),
		in("sales", "ConfigMap", "istio-sidecar-injector-sales", "    policy: enabled\n", "    policy: enabled\n    caAddress: istiod.ISTIO_TENANT_NAMESPACE.svc:15012\n"),
	},
	"unlaid-tenant": {
		with("sales", "apiVersion: istio-tenancy.dev/v1alpha1\nkind: IstioTenant\nmetadata: {name: sales}\nspec: {}"),
		with("common", "apiVersion: istio-tenancy.dev/v1alpha1\nkind: IstioRelease\nmetadata: {name: x}\nspec: {}"),
	},
	"unlabelled-namespace": {
		in("sales", "Namespace", "ns-1", "    istio-tenancy.dev/tenant: sales\n", ""),
		in("dev", "Namespace", "istio-system", "    istio-tenancy.dev/tenant: dev\n", "    team: dev\n"),
	},
	"no-pod-security": {
		without("common", "ValidatingAdmissionPolicy", "istio-tenancy-pods"),
		in("sales", "Namespace", "ns-1", "    istio.io/rev: sales\n", "    istio.io/rev: sales\n    pod-security.kubernetes.io/enforce: privileged\n"),
	},
	"no-network-policy": {
		without("sales", "NetworkPolicy", "ns-1/allow-tenant"),
		in("sales", "NetworkPolicy", "istio-system1/allow-tenant", "  podSelector: {}\n", "  podSelector:\n    matchLabels:\n      app: istiod\n"),
		in("sales", "NetworkPolicy", "ns-1/allow-tenant", "  - Ingress", "  - Egress"),
		all(without("sales", "NetworkPolicy", "ns-1/allow-tenant"), with("sales", "apiVersion: crd.projectcalico.org/v1\nkind: NetworkPolicy\nmetadata: {name: open, namespace: ns-1}\nspec: {ingress: [{action: Allow}]}")),
	},
	"no-mtls": {
		without("sales", "PeerAuthentication", "default"),
		in("sales", "PeerAuthentication", "default", "mode: STRICT", "mode: PERMISSIVE"),
		in("sales", "PeerAuthentication", "default", "spec:\n", "spec:\n  selector:\n    matchLabels:\n      app: web\n"),
		with("sales", "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: aaa, namespace: ns-1}\nspec: {selector: {}, mtls: {mode: DISABLE}}"),
		in("sales", "PeerAuthentication", "default", "mode: STRICT", "mode: UNSET"),
	},
	"no-identity-deny": {
		in("sales", "AuthorizationPolicy", "deny-other-tenants", "        principals:\n        - '*'", "        ipBlocks:\n        - 192.0.2.1"),
		without("sales", "AuthorizationPolicy", "deny-other-tenants"),
		in("sales", "AuthorizationPolicy", "deny-other-tenants", "action: DENY", "action: AUDIT"),
		in("sales", "AuthorizationPolicy", "deny-other-tenants", "spec:\n", "spec:\n  selector:\n    matchLabels:\n      app: web\n"),
		in("sales", "AuthorizationPolicy", "deny-other-tenants", "        principals:\n", "        requestPrincipals:\n"),
	},
	"missing-policies": {
		without("common", "ValidatingAdmissionPolicy", "istio-tenancy-services"),
		without("common", "ValidatingAdmissionPolicyBinding", "istio-tenancy-tokens"),
		in("common", "ValidatingAdmissionPolicy", "istio-tenancy-services", "spec:\n", "spec:\n  matchConditions: [{name: none, expression: 'false'}]\n"),
		in("common", "ValidatingAdmissionPolicyBinding", "istio-tenancy-images", "spec:\n", "spec:\n  matchResources: {namespaceSelector: {matchLabels: {no: where}}}\n"),
	},
	"foreign-mesh": {
		all(without("common", "ValidatingAdmissionPolicy", "istio-tenancy-tokens"), without("dev", "NetworkPolicy", "istio-system/allow-tenant"), without("dev", "NetworkPolicy", "istio-system/allow-webhooks")),
		all(in("dev", "Deployment", "istiod-dev", "        - name: TOKEN_AUDIENCES\n          value: dev.istio-tenancy.dev\n", "        - name: TOKEN_AUDIENCES\n          value: istio-ca\n"),
			with("dev", policy("istio-system", "{}", "[{from: [{namespaceSelector: {}}]}]"))),
	},
	"wrong-accept": {
		in("sales", "Service", "istiod-sales", "metadata:\n", "metadata:\n  annotations:\n    istio-tenancy.dev/accept: \"shared-object\"\n"),
		in("sales", "Service", "istiod-sales", "metadata:\n", "metadata:\n  annotations:\n    istio-tenancy.dev/accept: \"shared-objekt: so it is\"\n"),
	},
	"own-accept": {
		all(mayRoute, with("sales", acceptedRoute)),
		with("sales", "apiVersion: v1\nkind: Service\nmetadata: {name: x, namespace: ns-1, annotations: {istio-tenancy.dev/accept: 'foreign-name: mine'}}\nspec: {type: ExternalName, externalName: web.ns-0.svc.cluster.local}"),
	},
	"unused-accept": {
		in("sales", "Service", "istiod-sales", "metadata:\n", "metadata:\n  annotations:\n    istio-tenancy.dev/accept: \"shared-object: so it is\"\n"),
		in("dev", "Namespace", "ns-0", "  annotations:\n", "  annotations:\n    istio-tenancy.dev/accept: \"no-mtls: old clients\"\n"),
	},
}

func TestMutants(t *testing.T) {
	tried := 0
	for _, rule := range check.Rules() {
		changes := mutants[rule.ID]
		says := make([]string, len(changes), len(changes)+len(rightMutants[rule.ID]))
		for _, m := range rightMutants[rule.ID] {
			changes, says = append(slices.Clip(changes), m.change), append(says, m.says)
		}
		if rule.ID == "shared-tenant" || rule.ID == "refused-object" {
			continue // which are about overlays: see TestOverlays and TestWhatAnOverlayAdds
		}
		require.GreaterOrEqual(t, len(changes), 2, "%s: too few mutants", rule.ID)
		for i, c := range changes {
			tried++
			report := newPair(t).check(t, c)
			var found []string
			for _, f := range report.Findings {
				found = append(found, f.Severity.String()+": "+f.Message+" ["+f.Rule+"]")
			}
			at := slices.IndexFunc(report.Findings, func(f check.Finding) bool {
				return f.Rule == rule.ID && strings.Contains(f.Message, says[i])
			})
			if at < 0 {
				t.Errorf("%s[%d] %s: is not found, but:\n%s", rule.ID, i, says[i], strings.Join(found, "\n"))
				continue
			}
			t.Logf("%s[%d]:\n%s", rule.ID, i, strings.Join(found, "\n"))
			require.LessOrEqual(t, report.Findings[at].Severity, rule.Severity)
		}
	}
	require.GreaterOrEqual(t, tried, 60)
	for rule := range rightMutants {
		_, known := check.RuleOf(rule)
		require.True(t, known, rule)
	}
	for rule := range mutants {
		_, known := check.RuleOf(rule)
		require.True(t, known, rule)
	}
}
