package verify

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const renderedDeployment = tenantNamespaces + "---\n{apiVersion: apps/v1, kind: Deployment, metadata: {name: istiod, namespace: istio-sales, labels: {app: istiod}}}\n"

func TestAdmissionThatNobodyRendersIsFound(t *testing.T) {
	policy := func(kind, rules, matches, binding string) string {
		return "{apiVersion: admissionregistration.k8s.io/v1, kind: " + kind + ", metadata: {name: more}, spec: {matchConstraints: {resourceRules: [" + rules + "]" + matches + "}}}\n---\n" +
			"{apiVersion: admissionregistration.k8s.io/v1, kind: " + kind + "Binding, metadata: {name: bound}, spec: {policyName: more" + binding + "}}\n"
	}
	webhook := func(kind, selector, rule string) string {
		return "{apiVersion: admissionregistration.k8s.io/v1, kind: " + kind + ", metadata: {name: more}, webhooks: [{name: a.example.com, clientConfig: {url: 'https://a'}" + selector + ", rules: [{" + rule + "}]}]}"
	}
	const (
		changing   = "MutatingAdmissionPolicy"
		refusing   = "ValidatingAdmissionPolicy"
		hook       = "MutatingWebhookConfiguration"
		pods       = "{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}"
		workloads  = "{apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]}"
		all        = "{apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*']}"
		deny       = ", validationActions: [Deny]"
		dryRuns    = "; it also changes the dry runs"
		ofTheWhole = "apiGroups: ['', rbac.authorization.k8s.io], operations: ['*'], resources: [namespaces, clusterrolebindings]"
	)
	for _, row := range []struct{ name, object, want, ends string }{
		{"a policy that changes Pods", policy(changing, pods, "", ""), "warning: MutatingAdmissionPolicy more: is not rendered: it changes what is written in istio-sales, ns-1", "ns-1"},
		{"a policy that changes what is rendered", policy(changing, workloads, "", ""), "warning: MutatingAdmissionPolicy more: is not rendered: it changes what is written in istio-sales, ns-1" + dryRuns, ""},
		{"a policy that changes others of the kind", policy(changing, workloads, ", objectSelector: {matchLabels: {app: web}}", ""), "warning: MutatingAdmissionPolicy more", "ns-1"},
		{"a policy for others", policy(changing, pods, ", namespaceSelector: {matchLabels: {istio-tenancy.dev/tenant: hr}}", ""), "", ""},
		{"a binding for others", policy(changing, pods, "", ", matchResources: {namespaceSelector: {matchLabels: {istio-tenancy.dev/tenant: hr}}}"), "", ""},
		{"a binding for one namespace", policy(changing, pods, "", ", matchResources: {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ns-1}}}"), "warning: MutatingAdmissionPolicy more: is not rendered: it changes what is written in ns-1", "ns-1"},
		{"a policy without a binding", strings.Replace(policy(changing, pods, "", ""), "policyName: more", "policyName: other", 1), "", ""},
		{"a policy that refuses", policy(refusing, pods, "", deny), "warning: ValidatingAdmissionPolicy more: is not rendered: it may refuse what is written in istio-sales, ns-1", "ns-1"},
		{"a policy that refuses all", policy(refusing, all, "", deny),
			"warning: ValidatingAdmissionPolicy more: is not rendered: it may refuse what is written in istio-sales, ns-1, and objects without a namespace: certificatesigningrequests.certificates.k8s.io, clusterrolebindings.rbac.authorization.k8s.io, clusterroles.rbac", "and 3 more"},
		{"a policy that only warns", policy(refusing, pods, "", ", validationActions: [Warn, Audit]"), "", ""},
		{"an accepted policy", strings.Replace(policy(refusing, pods, "", deny), "name: more}", "name: more, annotations: {istio-tenancy.dev/accept-unrendered: ours}}", 1), "note: ValidatingAdmissionPolicy more", "(accepted: ours)"},
		{"a webhook for what has no namespace", webhook(hook, "", "scope: Cluster, "+ofTheWhole),
			"warning: MutatingWebhookConfiguration more: is not rendered: a.example.com sees and changes objects without a namespace: clusterrolebindings.rbac.authorization.k8s.io, namespaces" + dryRuns, ""},
		{"a webhook for both", webhook(hook, "", "apiGroups: ['*'], operations: [CREATE], resources: ['*']"),
			"warning: MutatingWebhookConfiguration more: is not rendered: a.example.com sees and changes what is written in istio-sales, ns-1, and objects without a namespace: ", "so their answers may be wrong"},
		{"a webhook that sees tokens", webhook("ValidatingWebhookConfiguration", "", "apiGroups: [authentication.k8s.io], operations: [CREATE], resources: [tokenreviews]"),
			"warning: ValidatingWebhookConfiguration more: is not rendered: a.example.com sees objects without a namespace: tokenreviews.authentication.k8s.io; it sees the tokens", "for review"},
		{"a webhook that changes questions", webhook(hook, "", "apiGroups: [authorization.k8s.io], operations: [CREATE], resources: [subjectaccessreviews]"),
			"warning: MutatingWebhookConfiguration more: is not rendered: a.example.com sees and changes objects without a namespace: subjectaccessreviews.authorization.k8s.io; it can also change the questions", "so their answers may be wrong"},
		{"a webhook for Namespaces of others", webhook(hook, ", namespaceSelector: {matchLabels: {a: b}}", "apiGroups: [''], operations: ['*'], resources: [namespaces]"), "", ""},
		{"a webhook for the tenant's Namespaces", webhook("ValidatingWebhookConfiguration", ", namespaceSelector: {matchLabels: {istio-tenancy.dev/tenant: sales}}", "apiGroups: [''], operations: ['*'], resources: [namespaces]"),
			"warning: ValidatingWebhookConfiguration more: is not rendered: a.example.com sees objects without a namespace: namespaces", "namespaces"},
		{"a webhook without rules", strings.Replace(webhook(hook, "", ""), ", rules: [{}]", "", 1), "", ""},
		{"a webhook for a kind of its own without a namespace", webhook(hook, "", "apiGroups: [cert-manager.io], operations: ['*'], resources: [clusterissuers]"), "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			lines := said(t, renderedDeployment, row.object)
			begins(t, row.want, lines)
			if row.want != "" {
				require.True(t, strings.HasSuffix(lines[0], row.ends), lines[0])
			}
		})
	}
	rendered, foreign, _ := strings.Cut(policy(refusing, pods, "", deny), "---\n")
	begins(t, "warning: ValidatingAdmissionPolicyBinding bound: is not rendered: it binds ValidatingAdmissionPolicy more, which may refuse what is written in istio-sales, ns-1",
		said(t, renderedDeployment+"---\n"+rendered, foreign))
	require.Empty(t, said(t, renderedDeployment+"---\n"+policy(refusing, pods, "", deny), ""))
}

func TestWhatTheWholeClusterHasAndNobodyRendersIsFound(t *testing.T) {
	service := func(group, spec string) string {
		return "{apiVersion: apiregistration.k8s.io/v1, kind: APIService, metadata: {name: v1.more}, spec: {group: " + group + ", version: v1" + spec + "}}"
	}
	policy := func(kind, subject, rules string) string {
		return "{apiVersion: policy.networking.k8s.io/v1alpha2, kind: " + kind + ", metadata: {name: more}, spec: {subject: {" + subject + "}, " + rules + "}}\n---\n{apiVersion: v1, kind: Namespace, metadata: {name: elsewhere}}\n"
	}
	definition := func(group, conversion string) string {
		return "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: more}, spec: {group: " + group + ", conversion: {" + conversion + "}}}"
	}
	const (
		cluster    = "ClusterNetworkPolicy"
		everywhere = "namespaces: {}"
		sales      = "matchLabels: {istio-tenancy.dev/tenant: sales}"
	)
	for _, row := range []struct{ name, object, want string }{
		{"another server for a kind of Istio", service("security.istio.io", ", service: {name: a, namespace: b}"),
			"error: APIService v1.more: is not rendered: Service b/a answers the requests for security.istio.io instead of the API server"},
		{"another server for rights", service("authorization.k8s.io", ", service: {name: a, namespace: b}"), "error: APIService v1.more"},
		{"another server for Deployments", service("apps", ", service: {name: a, namespace: b}"), "error: APIService v1.more"},
		{"the API server", service("security.istio.io", ""), ""},
		{"a server of metrics", service("metrics.k8s.io", ", service: {name: metrics-server, namespace: kube-system}"), ""},
		{"a webhook that converts objects", definition("gateway.networking.k8s.io", "strategy: Webhook, webhook: {clientConfig: {url: 'https://u:hunter2@a.example.com/x'}}"),
			"warning: CustomResourceDefinition more: is not rendered: its objects are sent to https://u:xxxxx@a.example.com/x, which sees and changes them between two versions"},
		{"a Service that converts objects", definition("security.istio.io", "strategy: Webhook, webhook: {clientConfig: {service: {name: a, namespace: b}}}"), "warning: CustomResourceDefinition more: is not rendered: its objects are sent to Service b/a"},
		{"a kind that nobody converts", definition("gateway.networking.k8s.io", "strategy: None"), ""},
		{"a webhook that converts what tenants do not have", definition("example.com", "strategy: Webhook, webhook: {clientConfig: {url: 'https://a'}}"), ""},
		{"a policy that lets all in", policy(cluster, everywhere, "tier: Admin, priority: 1, ingress: [{action: Accept, from: [{namespaces: {}}]}]"),
			"error: ClusterNetworkPolicy more: is not rendered: it lets Pods of other namespaces connect to those of istio-sales, ns-1, which no NetworkPolicy can forbid"},
		{"a policy that lets some Pods in", policy(cluster, "pods: {namespaceSelector: {"+sales+"}, podSelector: {}}", "tier: Admin, ingress: [{action: Accept, from: [{pods: {namespaceSelector: {}, podSelector: {}}}]}]"), "error: ClusterNetworkPolicy more"},
		{"a policy of before", policy("AdminNetworkPolicy", everywhere, "priority: 1, ingress: [{action: Allow, from: [{namespaces: {}}]}]"), "error: AdminNetworkPolicy more"},
		{"a policy that lets in the tenant's own", policy(cluster, "namespaces: {"+sales+"}", "tier: Admin, ingress: [{action: Accept, from: [{namespaces: {"+sales+"}}]}]"), "warning: ClusterNetworkPolicy more"},
		{"a policy that NetworkPolicies go before", policy(cluster, everywhere, "tier: Baseline, ingress: [{action: Accept, from: [{namespaces: {}}]}]"), "warning: ClusterNetworkPolicy more: is not rendered: it decides about"},
		{"a policy that refuses", policy(cluster, everywhere, "tier: Admin, ingress: [{action: Deny, from: [{namespaces: {}}]}]"), "warning: ClusterNetworkPolicy more"},
		{"a policy for others", policy(cluster, "namespaces: {matchLabels: {a: b}}", "tier: Admin, ingress: [{action: Accept, from: [{namespaces: {}}]}]"), ""},
	} {
		t.Run(row.name, func(t *testing.T) { begins(t, row.want, said(t, tenantNamespaces, row.object)) })
	}
}
