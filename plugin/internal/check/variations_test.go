package check_test

import (
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/check"
)

// variations are what a tenant may have, and nobody has to be told of.
var variations = map[string]change{
	"an object of one namespace":                           with("sales", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: ns-1, labels: {istio-tenancy.dev/tenant: sales}}\ndata: {a: b}"),
	"one name in two namespaces":                           all(with("sales", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: ns-1}"), with("dev", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: ns-0}")),
	"another namespace of the tenant":                      all(namespaceOf("sales", "ns-3"), policyOf("sales", "ns-3"), mtlsOf("sales", "ns-3"), denyOf("sales", "ns-3", "[istio-system1, ns-1, ns-3]")),
	"a namespace of nobody":                                with("common", "apiVersion: v1\nkind: Namespace\nmetadata: {name: monitoring}"),
	"a namespace of nobody with a privilege":               with("common", "apiVersion: v1\nkind: Namespace\nmetadata: {name: cni, labels: {pod-security.kubernetes.io/enforce: privileged}}"),
	"Pod Security baseline":                                in("sales", "Namespace", "ns-1", "    istio.io/rev: sales\n", "    istio.io/rev: sales\n    pod-security.kubernetes.io/enforce: baseline\n"),
	"Pod Security restricted":                              in("dev", "Namespace", "ns-0", "    istio.io/rev: dev\n", "    istio.io/rev: dev\n    pod-security.kubernetes.io/enforce: restricted\n"),
	"another label of a Namespace":                         in("dev", "Namespace", "ns-0", "    istio.io/rev: dev\n", "    istio.io/rev: dev\n    team: sales\n"),
	"an application that is called as another's tenant":    with("dev", deployment("ns-0", "sales", "web")),
	"an application that is called as another's namespace": with("dev", deployment("ns-0", "ns-1", "web")),
	"a label that is another's namespace":                  with("dev", deployment("ns-0", "web", "ns-1")),
	"a longer name":                                        with("dev", deployment("ns-0", "ns-10", "my-ns-1")),
	"a comment on another tenant":                          with("dev", "# as in ns-1\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: ns-0}"),
	"a text that mentions another":                         with("dev", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: ns-0, annotations: {note: moved here from ns-1 in May}}"),
	"a host that is called as another":                     with("dev", "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: s, namespace: ns-0}\nspec: {hosts: [sales.example.com], exportTo: [.]}"),
	"a Service":                                            with("sales", "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: ns-1}\nspec: {selector: {app: web}, ports: [{port: 80}]}"),
	"a headless Service":                                   with("sales", "apiVersion: v1\nkind: Service\nmetadata: {name: db, namespace: ns-1}\nspec: {clusterIP: None, selector: {app: db}, ports: [{port: 5432}]}"),
	"an ExternalName outside of the cluster":               with("sales", "apiVersion: v1\nkind: Service\nmetadata: {name: api, namespace: ns-1}\nspec: {type: ExternalName, externalName: api.example.com}"),
	"an ExternalName of the tenant":                        with("sales", "apiVersion: v1\nkind: Service\nmetadata: {name: api, namespace: ns-1}\nspec: {type: ExternalName, externalName: istiod-sales.istio-system1.svc.cluster.local}"),
	"two node ports":                                       all(nodePort("dev", "ns-0", "TCP"), nodePort("sales", "ns-1", "UDP")),
	"one node port of one tenant":                          nodePort("sales", "ns-1", "TCP"),
	"an own root":                                          rootIn("sales", "istio-system1"),
	"one root in two namespaces of a tenant":               all(rootIn("sales", "istio-system1"), rootIn("sales", "ns-1")),
	"an own CA":                                            issuerIn("dev", "istio-system"),
	"another trust domain":                                 in("sales", "ConfigMap", "istio-sales", "trustDomain: sales.mesh", "trustDomain: shop.example.com"),
	"an own audience more":                                 in("sales", "Deployment", "istiod-sales", "          value: sales.istio-tenancy.dev\n", "          value: sales.istio-tenancy.dev,shop.example.com\n"),
	"an own audience, the last of two":                     in("sales", "Deployment", "istiod-sales", "        - name: TOKEN_AUDIENCES\n", "        - name: TOKEN_AUDIENCES\n          value: dev.istio-tenancy.dev\n        - name: TOKEN_AUDIENCES\n"),
	"a revision tag of the tenant":                         with("dev", webhookOf("istio-revision-tag-stable-dev", "dev", "istio-system", "istio.io/tag: stable-dev, istio.io/rev: dev")),
	"selectors by name":                                    all(unwatched, selectors("{matchLabels: {kubernetes.io/metadata.name: ns-1}}")),
	"selectors by the tenant's label":                      all(unwatched, selectors("{matchLabels: {istio-tenancy.dev/tenant: sales}}")),
	"selectors by names":                                   all(unwatched, selectors("{matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: [ns-1, istio-system1]}]}")),
	"selectors of nobody":                                  all(unwatched, selectors("{matchLabels: {nobody: has}}")),
	"a webhook by the tenant's label":                      in("sales", "ValidatingWebhookConfiguration", webhook, "    - key: kubernetes.io/metadata.name\n      operator: In\n      values:\n      - istio-system1\n      - ns-1\n", "    - key: istio-tenancy.dev/tenant\n      operator: In\n      values:\n      - sales\n"),
	"a webhook of less":                                    in("sales", "ValidatingWebhookConfiguration", webhook, "      - istio-system1\n      - ns-1\n", "      - ns-1\n"),
	"a webhook of a namespace that is no more":             in("sales", "ValidatingWebhookConfiguration", webhook, "      - ns-1\n", "      - ns-1\n      - ns-99\n"),
	"a webhook of Pods in any scope":                       with("sales", asked("['']", "[pods, services]", "'*'")),
	"a webhook of the tenant's Namespaces":                 with("sales", asked("['']", "[namespaces]", "Cluster")),
	"a webhook of kinds in namespaces":                     all(with("sales", asked("['*', rbac.authorization.k8s.io]", "[rolebindings]", "Namespaced")), with("common", kindOf("Cluster"))),
	"a webhook of a kind in namespaces":                    all(with("sales", asked("[example.com]", "['*']", "'*'")), with("common", kindOf("Namespaced"))),
	"a webhook of the cluster":                             with("common", "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {name: policies}\nwebhooks: [{name: all.example.com, clientConfig: {service: {name: policies, namespace: policies}}, rules: [{apiGroups: ['*'], resources: ['*']}]}]"),
	"an own ServiceAccount with rights":                    with("sales", bindingTo("ns-1", "{kind: ServiceAccount, name: web}")),
	"another administrator":                                with("sales", bindingTo("ns-1", "{kind: Group, name: sales-team, apiGroup: rbac.authorization.k8s.io}")),
	"an own group of ServiceAccounts":                      with("sales", bindingTo("ns-1", "{kind: Group, name: 'system:serviceaccounts:ns-1', apiGroup: rbac.authorization.k8s.io}")),
	"a ServiceAccount of nobody":                           with("sales", bindingTo("ns-1", "{kind: ServiceAccount, name: deployer, namespace: ci}")),
	"a viewer of both":                                     all(viewer("dev", "ns-0"), viewer("sales", "ns-1")),
	"rights on nodes":                                      in("sales", "ClusterRole", "istiod-clusterrole-sales-istio-system1", "  - nodes\n", "  - nodes\n  - persistentvolumes\n"),
	"an administrator of the cluster":                      with("common", clusterBindingTo("cluster-admin", "{kind: Group, name: platform}")),
	"what every cluster binds":                             with("common", "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: 'system:basic-user'}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: 'system:basic-user'}\nsubjects: [{kind: Group, name: 'system:authenticated'}]"),
	"a ClusterRole that nobody has":                        with("common", "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: all}\nrules: [{apiGroups: ['*'], resources: ['*'], verbs: ['*']}]"),
	"everybody may list kinds":                             all(with("common", "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: kinds}\nrules: [{apiGroups: [apiextensions.k8s.io], resources: [customresourcedefinitions], verbs: [list]}]"), with("common", clusterBindingTo("kinds", "{kind: Group, name: 'system:authenticated'}"))),
	"a policy from a namespace of nobody":                  with("sales", policy("ns-1", "{}", "[{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}]}]")),
	"a policy from the tenant":                             with("sales", policy("ns-1", "{}", "[{from: [{namespaceSelector: {matchLabels: {istio-tenancy.dev/tenant: sales}}}]}]")),
	"a policy from Pods of the namespace":                  with("sales", policy("ns-1", "{matchLabels: {app: db}}", "[{from: [{podSelector: {}}]}]")),
	"a policy from some addresses":                         with("sales", policy("ns-1", "{matchLabels: {app: db}}", "[{from: [{ipBlock: {cidr: 192.0.2.0/24}}]}]")),
	"a policy that closes":                                 with("sales", policy("ns-1", "{}", "[]")),
	"a policy of what goes out":                            with("sales", policy("ns-1", "{}", "[]\n  policyTypes: [Egress]\n  egress: [{}]")),
	"a gateway for everybody":                              all(balancer("sales", "ns-1"), with("sales", policy("ns-1", "{matchLabels: {istio: ingressgateway}}", "[{ports: [{port: 8080}]}]"))),
	"a gateway of each":                                    all(gateway("dev", "ns-0", "shop.example.com"), gateway("sales", "ns-1", "shop.example.com")),
	"a route of the own gateway":                           all(gateway("sales", "ns-1", "shop.example.com"), route("sales", "ns-1", "web", "shop.example.com")),
	"a route of own listeners": with("sales", "apiVersion: gateway.networking.k8s.io/v1\nkind: ListenerSet\nmetadata: {name: web, namespace: ns-1}\nspec: {parentRef: {name: front, namespace: infra}, listeners: [{name: web, hostname: shop.example.com}]}\n---\n"+
		"apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: web, namespace: ns-1}\nspec: {parentRefs: [{kind: ListenerSet, name: web}]}"),
	"a route of a gateway of nobody":         route("sales", "ns-1", "infra/front", "shop.example.com"),
	"two hosts of one gateway":               all(route("dev", "ns-0", "infra/front", "dev.example.com"), route("sales", "ns-1", "infra/front", "shop.example.com")),
	"a configuration for all of an own mesh": with("sales", "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: web, namespace: ns-1}\nspec: {host: web, exportTo: ['*']}"),
	"a configuration for the tenant":         with("sales", "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: web, namespace: ns-1}\nspec: {host: web, exportTo: [., istio-system1]}"),
	"mutual TLS of the mesh":                 in("sales", "PeerAuthentication", "default", "  namespace: ns-1\n", "  namespace: istio-system1\n"),
	"mutual TLS in both places":              with("sales", "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: mesh, namespace: istio-system1}\nspec: {mtls: {mode: STRICT}}"),
	"another policy of requests":             with("sales", "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: web, namespace: ns-1}\nspec: {action: ALLOW, rules: [{from: [{source: {namespaces: [ns-1]}}]}]}"),
	"a workload that denies more":            with("sales", "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: db, namespace: ns-1}\nspec: {action: DENY, selector: {matchLabels: {app: db}}, rules: [{from: [{source: {notNamespaces: [ns-1]}}]}]}"),
	"a Secret":                               with("sales", "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: ns-1}\nstringData: {host: web.ns-0.svc}"),
	"a List":                                 with("sales", "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: l, namespace: ns-1}}"),
	"a field that nobody knows":              with("sales", "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: t, namespace: ns-1}\nspec: {x: {y: [1, 2.5, true, null]}}"),
	"what every cluster lets everybody read": all(with("sales", roleBinding("kube-system", "lg", salesAdmin, "'system:public-info-viewer'")),
		with("common", strings.Replace(may("kube-public", "User", "'system:anonymous'", "", "configmaps", "get"), "verbs:", "resourceNames: [cluster-info], verbs:", 1))),
	"rules that no API server takes":       with("common", strings.Replace(clusterRight("User", "sales-admin", "", "secrets", ""), "rules: [", "rules: [{}, {resources: [secrets], verbs: [get]}, {apiGroups: [''], verbs: [get]}, ", 1)),
	"a reader of kinds without namespaces": with("common", strings.Replace(clusterRight("User", "sales-admin", "apiextensions.k8s.io', 'scheduling.k8s.io', 'node.k8s.io', 'flowcontrol.apiserver.k8s.io', 'apiregistration.k8s.io", "'*'", "get, list, watch"), "may", "kinds", -1)),
	"a reader of nodes":                    with("common", clusterRight("User", "sales-admin", "*", "nodes", "get")),
	"a reader of what nodes use":           with("common", clusterRight("User", "sales-admin", "metrics.k8s.io", "nodes", "get, list")),
	"resources that RBAC does not know":    with("common", clusterRight("User", "sales-admin", "", "'pods/*', '*/*'", "get, list")),
	"an own administrator's name":          with("common", strings.Replace(strings.Replace(clusterRight("ServiceAccount", "default", "", "users", "impersonate"), "verbs:", "resourceNames: [sales-admin], verbs:", 1), "istio-system1", "ns-1", 1)),
	"more of a name that nobody has":       with("common", clusterRight("User", "sales-admin", "authentication.k8s.io", "userextras/scopes, uids", "impersonate")),
	"whoever may do everything anyway":     with("sales", bindingTo("ns-1", "{kind: Group, name: 'system:masters', apiGroup: rbac.authorization.k8s.io}")),
	"a role that is not there":             with("dev", roleBinding("ns-0", "extra", salesAdmin, "gone")),
	"questions about rights":               with("common", clusterRight("User", "sales-admin", "authorization.k8s.io", "subjectaccessreviews", "create")),
	"a URL of no tenant":                   with("common", clusterURL("/metrics, /healthz*", "get")),
	"one object in two files":              all(with("a", clusterBindingTo("cluster-admin", "{kind: Group, name: platform}")), with("common", strings.Replace(clusterBindingTo("cluster-admin", "{kind: Group, name: platform}"), "metadata: {", "metadata: {uid: x, resourceVersion: '1', ", 1))),
	"a policy as the API server has it": all(in("common", "ValidatingAdmissionPolicyBinding", "istio-tenancy-images", "spec:\n", "spec:\n  matchResources: {matchPolicy: Equivalent, namespaceSelector: {}, objectSelector: {}}\n"),
		in("common", "ValidatingAdmissionPolicy", "istio-tenancy-images", "  matchConstraints:\n", "  matchConstraints:\n    matchPolicy: Equivalent\n    namespaceSelector: {}\n")),
	"a policy that denies fewer than another":           denyOf("sales", "ns-1", "[ns-1, istio-system1, ns-0]"),
	"mutual TLS that is inherited":                      all(in("sales", "PeerAuthentication", "default", "mode: STRICT", "mode: UNSET"), mtlsOf("sales", "istio-system1")),
	"a policy of the cluster for the tenant":            with("common", clusterPolicy("Admin", 10, "ns-0", "{action: Accept, from: [{namespaces: {matchLabels: {istio-tenancy.dev/tenant: dev}}}]}")),
	"a policy of the cluster for a namespace of nobody": with("common", clusterPolicy("Admin", 10, "ns-0", "{action: Accept, from: [{namespaces: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}]}")),
	"routes of all that comes to own listeners": all(httpRoute("dev", "ns-0", "infra"), httpRoute("sales", "ns-1", "infra"),
		with("common", sharedGateway(listener("ns-0", 80, "dev.example.com")+", "+listener("ns-1", 80, "sales.example.com")))),
	"an Ingress of each": all(ingress("dev", "ns-0", "shop.example.com"), ingress("sales", "ns-1", "shop.example.com")),
	// Istio takes a Service of the Gateway's own namespace alone.
	"Gateways for a Service of another namespace":         all(bound("dev", "ns-0", "front.infra.svc.cluster.local"), bound("sales", "ns-1", "front.infra.svc.cluster.local")),
	"settings from a ConfigMap":                           all(fromConfigMap, with("sales", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: istio-system1}\ndata: {TOKEN_AUDIENCES: sales.istio-tenancy.dev}")),
	"more settings from a Secret":                         in("sales", "Deployment", "istiod-sales", "        env:\n", "        envFrom:\n        - secretRef: {name: settings}\n        env:\n"),
	"a NetworkPolicy for machines outside of the cluster": with("sales", policy("ns-1", "{}", "[{from: [{ipBlock: {cidr: 10.1.2.0/24}}, {ipBlock: {cidr: 192.0.2.0/24}}, {ipBlock: {cidr: 'fd00:1::/64'}}, {ipBlock: {cidr: 192.168.0.0/16, except: [192.168.0.0/16]}}]}]")),
	"a port of a gateway for everybody":                   all(loadBalancer, with("sales", policy("ns-1", "{matchLabels: {app: gateway}}", "[{ports: [{port: 80}]}]"))),
	"the port of webhooks for a network":                  with("sales", policy("istio-system1", "{matchLabels: {app: istiod}}", "[{from: [{ipBlock: {cidr: 10.0.0.0/16}}], ports: [{port: 15017}]}]")),
	"a port of a gateway for a network":                   all(loadBalancer, with("sales", policy("ns-1", "{matchLabels: {app: gateway}}", "[{from: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 80}]}]"))),
	"a port of a gateway, by a ClusterNetworkPolicy":      all(loadBalancer, with("common", frontPolicy("app: gateway", "protocols: [{tcp: {destinationPort: {number: 80}}}], "))),
	"an accepted finding":                                 with("sales", "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: web\n  namespace: ns-1\n  annotations: {istio-tenancy.dev/accept: 'public-network: a front end without a gateway'}\nspec: {podSelector: {matchLabels: {app: web}}, ingress: [{}]}"),
}

func TestVariations(t *testing.T) {
	if len(variations) < 60 {
		t.Errorf("%d variations are too few", len(variations))
	}
	for name, c := range variations {
		report := newPair(t).check(t, c)
		if report.Count(check.Warning) == 0 {
			continue
		}
		for _, f := range report.Findings {
			t.Errorf("%s: %s: %s [%s]", name, f.Severity, f.Message, f.Rule)
		}
	}
}
