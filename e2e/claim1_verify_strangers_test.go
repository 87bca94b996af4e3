package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// stranger is an object that no overlay gives, and what verify is to say of it.
type stranger struct {
	name, path, body string
	found            verifyFinding
}

// strangers are what breaks the walls of sales, and nobody renders.
var strangers = func() (all []stranger) {
	const (
		rbac       = "/apis/rbac.authorization.k8s.io/v1"
		beside     = "istio-system1"
		person     = `{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"stranger"}`
		program    = `{"kind":"ServiceAccount","namespace":"default","name":"default"}`
		everywhere = ""
	)
	add := func(name, severity, path, apiVersion, kind, namespace, called, fields, message string) {
		all = append(all, stranger{name, path, object(apiVersion, kind, called, fields),
			verifyFinding{Part: "rules", Severity: severity, Kind: kind, Namespace: namespace, Name: called, Message: message}})
	}
	bind := func(name, severity, namespace, called, roleKind, role, subject, message string) {
		path, kind := rbac+"/namespaces/"+namespace+"/rolebindings", "RoleBinding"
		if namespace == everywhere {
			path, kind = rbac+"/clusterrolebindings", "ClusterRoleBinding"
		}
		add(name, severity, path, "rbac.authorization.k8s.io/v1", kind, namespace, called,
			`"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"`+roleKind+`","name":"`+role+`"},"subjects":[`+subject+`]`, message)
	}
	bind("a stranger who reads a namespace", "warning", "ns-1", "stranger-view", "ClusterRole", "view", person, "gives ClusterRole view to User stranger")
	bind("a stranger who administers a namespace", "error", "ns-1", "stranger-admin", "ClusterRole", "admin", person, "gives ClusterRole admin to User stranger")
	bind("a stranger who writes beside istiod", "error", beside, "stranger-edit", "ClusterRole", "edit", person, "gives ClusterRole edit to User stranger")
	add("a role beside istiod", "warning", rbac+"/namespaces/"+beside+"/roles", "rbac.authorization.k8s.io/v1", "Role", beside, "stranger-secrets",
		`"rules":[{"apiGroups":[""],"resources":["secrets"],"verbs":["get","list"]}]`, "is not rendered")
	bind("a stranger who reads istiod's Secrets", "error", beside, "stranger-secrets", "Role", "stranger-secrets", person, "gives Role stranger-secrets to User stranger, which is secrets")
	bind("a program of elsewhere beside istiod", "error", beside, "stranger-program", "ClusterRole", "admin", program, "to ServiceAccount default/default")
	bind("a stranger who reads every namespace", "warning", everywhere, "stranger-view", "ClusterRole", "view", person, "to User stranger in every namespace")
	bind("a stranger who writes in every namespace", "error", everywhere, "stranger-edit", "ClusterRole", "edit", person, "to User stranger in every namespace")
	bind("a stranger who writes in kube-system", "error", "kube-system", "stranger-edit", "ClusterRole", "edit", person, "whoever may write in kube-system may control the cluster")
	add("a binding of a policy", "warning", "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings", "admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding", "", "stranger",
		`"spec":{"policyName":"istio-tenancy-injected","validationActions":["Deny"],"matchResources":{"namespaceSelector":{"matchLabels":{"istio-tenancy.dev/tenant":"sales"}},"objectSelector":{"matchLabels":{"nobody":"has-this"}}}}`,
		"it binds ValidatingAdmissionPolicy istio-tenancy-injected, which may refuse what is written in")
	add("limits beside istiod", "warning", "/api/v1/namespaces/"+beside+"/limitranges", "v1", "LimitRange", beside, "stranger", `"spec":{"limits":[]}`, "it may keep the Pods of a control plane from starting")
	add("a webhook of elsewhere", "warning", "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations", "admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", "", "stranger",
		`"webhooks":[{"name":"a.stranger.example","admissionReviewVersions":["v1"],"sideEffects":"None","failurePolicy":"Ignore","clientConfig":{"url":"https://127.0.0.1:1/"},`+
			`"namespaceSelector":{"matchLabels":{"istio-tenancy.dev/tenant":"sales"}},"objectSelector":{"matchLabels":{"nobody":"has-this"}},`+
			`"rules":[{"apiGroups":[""],"apiVersions":["v1"],"operations":["CREATE"],"resources":["pods"]}]}]`, "sees and changes what is written in istio-system1, ns-1")
	add("a workload beside istiod", "error", "/apis/apps/v1/namespaces/"+beside+"/deployments", "apps/v1", "Deployment", beside, "stranger",
		`"spec":{"replicas":0,"selector":{"matchLabels":{"app":"stranger"}},"template":{"metadata":{"labels":{"app":"stranger"}},"spec":{"containers":[{"name":"busybox","image":"busybox"}]}}}`, "is not rendered")
	add("a Secret beside istiod", "warning", "/api/v1/namespaces/"+beside+"/secrets", "v1", "Secret", beside, "cacerts", `"stringData":{"a":"b"}`, "is not rendered")
	add("a policy that opens istiod's namespace", "error", "/apis/networking.k8s.io/v1/namespaces/"+beside+"/networkpolicies", "networking.k8s.io/v1", "NetworkPolicy", beside, "stranger",
		`"spec":{"podSelector":{},"ingress":[{}]}`, "it lets in Pods of other namespaces")
	return all
}()

// admitStrangers puts them there, and takes the tenant's label from a Namespace; back
// undoes it.
func (w *world) admitStrangers(t *testing.T) (back func()) {
	admin := w.cluster.Admin
	var undo []func()
	for _, s := range strangers {
		require.NoError(t, send(t, admin, http.MethodPost, s.path, s.body).Error(), s.name)
		undo = append(undo, func() {
			require.NoError(t, send(t, admin, http.MethodDelete, s.path+"/"+s.found.Name, "").Error(), s.name)
		})
	}
	const namespace = "/api/v1/namespaces/ns-7"
	patch := func(body string) { require.NoError(t, send(t, admin, http.MethodPatch, namespace, body).Error()) }
	patch(`{"metadata":{"labels":{"istio-tenancy.dev/tenant":null}}}`)
	undo = append(undo, func() {
		patch(`{"metadata":{"labels":{"istio-tenancy.dev/tenant":"fin"},"annotations":{"istio-tenancy.dev/adopt":"fin"}}}`)
		patch(`{"metadata":{"annotations":{"istio-tenancy.dev/adopt":null}}}`)
	})
	return func() {
		for _, f := range undo {
			f()
		}
	}
}

// finds checks that verify says of each stranger what it is to.
func (c *claim) findsStrangers(all []verifyFinding) {
	for _, s := range strangers {
		c.check(s.name, func(t *testing.T) {
			for _, f := range all {
				if f.Part == s.found.Part && f.Severity == s.found.Severity && f.Kind == s.found.Kind && f.Namespace == s.found.Namespace &&
					f.Name == s.found.Name && strings.Contains(f.Message, s.found.Message) {
					return
				}
			}
			require.Fail(t, "not found", "%+v in\n%+v", s.found, all)
		})
	}
}
