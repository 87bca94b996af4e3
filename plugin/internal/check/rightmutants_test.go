package check_test

import "strings"

// mutant is a seeded fault, and what the finding has to say.
type mutant struct {
	change change
	says   string
}

const (
	anonymous  = "{kind: Group, name: 'system:unauthenticated', apiGroup: rbac.authorization.k8s.io}"
	nobody     = "everybody who sends no token"
	salesAdmin = "{kind: User, name: sales-admin, apiGroup: rbac.authorization.k8s.io}"
	aggregator = "becomes ServiceAccount kube-system/clusterrole-aggregation-controller, and then may escalate"
)

// rightMutants are those about who may do what.
var rightMutants = map[string][]mutant{
	"foreign-object": {
		{with("sales", labelled(roleBinding("kube-system", "extra", salesAdmin, "view"), "extra", "sales")), "kube-system/extra of tenant sales: is in a namespace of no tenant"},
		{with("sales", labelled(roleBinding("monitoring", "extra", salesAdmin, "view"), "extra", "sales")), "monitoring/extra of tenant sales: is in a namespace of no tenant"},
	},
	"broad-binding": {
		{with("common", clusterBindingTo("system:kube-controller-manager", anonymous)), "every cluster has"},
		{with("common", strings.Replace(clusterBindingTo("cluster-admin", anonymous), "name: other", "name: 'system:public'", 1)), "ClusterRoleBinding system:public: gives"},
		{with("common", strings.Replace(clusterBindingTo("view", "{kind: Group, name: 'system:authenticated'}"), "name: other", "name: 'system:basic-user'", 1)), "ClusterRoleBinding system:basic-user: gives"},
	},
	"cluster-binding": {
		{with("sales", labelled(clusterBindingTo("cluster-admin", "{kind: User, name: mallory}"), "other", "sales")), "User mallory of tenant sales"},
		{with("sales", labelled(clusterBindingTo("view", "{kind: ServiceAccount, name: deployer, namespace: default}"), "other", "sales")), "ServiceAccount default/deployer of tenant sales"},
	},
	"foreign-right": {
		{with("dev", labelled(roleBinding("ns-0", "extra", salesAdmin, "admin"), "extra", "dev")), "User sales-admin"},
		{with("dev", roleBinding("ns-0", "extra", salesAdmin, "view")), "User sales-admin"},
		{all(with("sales", may("istio-system1", "User", "sales-admin", "", "serviceaccounts/token", "create")),
			with("dev", roleBinding("ns-0", "extra", "{kind: ServiceAccount, name: istiod-sales, namespace: istio-system1}", "view"))), "becomes ServiceAccount istio-system1/istiod-sales"},
		// It is called as what a tenant's file makes, and gives more.
		{all(without("dev", "RoleBinding", "access-all-ns-0"), with("dev", labelled(roleBinding("ns-0", "access-all-ns-0", salesAdmin, "cluster-admin"), "access-all-ns-0", "dev"))), "User sales-admin of tenant sales: may *"},
		{with("dev", labelled(roleBinding("ns-0", "view-all-ns-0", salesAdmin, "admin"), "view-all-ns-0", "dev")), "User sales-admin"},
		// A finding about one subject says nothing of another.
		{with("dev", roleBinding("ns-0", "extra", salesAdmin+", {kind: ServiceAccount, name: web, namespace: ns-1}", "view")), "User sales-admin"},
	},
	"shared-admin": {
		{with("dev", labelled(roleBinding("ns-0", "view-all-ns-0", salesAdmin, "view"), "view-all-ns-0", "dev")), "administers tenant sales, and views tenant dev"},
	},
	"outside-right": {
		{with("sales", may("monitoring", "User", "sales-admin", "", "pods", "get, list")), ""},
		{with("sales", roleBinding("kube-system", "extra", "{kind: ServiceAccount, name: default, namespace: ns-1}", "edit")), ""},
		{with("common", roleBinding("kube-system", "extra", anonymous, "admin")), nobody},
		{with("common", strings.Replace(may("monitoring", "ServiceAccount", "default, namespace: ns-1", "", "endpoints", "get"), "rules: [", "rules: [{nonResourceURLs: [/metrics], verbs: [get]}, ", 1)), "may get endpoints in monitoring"},
		// RBAC has requests without a name ask for the name "".
		{with("common", strings.Replace(may("monitoring", "User", "sales-admin", "", "pods", "create"), "verbs:", "resourceNames: [''], verbs:", 1)), "may create pods"},
	},
	"cluster-right": {
		// Lines of a quoted text that look like those of a ConfigMap with a long text.
		{all(with("common", "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: quoted}\nrules:\n   - {apiGroups: [''], resources: [nodes], verbs: [get], resourceNames: [\"\nkind: ConfigMap\ndata:\n  a: |\n   \"]}\n"+
			"   - {apiGroups: ['*'], resources: ['*'], verbs: ['*']}\n"+strings.Repeat("   # padding\n", 500)),
			with("common", strings.Replace(clusterBindingTo("quoted", salesAdmin), "name: other", "name: quoted", 1))), "may * *.*"},
		{with("sales", clusterRight("User", "sales-admin", "", "nodes/proxy", "get")), ""},
		{all(with("sales", may("istio-system1", "User", "sales-admin", "apps", "deployments", "patch")),
			with("sales", "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: wide, namespace: istio-system1}"),
			with("common", clusterRight("ServiceAccount", "wide", "admissionregistration.k8s.io", "validatingadmissionpolicies", "delete"))), ""},
		{with("common", clusterRight("Group", "'system:unauthenticated'", "", "nodes/proxy", "get, create")), nobody},
		{with("common", clusterRight("User", "'system:anonymous'", "", "users", "impersonate")), nobody},
		{with("common", roleBinding("kube-system", "extra", anonymous, "admin")), aggregator},
		{with("sales", may("kube-system", "User", "sales-admin", "", "serviceaccounts/token", "create")), aggregator},
		// The API server answers a patch with the Secret, and so a deletecollection.
		{all(with("sales", may("istio-system1", "User", "sales-admin", "", "secrets", "patch")), with("common", tokenOfIstiod), with("common", clusterRight("ServiceAccount", "istiod-sales", "", "nodes/proxy", "get"))), "becomes ServiceAccount istio-system1/istiod-sales"},
		{all(with("sales", may("istio-system1", "User", "sales-admin", "", "secrets", "deletecollection")), with("common", tokenOfIstiod), with("common", clusterRight("ServiceAccount", "istiod-sales", "", "nodes/proxy", "get"))), "becomes ServiceAccount istio-system1/istiod-sales"},
		{with("sales", clusterRight("User", "sales-admin", "authentication.k8s.io", "users", "'impersonate:user-info'")), "any user"},
		{with("sales", clusterRight("User", "sales-admin", "authentication.k8s.io", "nodes", "'impersonate:arbitrary-node'")), "any node"},
		{all(with("sales", may("istio-system1", "User", "sales-admin", "authentication.k8s.io", "serviceaccounts", "'impersonate:serviceaccount'")),
			with("common", strings.ReplaceAll(clusterRight("ServiceAccount", "istiod-sales", "", "nodes/proxy", "get"), "name: may", "name: proxy"))), "becomes ServiceAccount istio-system1/istiod-sales"},
		{with("sales", clusterRight("User", "sales-admin", "rbac.authorization.k8s.io", "clusterroles", "update")), "update clusterroles"},
		{with("sales", clusterRight("User", "sales-admin", "kyverno.io", "clusterpolicies", "create")), "clusterpolicies.kyverno.io"},
		{with("sales", clusterRight("User", "sales-admin", "external-secrets.io", "clusterexternalsecrets", "patch")), "clusterexternalsecrets.external-secrets.io"},
		{with("sales", clusterRight("User", "sales-admin", "policies.kyverno.io", "'*'", "create")), "*.policies.kyverno.io"},
		{with("sales", clusterRight("User", "sales-admin", "trust.cert-manager.io", "'*'", "create")), "bundles.trust.cert-manager.io"},
		{with("sales", clusterURL("/logs/*", "get")), "/logs/*"},
		{with("sales", clusterURL("'*'", "'*'")), "reads the logs"},
		{with("sales", clusterURL("/debug*", "get")), "reads the memory of the API server"},
		// Who has the way, too, is said.
		{all(with("sales", roleBinding("istio-system1", "extra", "{kind: User, name: alice}, {kind: User, name: bob}", "edit")),
			with("common", clusterRight("ServiceAccount", "istiod-sales", "", "nodes/proxy", "get"))), "User alice and User bob of tenant sales: becomes ServiceAccount istio-system1/istiod-sales"},
		// Whoever accepts rights in every namespace has not accepted all.
		{with("sales", strings.Replace(clusterBindingTo("cluster-admin", salesAdmin), "name: other", "name: other, annotations: {istio-tenancy.dev/accept: 'cluster-binding: reads only'}", 1)), "may * *.*"},
		{with("common", clusterRight("User", "sales-admin", "apiextensions.k8s.io", "'*'", "'*'")), "customresourcedefinitions"},
	},
	"node-access": {
		{all(without("common", "ValidatingAdmissionPolicy", "istio-tenancy-pods"), with("common", demandsOwner)), ""},
		{without("common", "ValidatingAdmissionPolicy", "istio-tenancy-pods"), ""},
		{without("common", "ValidatingAdmissionPolicyBinding", "istio-tenancy-pods"), ""},
		// A Pod that is there does, too.
		{all(with("common", agent), with("common", may("agents", "User", "sales-admin", "", "pods/exec", "create"))), "runs a program in a Pod of DaemonSet agents/agent"},
		{all(with("common", agent), with("common", may("agents", "User", "sales-admin", "", "pods", "patch"))), "changes the image of a Pod of DaemonSet agents/agent"},
		// To accept one binding is not to accept another.
		{all(with("common", strings.Replace(roleBinding("team", "first", salesAdmin, "edit"), "{name: first,", "{annotations: {istio-tenancy.dev/accept: 'node-access: so it is'}, name: first,", 1)),
			with("common", roleBinding("team", "second", salesAdmin, "edit"))), "makes a Pod in team"},
	},
	"namespace-labels": {
		{all(with("sales", may("ns-1", "User", "sales-admin", "", "namespaces", "patch")), without("common", "ValidatingAdmissionPolicy", "istio-tenancy-namespaces")), ""},
		{all(with("sales", may("istio-system1", "User", "sales-admin", "", "'*'", "'*'")), without("common", "ValidatingAdmissionPolicyBinding", "istio-tenancy-namespaces")), ""},
		// What refuses the one way to more rights does not refuse the other.
		{all(without("common", "ValidatingAdmissionPolicy", "istio-tenancy-namespaces"), with("common", noClusterAdmin),
			with("sales", may("ns-1", "User", "sales-admin", "rbac.authorization.k8s.io", "rolebindings, clusterroles, roles", "create, bind, escalate"))), "gives Role ns-1/may every right, and with it changes the labels"},
	},
	"webhook-change": {
		{without("common", "ValidatingAdmissionPolicy", "istio-tenancy-webhooks"), ""},
		{without("common", "ValidatingAdmissionPolicyBinding", "istio-tenancy-webhooks"), ""},
	},
}

// labelled gives an object, whose metadata begin with its name, the label of a tenant.
func labelled(text, name, tenant string) string {
	return strings.Replace(text, "metadata: {name: "+name, "metadata: {labels: {istio-tenancy.dev/tenant: "+tenant+"}, name: "+name, 1)
}

// tokenOfIstiod is a Secret with a token of the control plane.
const tokenOfIstiod = "{apiVersion: v1, kind: Secret, type: kubernetes.io/service-account-token, metadata: {name: token, namespace: istio-system1, annotations: {kubernetes.io/service-account.name: istiod-sales}}}"

// clusterURL gives sales-admin a URL that is no resource.
func clusterURL(url, verbs string) string {
	return "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: urls}\nrules: [{nonResourceURLs: [" + url + "], verbs: [" + verbs + "]}]\n---\n" +
		clusterBindingTo("urls", salesAdmin)
}

// mayRoute lets sales-admin write what has an acceptance.
var mayRoute = with("sales", may("ns-1", "User", "sales-admin", "gateway.networking.k8s.io", "httproutes", "patch"))

const acceptedRoute = `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: steal, namespace: ns-1, annotations: {istio-tenancy.dev/accept: "foreign-gateway: mine"}}
spec: {parentRefs: [{name: web, namespace: ns-0}]}`

// noClusterAdmin is a policy that refuses bindings of ClusterRoles.
const noClusterAdmin = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: bindings}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [rbac.authorization.k8s.io], apiVersions: [v1], operations: [CREATE], resources: [rolebindings]}]}
  validations: [{expression: "object.roleRef.kind == 'Role' || object.roleRef.name == 'view'"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: bindings}
spec: {policyName: bindings, validationActions: [Deny]}`

// demandsOwner is a policy that whoever makes a Pod satisfies by a label.
const demandsOwner = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: owner}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]}
  validations: [{expression: "has(object.metadata.labels) && 'owner' in object.metadata.labels"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: owner}
spec: {policyName: owner, validationActions: [Deny]}`

// roleBinding gives a ClusterRole in a namespace.
func roleBinding(namespace, name, subject, role string) string {
	return "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: " + name + ", namespace: " + namespace + "}\n" +
		"roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: " + role + "}\nsubjects: [" + subject + "]"
}

// may gives a right in a namespace.
func may(namespace, kind, name, group, resource, verbs string) string {
	return "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: may, namespace: " + namespace + "}\n" +
		"rules: [{apiGroups: ['" + group + "'], resources: [" + resource + "], verbs: [" + verbs + "]}]\n---\n" +
		"apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: may, namespace: " + namespace + "}\n" +
		"roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: may}\nsubjects: [{kind: " + kind + ", name: " + name + "}]"
}

// clusterRight gives a right in the whole cluster; a ServiceAccount is of istio-system1.
func clusterRight(kind, name, group, resource, verbs string) string {
	namespace := ""
	if kind == "ServiceAccount" {
		namespace = ", namespace: istio-system1"
	}
	return "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: may}\n" +
		"rules: [{apiGroups: ['" + group + "'], resources: [" + resource + "], verbs: [" + verbs + "]}]\n---\n" +
		"apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: may}\n" +
		"roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: may}\nsubjects: [{kind: " + kind + ", name: " + name + namespace + "}]"
}
