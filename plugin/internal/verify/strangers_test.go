package verify

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// said is what strangers says of a cluster that has some objects, of which the overlays
// of the tenant sales give some.
func said(t *testing.T, rendered, others string) []string {
	t.Helper()
	var c snapshot.Config
	c.Metadata.Name = "sales"
	c.Spec.ControlPlane.Namespace, c.Spec.ApplicationNamespaces = "istio-sales", []string{"ns-1"}
	c.Spec.Admins = []v1alpha1.Subject{{Kind: rbacv1.UserKind, Name: "sales-admin"}}
	v := &verifier{owners: map[string]string{"istio-sales": "sales", "ns-1": "sales"}, besides: map[string]bool{"istio-sales": true}, served: &served{},
		configs: []snapshot.Config{c}, report: &Report{tenants: map[string]*Tenant{"sales": {}}}}
	var texts [][]byte
	var err error
	for i, all := range []string{rendered, others} {
		objects, err := objectsOf([]byte(all))
		require.NoError(t, err)
		for _, o := range objects {
			if i == 0 {
				v.rendered = append(v.rendered, item{o, "sales"})
			}
			texts = append(texts, marshal(o))
		}
		if i == 0 {
			v.planned, err = snapshot.OfCluster("rendered", texts, v.configs)
			require.NoError(t, err)
		}
	}
	reading, err := snapshot.OfCluster("cluster", texts, v.configs)
	require.NoError(t, err)
	v.strangers(reading)
	require.Empty(t, v.report.Unasked)
	v.report.sort()
	var lines []string
	for _, f := range v.report.Findings {
		lines = append(lines, fmt.Sprintf("%s: %s: %s", f.Severity, f.Object, f.Message))
	}
	return lines
}

const tenantNamespaces = `
{apiVersion: v1, kind: Namespace, metadata: {name: istio-sales, labels: {istio-tenancy.dev/tenant: sales}}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: ns-1, labels: {istio-tenancy.dev/tenant: sales}}}
`

func binding(kind, namespace, role, subject string) string {
	return fmt.Sprintf("{apiVersion: rbac.authorization.k8s.io/v1, kind: %s, metadata: {name: more, namespace: %q}, roleRef: {kind: %s}, subjects: [{%s}]}\n", kind, namespace, role, subject)
}

func TestStrangersWithRightsAreFound(t *testing.T) {
	const (
		stranger = "kind: User, name: stranger"
		view     = "ClusterRole, name: view"
		edit     = "ClusterRole, name: edit"
	)
	secrets := "---\n{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: secrets, namespace: istio-sales, labels: {istio-tenancy.dev/tenant: sales}}, rules: [{apiGroups: [\"\"], resources: [secrets], verbs: [get]}]}\n"
	nodes := "---\n{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: nodes}, rules: [{apiGroups: [\"\"], resources: [nodes], verbs: [get]}]}\n"
	for _, row := range []struct{ name, object, want string }{
		{"view of an application namespace", binding("RoleBinding", "ns-1", view, stranger), "warning: RoleBinding ns-1/more: is not rendered: gives ClusterRole view to User stranger, which is read "},
		{"admin of one", binding("RoleBinding", "ns-1", "ClusterRole, name: admin", stranger), "error: RoleBinding ns-1/more: is not rendered: gives ClusterRole admin to User stranger"},
		{"the tenant's own program there", binding("RoleBinding", "ns-1", edit, "kind: ServiceAccount, name: ci, namespace: ns-1"), "note: RoleBinding ns-1/more"},
		{"the tenant's own administrator there", binding("RoleBinding", "ns-1", edit, "kind: User, name: sales-admin"), "note: RoleBinding ns-1/more"},
		{"view beside the control plane", binding("RoleBinding", "istio-sales", view, stranger), "warning: RoleBinding istio-sales/more"},
		{"edit beside it", binding("RoleBinding", "istio-sales", edit, stranger), "error: RoleBinding istio-sales/more"},
		{"its own administrator beside it", binding("RoleBinding", "istio-sales", edit, "kind: User, name: sales-admin"), "error: RoleBinding istio-sales/more"},
		{"a program of elsewhere beside it", binding("RoleBinding", "istio-sales", "ClusterRole, name: admin", "kind: ServiceAccount, name: default, namespace: default"),
			"error: RoleBinding istio-sales/more: is not rendered: gives ClusterRole admin to ServiceAccount default/default"},
		{"Secrets beside it", binding("RoleBinding", "istio-sales", "Role, name: secrets", stranger) + secrets, "error: RoleBinding istio-sales/more: is not rendered: gives Role secrets to User stranger, which is secrets "},
		{"view of the cluster", binding("ClusterRoleBinding", "", view, stranger), "warning: ClusterRoleBinding more: is not rendered: gives ClusterRole view to User stranger in every namespace"},
		{"edit of the cluster", binding("ClusterRoleBinding", "", edit, stranger), "error: ClusterRoleBinding more"},
		{"edit of the cluster to its own program", binding("ClusterRoleBinding", "", edit, "kind: ServiceAccount, name: cni, namespace: kube-system"), "warning: ClusterRoleBinding more"},
		{"the cluster to kubeadm's administrators", binding("ClusterRoleBinding", "", "ClusterRole, name: cluster-admin", "kind: Group, name: 'kubeadm:cluster-admins'"), "note: ClusterRoleBinding more"},
		{"a namespace to them, by whoever", binding("RoleBinding", "istio-sales", "ClusterRole, name: cluster-admin", "kind: Group, name: 'kubeadm:cluster-admins'"), "error: RoleBinding istio-sales/more"},
		{"nodes", binding("ClusterRoleBinding", "", "ClusterRole, name: nodes", stranger) + nodes, ""},
		{"webhooks, which are in no namespace", binding("ClusterRoleBinding", "", "ClusterRole, name: hooks", stranger) +
			"---\n{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: hooks}, rules: [{apiGroups: [admissionregistration.k8s.io], resources: [mutatingwebhookconfigurations], verbs: [update]}]}\n",
			"error: ClusterRoleBinding more: is not rendered: gives ClusterRole hooks to User stranger in every namespace, which is webhooks "},
		{"another namespace", binding("RoleBinding", "elsewhere", edit, stranger), ""},
		{"all programs of an own namespace", binding("RoleBinding", "ns-1", edit, "kind: Group, name: 'system:serviceaccounts:ns-1'"), "note: RoleBinding ns-1/more"},
		{"one of them by its name as a user", binding("RoleBinding", "ns-1", edit, "kind: User, name: 'system:serviceaccount:ns-1:default'"), "note: RoleBinding ns-1/more"},
		{"all programs of another namespace", binding("RoleBinding", "ns-1", edit, "kind: Group, name: 'system:serviceaccounts:elsewhere'"), "error: RoleBinding ns-1/more"},
		{"all programs of an own namespace, beside the control plane", binding("RoleBinding", "istio-sales", edit, "kind: Group, name: 'system:serviceaccounts:ns-1'"), "error: RoleBinding istio-sales/more"},
		{"kube-system", binding("RoleBinding", "kube-system", "ClusterRole, name: admin", stranger),
			"error: RoleBinding kube-system/more: is not rendered: gives ClusterRole admin to User stranger, which is "},
		{"kube-system, to an administrator of a tenant", binding("RoleBinding", "kube-system", edit, "kind: User, name: sales-admin"), "error: RoleBinding kube-system/more"},
		{"kube-system, to a program of elsewhere", binding("RoleBinding", "kube-system", edit, "kind: ServiceAccount, name: default, namespace: default"), "error: RoleBinding kube-system/more"},
		{"kube-system, to a program of it", binding("RoleBinding", "kube-system", edit, "kind: ServiceAccount, name: default, namespace: kube-system"), ""},
		{"kube-system, to kubeadm's administrators", binding("RoleBinding", "kube-system", edit, "kind: Group, name: 'kubeadm:cluster-admins'"), ""},
		{"view of kube-system", binding("RoleBinding", "kube-system", view, stranger), ""},
		{"Leases of kube-system", binding("RoleBinding", "kube-system", "ClusterRole, name: leases", stranger) +
			"---\n{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: leases}, rules: [{apiGroups: [coordination.k8s.io], resources: [leases], verbs: [update]}]}\n", "warning: RoleBinding kube-system/more"},
		{"a role that is not there", binding("RoleBinding", "ns-1", "Role, name: gone", stranger), ""},
		{"a subject more in a binding of every cluster", strings.Replace(binding("ClusterRoleBinding", "", "ClusterRole, name: cluster-admin", "kind: Group, name: 'system:masters'}, {"+stranger), "more", "cluster-admin", 1),
			"error: ClusterRoleBinding cluster-admin: is not rendered: gives ClusterRole cluster-admin to User stranger in every namespace"},
		{"a binding of every cluster", strings.Replace(binding("ClusterRoleBinding", "", "ClusterRole, name: cluster-admin", "kind: Group, name: 'system:masters'"), "more", "cluster-admin", 1), ""},
		{"a role of every cluster that gives more to everybody",
			"{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: \"system:basic-user\", labels: {kubernetes.io/bootstrapping: rbac-defaults}}, rules: [{apiGroups: [\"\"], resources: [secrets], verbs: [get]}]}\n---\n" +
				strings.Replace(binding("ClusterRoleBinding", "", "ClusterRole, name: 'system:basic-user'", "kind: Group, name: 'system:authenticated'"), "more", "'system:basic-user'", 1),
			"error: ClusterRoleBinding system:basic-user: is not rendered: gives ClusterRole system:basic-user to Group system:authenticated in every namespace, which is secrets "},
		{"accepted", strings.Replace(binding("ClusterRoleBinding", "", edit, stranger), "name: more", "name: more, annotations: {istio-tenancy.dev/accept-unrendered: our CI}", 1),
			"note: ClusterRoleBinding more: is not rendered: gives ClusterRole edit to User stranger in every namespace"},
		{"accepted without a reason", strings.Replace(binding("ClusterRoleBinding", "", edit, stranger), "name: more", "name: more, annotations: {istio-tenancy.dev/accept-unrendered: ''}", 1), "error: ClusterRoleBinding more"},
	} {
		t.Run(row.name, func(t *testing.T) { begins(t, row.want, said(t, tenantNamespaces, row.object)) })
	}
	require.Empty(t, said(t, tenantNamespaces+"---\n"+binding("RoleBinding", "istio-sales", edit, stranger), ""), "what is rendered, drift tells")
}

// TestStrangersWithRightsOnTheClusterAreFound has rights that are of no namespace, and that
// package reach knows.
func TestStrangersWithRightsOnTheClusterAreFound(t *testing.T) {
	role := func(rule string) string {
		return "---\n{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: more}, rules: [{" + rule + "}]}\n"
	}
	const (
		stranger = "kind: User, name: stranger"
		more     = "ClusterRole, name: more"
	)
	for rule, says := range map[string]string{
		"apiGroups: [apiregistration.k8s.io], resources: [apiservices], verbs: [create]":                                       "which is write in the words of docs/access.md, and which answers requests instead of the API server",
		"apiGroups: [''], resources: [persistentvolumes], verbs: [create]":                                                     "and which mounts any folder of a node",
		"apiGroups: [''], resources: [nodes/log, nodes/checkpoint], verbs: [get]":                                              "and which reads the logs of every Pod of a node, reads the memory of every Pod",
		"apiGroups: [''], resources: [namespaces/status, namespaces/finalize], verbs: [update, patch]":                         "which is namespaces in the words of docs/access.md",
		"apiGroups: [''], resources: ['*/status'], verbs: [patch]":                                                             "which is namespaces, write in",
		"apiGroups: [authentication.k8s.io], resources: [users], verbs: ['impersonate:user-info']":                             "which is impersonate in the words of docs/access.md",
		"apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests/nodeclient], verbs: [create]":                "and which gets a certificate of a node",
		"apiGroups: [apiextensions.k8s.io], resources: [customresourcedefinitions], verbs: [delete, patch]":                    "and which deletes or changes every tenant's objects of a kind",
		"nonResourceURLs: ['/debug/pprof/*', '/logs/*'], verbs: [get]":                                                         "which is read in the words of docs/access.md, and which reads the logs on the API server's host",
		"apiGroups: [rbac.authorization.k8s.io], resources: [clusterrolebindings], verbs: [delete]":                            "and which removes the rights of others",
		"apiGroups: [admissionregistration.k8s.io], resources: [validatingadmissionpolicybindings], verbs: [deletecollection]": "which is webhooks in the words of docs/access.md",
		"apiGroups: [kyverno.io], resources: [clusterpolicies], verbs: [delete]":                                               "and which changes what is the whole cluster's",
		"apiGroups: ['*'], resources: ['*'], verbs: [approve, 'impersonate:user-info']":                                        "which is impersonate, certificates in the words of docs/access.md",
		"apiGroups: ['*'], resources: ['*'], verbs: ['impersonate:arbitrary-node']":                                            "which is impersonate in the words of docs/access.md",
	} {
		lines := said(t, tenantNamespaces, binding("ClusterRoleBinding", "", more, stranger)+role(rule))
		begins(t, "error: ClusterRoleBinding more: is not rendered: gives ClusterRole more to User stranger in every namespace, which is ", lines)
		require.Contains(t, lines[0], says)
	}
	for rule, want := range map[string]string{
		"apiGroups: [''], resources: [nodes, persistentvolumes], verbs: [get, list, watch]":          "",
		"apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests], verbs: [create]": "",
		"apiGroups: [authorization.k8s.io], resources: [subjectaccessreviews], verbs: [create]":      "",
		"apiGroups: [apiregistration.k8s.io], resources: [apiservices], verbs: [get, list, watch]":   "",
		"nonResourceURLs: [/metrics, /healthz], verbs: [get]":                                        "",
	} {
		begins(t, want, said(t, tenantNamespaces, binding("ClusterRoleBinding", "", more, stranger)+role(rule)))
	}
	const nodeclient, selfnodeclient = "apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests/nodeclient], verbs: [create]", "apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests/selfnodeclient], verbs: [create]"
	const joining, nodes = "kind: Group, name: 'system:bootstrappers:kubeadm:default-node-token'", "kind: Group, name: 'system:nodes'"
	begins(t, "note: ClusterRoleBinding more", said(t, tenantNamespaces, binding("ClusterRoleBinding", "", more, joining)+role(nodeclient)))
	begins(t, "note: ClusterRoleBinding more", said(t, tenantNamespaces, binding("ClusterRoleBinding", "", more, nodes)+role(selfnodeclient)))
	begins(t, "error: ClusterRoleBinding more", said(t, tenantNamespaces, binding("ClusterRoleBinding", "", more, nodes)+role(nodeclient)))
	begins(t, "error: RoleBinding ns-1/more: is not rendered: gives ClusterRole more to User stranger, which is namespaces in the words of docs/access.md",
		said(t, tenantNamespaces, binding("RoleBinding", "ns-1", more, stranger)+role("apiGroups: [''], resources: [namespaces/status], verbs: [patch]")))
	for _, rule := range []string{"apiGroups: [''], resources: [persistentvolumes], verbs: [create]", "apiGroups: [''], resources: [users], verbs: [impersonate]", "apiGroups: [''], resources: [namespaces], verbs: [create]"} {
		begins(t, "", said(t, tenantNamespaces, binding("RoleBinding", "ns-1", more, stranger)+role(rule)))
	}
}

// begins wants one line, or with "" none.
func begins(t *testing.T, want string, lines []string) {
	t.Helper()
	if want == "" {
		require.Empty(t, lines)
		return
	}
	require.Len(t, lines, 1)
	require.True(t, strings.HasPrefix(lines[0], want), lines[0])
}

func TestWhatIsBesideAControlPlaneAndNotRenderedIsFound(t *testing.T) {
	webhook := func(kind, selector, scope string) string {
		return "{apiVersion: admissionregistration.k8s.io/v1, kind: " + kind + ", metadata: {name: more}, webhooks: [{name: a.example.com, namespaceSelector: {" + selector +
			"}, rules: [{apiGroups: [''], resources: [pods], scope: '" + scope + "'}]}]}"
	}
	lock := func(name, more string) string {
		return "{apiVersion: v1, kind: ConfigMap, metadata: {name: " + name + ", namespace: istio-sales, annotations: {control-plane.alpha.kubernetes.io/leader: '{}'}}" + more + "}"
	}
	citadels := func(name string) string {
		return "{apiVersion: v1, kind: Secret, metadata: {name: " + name + ", namespace: istio-sales}, type: istio.io/key-and-cert}"
	}
	policy := func(spec string) string {
		return "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: open, namespace: istio-sales}, spec: {podSelector: {}, " + spec + "}}"
	}
	slice := func(service, more string) string {
		return "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: more, namespace: istio-sales, labels: {kubernetes.io/service-name: " + service + more + "}}, endpoints: [{addresses: [10.9.9.9]}]}"
	}
	for _, row := range []struct{ name, object, want string }{
		{"a Deployment", "{apiVersion: apps/v1, kind: Deployment, metadata: {name: busybox, namespace: istio-sales}}", "error: Deployment istio-sales/busybox: is not rendered: "},
		{"a Pod", "{apiVersion: v1, kind: Pod, metadata: {name: busybox, namespace: istio-sales}}", "error: Pod istio-sales/busybox"},
		{"a Pod that says that it is another's", "{apiVersion: v1, kind: Pod, metadata: {name: busybox, namespace: istio-sales, labels: {istio-tenancy.dev/tenant: sales}, ownerReferences: [{kind: ConfigMap}]}}",
			"error: Pod istio-sales/busybox"},
		{"a Secret", "{apiVersion: v1, kind: Secret, metadata: {name: cacerts, namespace: istio-sales}, type: Opaque}", "warning: Secret istio-sales/cacerts: is not rendered"},
		{"a Secret of istiod", "{apiVersion: v1, kind: Secret, metadata: {name: istio-ca-secret, namespace: istio-sales}, type: istio.io/ca-root}", ""},
		{"a token in the place of it", "{apiVersion: v1, kind: Secret, metadata: {name: istio-ca-secret, namespace: istio-sales, annotations: {kubernetes.io/service-account.name: istiod}}, type: kubernetes.io/service-account-token}",
			"warning: Secret istio-sales/istio-ca-secret: is not rendered: it has a token of ServiceAccount istiod, "},
		{"a quota", "{apiVersion: v1, kind: ResourceQuota, metadata: {name: more, namespace: istio-sales}, spec: {hard: {pods: 0}}}", "warning: ResourceQuota istio-sales/more: is not rendered: it may keep the Pods"},
		{"limits", "{apiVersion: v1, kind: LimitRange, metadata: {name: more, namespace: istio-sales}}", "warning: LimitRange istio-sales/more"},
		{"a disruption budget", "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: more, namespace: istio-sales}, spec: {maxUnavailable: 0}}", "warning: PodDisruptionBudget istio-sales/more"},
		{"an autoscaler", "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: more, namespace: istio-sales}}", "warning: HorizontalPodAutoscaler istio-sales/more"},
		{"addresses of a rendered Service", slice("istiod", ""), "error: EndpointSlice istio-sales/more: is not rendered: it adds addresses to Service istiod, so that others answer"},
		{"addresses that Kubernetes writes", slice("istiod", ", endpointslice.kubernetes.io/managed-by: endpointslice-controller.k8s.io"), ""},
		{"addresses that Kubernetes no longer corrects", strings.Replace(slice("istiod", ", endpointslice.kubernetes.io/managed-by: endpointslice-controller.k8s.io"), "name: more", "name: more, deletionTimestamp: '2030-01-01T00:00:00Z', finalizers: [x.io/y]", 1),
			"error: EndpointSlice istio-sales/more: is not rendered: it adds addresses to Service istiod, so that others answer"},
		{"addresses that Kubernetes does not correct", slice("other", ", endpointslice.kubernetes.io/managed-by: endpointslice-controller.k8s.io"), "warning: EndpointSlice istio-sales/more"},
		{"a Role without a reason", "{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: more, namespace: istio-sales}}", "warning: Role istio-sales/more: is not rendered"},
		{"a Secret that a Certificate asks for", "{apiVersion: v1, kind: Secret, metadata: {name: asked, namespace: istio-sales}, type: kubernetes.io/tls}", ""},
		{"a ConfigMap", "{apiVersion: v1, kind: ConfigMap, metadata: {name: istio, namespace: istio-sales}}", "warning: ConfigMap istio-sales/istio"},
		{"a lock", lock("istio-leader", ""), ""},
		{"a lock of 0.x", lock("istio-ingress-controller-leader-istio", ""), ""},
		{"a lock that holds something", lock("istio-leader", ", data: {mesh: 'a: b'}"), "warning: ConfigMap istio-sales/istio-leader"},
		{"a lock of nobody's", lock("istio", ""), "warning: ConfigMap istio-sales/istio"},
		{"a Secret of the type of Citadel's", citadels("cacerts"), "warning: Secret istio-sales/cacerts"},
		{"a Secret of Citadel's, beside istiod", citadels("istio.default"), "warning: Secret istio-sales/istio.default"},
		{"what Kubernetes makes", "{apiVersion: v1, kind: ConfigMap, metadata: {name: kube-root-ca.crt, namespace: istio-sales}}", ""},
		{"a policy that lets all in", policy("ingress: [{}]"), "error: NetworkPolicy istio-sales/open: is not rendered: it lets in"},
		{"a policy that lets in a namespace", policy("ingress: [{from: [{namespaceSelector: {}}]}]"), "error: NetworkPolicy istio-sales/open"},
		{"a policy that lets in addresses", policy("ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]"), "error: NetworkPolicy istio-sales/open"},
		{"a policy that closes", policy("policyTypes: [Ingress]"), "warning: NetworkPolicy istio-sales/open"},
		{"in an application namespace", "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: ns-1}}", ""},
		{"a webhook for the tenant", webhook("MutatingWebhookConfiguration", "matchLabels: {istio-tenancy.dev/tenant: sales}", "*"),
			"warning: MutatingWebhookConfiguration more: is not rendered: a.example.com sees and changes what is written in istio-sales, ns-1"},
		{"a webhook for all", webhook("ValidatingWebhookConfiguration", "", "Namespaced"), "warning: ValidatingWebhookConfiguration more: is not rendered: a.example.com sees what"},
		{"a webhook for others", webhook("MutatingWebhookConfiguration", "matchLabels: {istio-tenancy.dev/tenant: hr}", "*"), ""},
		{"a webhook for Pods without a namespace", webhook("MutatingWebhookConfiguration", "", "Cluster"), ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			begins(t, row.want, said(t, tenantNamespaces+"---\n{apiVersion: v1, kind: Service, metadata: {name: istiod, namespace: istio-sales}, spec: {selector: {app: istiod}}}\n---\n{apiVersion: cert-manager.io/v1, kind: Certificate, metadata: {name: a, namespace: istio-sales}, spec: {secretName: asked}}\n", row.object))
		})
	}
}

func TestCitadelMakesSecretsBesideItself(t *testing.T) {
	pilot := func(version string) string {
		return tenantNamespaces + "---\n{apiVersion: apps/v1, kind: Deployment, metadata: {name: istio-pilot, namespace: istio-sales}, spec: {template: {spec: {containers: [" +
			"{name: discovery, image: 'docker.io/istio/pilot:" + version + "', args: [discovery, --appNamespace, ns-1]}]}}}}\n"
	}
	secret := func(name, typ string) string {
		return "{apiVersion: v1, kind: Secret, metadata: {name: " + name + ", namespace: istio-sales}, type: " + typ + "}"
	}
	for _, version := range []string{"0.7.1", "1.0.9", "1.4.10"} {
		require.Empty(t, said(t, pilot(version), secret("istio.default", "istio.io/key-and-cert")), version)
		begins(t, "warning: Secret istio-sales/cacerts", said(t, pilot(version), secret("cacerts", "istio.io/key-and-cert")))
		begins(t, "warning: Secret istio-sales/istio.default", said(t, pilot(version), secret("istio.default", "Opaque")))
	}
	begins(t, "warning: Secret istio-sales/istio.default", said(t, pilot("1.10.6"), secret("istio.default", "istio.io/key-and-cert")))
}
