package access_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/access"
)

func TestParseQuestion(t *testing.T) {
	for text, want := range map[string]string{
		"create pods -n ns-1":                            "create pods in ns-1",
		"get secrets istio-ca -n=ns-1":                   "get secrets istio-ca in ns-1",
		"update deployments/scale x -n a":                "update deployments.apps/scale x in a",
		"list virtualservices":                           "list virtualservices.networking.istio.io in all namespaces",
		"get things.example.com":                         "get things.example.com in all namespaces",
		"list nodes":                                     "list nodes",
		"patch namespaces ns-1":                          "patch namespaces ns-1",
		"* * -n a":                                       "* * in a",
		"get /metrics":                                   "get /metrics",
		"create events --namespace kubelet":              "create events in kubelet",
		"get endpoints -n a":                             "get endpoints in a",
		"impersonate users jo":                           "impersonate users jo",
		"impersonate groups":                             "impersonate groups",
		"impersonate userextras":                         "impersonate userextras.authentication.k8s.io",
		"get pods/istiod-x -n a":                         "get pods istiod-x in a",
		"get pods/log -n a":                              "get pods/log in a",
		"get pods/log x -n a":                            "get pods/log x in a",
		"get pods/x --subresource=log -n a":              "get pods/log x in a",
		"create */exec -n a":                             "create */exec in a",
		"get deploy -n a":                                "get deployments.apps in a",
		"get Deployment/istiod -n a":                     "get deployments.apps istiod in a",
		"get po -n a":                                    "get pods in a",
		"get ingress -n a":                               "get ingresses.networking.k8s.io in a",
		"get networkpolicies -n a":                       "get networkpolicies.networking.k8s.io in a",
		"get ns/a":                                       "get namespaces a",
		"get pods.metrics.k8s.io -n a":                   "get pods.metrics.k8s.io in a",
		"get podmetrics -n a":                            "get pods.metrics.k8s.io in a",
		"get PodMetrics.metrics.k8s.io -n a":             "get pods.metrics.k8s.io in a",
		"get nodes.metrics.k8s.io x":                     "get nodes.metrics.k8s.io x",
		"create bindings -n a":                           "create bindings in a",
		"get pods. -n a":                                 "get pods in a",
		"get networkpolicies.crd.projectcalico.org -n a": "get networkpolicies.crd.projectcalico.org in a",

		// As for kubectl auth can-i, a version may be before the group.
		"get deployments.v1.apps -n a":        "get deployments.apps in a",
		"get Deployments.V1.Apps x -n a":      "get deployments.apps x in a",
		"get things.v1beta1.example.com/x":    "get things.example.com x in all namespaces",
		"get pods.v1. -n a":                   "get pods in a",
		"get things.v1x.example.com":          "get things.v1x.example.com in all namespaces",
		"get deployments/v1 -n a":             "get deployments.apps v1 in a",
		"get deployments.apps v1 -n a":        "get deployments.apps v1 in a",
		"get deploy/my.app -n a":              "get deployments.apps my.app in a",
		"get crd/a.b.c":                       "get customresourcedefinitions.apiextensions.k8s.io a.b.c",
		"sign signers/x.io/y":                 "sign signers.certificates.k8s.io x.io/y",
		"impersonate users/https://id/jo":     "impersonate users https://id/jo",
		"impersonate users/status":            "impersonate users status",
		"impersonate userextras/scopes":       "impersonate userextras.authentication.k8s.io/scopes",
		"impersonate userextras/x.io/y view":  "impersonate userextras.authentication.k8s.io/x.io/y view",
		"update deployments/finalizers -n a":  "update deployments.apps/finalizers in a",
		"create csr/nodeclient":               "create certificatesigningrequests.certificates.k8s.io/nodeclient",
		"create csr/selfnodeclient":           "create certificatesigningrequests.certificates.k8s.io/selfnodeclient",
		"create endpoints/restricted -n a":    "create endpoints/restricted in a",
		"get pods x --subresource log -n a":   "get pods/log x in a",
		"get pods/log --subresource log -n a": "get pods/log log in a",

		// Impersonation in some requests only.
		"impersonate:user-info users jo":                      "impersonate:user-info users.authentication.k8s.io jo",
		"impersonate:user-info userextras/scopes view":        "impersonate:user-info userextras.authentication.k8s.io/scopes view",
		"impersonate:serviceaccount sa/default -n a":          "impersonate:serviceaccount serviceaccounts.authentication.k8s.io default in a",
		"impersonate:arbitrary-node nodes/n1":                 "impersonate:arbitrary-node nodes.authentication.k8s.io n1",
		"impersonate:associated-node nodes":                   "impersonate:associated-node nodes.authentication.k8s.io *",
		"impersonate:user-info *":                             "impersonate:user-info * in all namespaces",
		"impersonate-on:user-info:list pods -n a":             "impersonate-on:user-info:list pods in a",
		"impersonate-on:user-info:head /metrics":              "impersonate-on:user-info:head /metrics",
		"arbitrary-node:patch resourceclaims/driver gpu -n a": "arbitrary-node:patch resourceclaims.resource.k8s.io/driver gpu in a",
	} {
		q, err := access.ParseQuestion(text)
		require.NoError(t, err, text)
		require.Equal(t, want, q.String())
	}
	for text, want := range map[string]string{
		"create":             "has 1 word:",
		"create pods a b":    "has 4 words",
		"create pods -n":     "-n has no value",
		"create pods -A":     "-A is not known",
		"get things":         "things is no resource that is known by that name, without its group",
		"get nodes -n a":     "nodes are in no namespace",
		"get clusters":       "clusters is",
		"gett pods":          `"gett" is no verb of Kubernetes; did you mean "get"?`,
		"GET pods":           `"GET" is no verb of Kubernetes; did you mean "get"?`,
		"list /metrics":      `"list" is no verb of Kubernetes`,
		"get pods.apps":      "the group apps has no resource pods",
		"get endpoints.core": "core is no group that is known",
		"get gateways":       "gateways is in the groups gateway.networking.k8s.io, networking.istio.io",
		`get pods -n "ns-0"`: `-n: "\"ns-0\"" is not the name of a namespace`,
		"get pods -n a -n b": `--namespace is given twice, "a" and "b"`,
		"get pods/ -n a":     "nothing is after the slash",

		"delete ns a -n b": `-n: found "b": Namespace a is in no other namespace: must be left out, or "a"`,
		"create ns a -n a": "namespaces are in no namespace",

		"get pods/a b -n a": `"a" and "b" are two names`,
		"get /metrics -n a": "/metrics is a path, which has neither a name nor a namespace",

		"get pods/x/log -n a":                   `"x/log" is no name: it may not contain '/'; the subresource log of the object x is written "pods/log x", or "pods x --subresource log": must be`,
		"get pods x/log -n a":                   `the subresource log of the object x is written "pods/log x"`,
		"get pods/log/x -n a":                   `the subresource log of the object x is written "pods/log x"`,
		"get pods/x/y/z -n a":                   `"x/y/z" is no name: it may not contain '/': must be`,
		"get pods a%b -n a":                     `"a%b" is no name: it may not contain '%': must be`,
		"get groups.example.com/x/status":       `"x/status" is no name`,
		"get deployments.apps/v1":               `deployments.apps/v1 may mean a version or a name: the version is written deployments.v1.apps, and the name "deployments.apps v1"`,
		"get pods.v1":                           "v1 is no group that is known",
		"get things.v1.":                        "the core group has no resource things",
		"impersonate:userinfo users":            `"impersonate:userinfo" is no verb of Kubernetes; did you mean "impersonate:user-info"?`,
		"impersonate-on:user-info pods":         "is no verb of Kubernetes",
		"impersonate:user-info /metrics":        "is no verb of Kubernetes",
		"impersonate:user-info nodes":           "impersonate:user-info is about users, groups, uids, userextras of the group authentication.k8s.io, and nodes was asked for",
		"impersonate:serviceaccount sa.v1.":     "impersonate:serviceaccount is about serviceaccounts of the group authentication.k8s.io, and sa.v1. was asked for",
		"impersonate:associated-node nodes n1":  "is about the node of the subject's own Pod, and has no name",
		"impersonate:arbitrary-node nodes -n a": "nodes are in no namespace",
	} {
		_, err := access.ParseQuestion(text)
		require.ErrorContains(t, err, want, text)
	}
}

// The API server asks about a Namespace within it only if the path of the request has its name.
func TestANamespaceIsCreatedInTheCluster(t *testing.T) {
	s := read(t, bound(`{verbs: ["*"], apiGroups: [""], resources: [namespaces, namespaces/finalize]}`))
	for ask, want := range map[string]bool{
		"get ns ns-1": true, "get ns ns-1 -n ns-1": true, "patch ns ns-1": true, "delete ns ns-1": true, "update ns/finalize ns-1": true, "get ns ns-2": false,
		"create ns ns-1": false, "list ns ns-1": false, "deletecollection ns ns-1": false, "create ns": false,
	} {
		q, err := access.ParseQuestion(ask)
		require.NoError(t, err)
		answers, err := modelOf(t, s).Ask(context.Background(), q, access.Who{Subject: rbacv1.Subject{Kind: "User", Name: "jo"}})
		require.NoError(t, err)
		require.Equal(t, want, answers[0].Allowed, ask)
	}
}

// The API server asks about the object that the request is about.
func TestAnObjectHasTheNameThatIsAskedFor(t *testing.T) {
	s := read(t, bound(`{verbs: [update], apiGroups: [""], resources: [configmaps], resourceNames: [a]}, {verbs: [create], apiGroups: [""], resources: [configmaps]}, {verbs: [patch], apiGroups: [""], resources: [namespaces]}`)+`---
{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: ns-1}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: b, namespace: ns-1}}
`)
	configMap := func(name string) string { return "{apiVersion: v1, kind: ConfigMap, metadata: {name: " + name + "}}" }
	for _, c := range []struct{ ask, object, want string }{
		{"update configmaps -n ns-1", configMap("a"), "yes"},
		{"update configmaps a -n ns-1", configMap("a"), "yes"},
		{"update configmaps -n ns-1", configMap("b"), "no"},
		{"update configmaps a -n ns-1", configMap("b"), `ConfigMap b: is called b, and "a" was asked for`},
		{"create configmaps -n ns-1", configMap("b"), "yes"},
		{"create configmaps a -n ns-1", configMap("b"), `ConfigMap b: is called b, and "a" was asked for`},
		{"update secrets -n ns-1", configMap("a"), "is of the resource configmaps, and secrets was asked for"},
		{"patch namespaces", "{apiVersion: v1, kind: Namespace, metadata: {name: ns-1}}", "yes"},
	} {
		q, err := access.ParseQuestion(c.ask)
		require.NoError(t, err)
		q.Object = read(t, c.object).Objects[0]
		answers, err := modelOf(t, s).Ask(context.Background(), q, access.Who{Subject: rbacv1.Subject{Kind: "User", Name: "jo"}})
		if c.want != "yes" && c.want != "no" {
			require.ErrorContains(t, err, c.want)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, c.want == "yes", answers[0].Allowed, "%s: %s", c.ask, c.object)
	}
}

// The API server refuses a role or binding that gives more than its writer has.
func TestNobodyGivesMoreThanTheyHave(t *testing.T) {
	const writes = `{verbs: [create, update], apiGroups: [rbac.authorization.k8s.io], resources: [roles, rolebindings]}, {verbs: [get], apiGroups: [""], resources: [pods]}`
	role := func(rules string) string {
		return "{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: r, namespace: ns-1}, rules: [" + rules + "]}"
	}
	binding := func(kind, name string) string {
		return "{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: x, namespace: ns-1}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: " + kind + ", name: " + name + "}, subjects: [{kind: User, name: jo}]}"
	}
	for _, c := range []struct{ has, ask, object, want string }{
		{writes, "create rolebindings -n ns-1", binding("ClusterRole", "cluster-admin"), "it gives rights that the subject does not have: *: *.*"},
		{writes, "create rolebindings -n ns-1", binding("Role", "r"), ""},
		{writes, "create rolebindings -n ns-1", binding("Role", "lost"), "Role ns-1/lost is not in what was read"},
		{writes + `, {verbs: [bind], apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], resourceNames: [cluster-admin]}`, "create rolebindings -n ns-1", binding("ClusterRole", "cluster-admin"), ""},
		{writes, "create roles -n ns-1", role(`{verbs: [get], apiGroups: [""], resources: [pods]}`), ""},
		{writes, "create roles -n ns-1", role(`{verbs: [get], apiGroups: [""], resources: [pods, secrets]}`), "it gives rights that the subject does not have: get: secrets"},
		{writes, "update roles -n ns-1", role(`{verbs: [get], apiGroups: [""], resources: [secrets]}`), "get: secrets"},
		{writes + `, {verbs: [escalate], apiGroups: [rbac.authorization.k8s.io], resources: [roles], resourceNames: [r]}`, "update roles -n ns-1", role(`{verbs: [get], apiGroups: [""], resources: [secrets]}`), ""},
		{writes + `, {verbs: [escalate], apiGroups: [rbac.authorization.k8s.io], resources: [roles], resourceNames: [r]}`, "create roles -n ns-1", role(`{verbs: [get], apiGroups: [""], resources: [secrets]}`), "get: secrets"},
	} {
		s := read(t, bound(c.has))
		q, err := access.ParseQuestion(c.ask)
		require.NoError(t, err)
		q.Object = read(t, c.object).Objects[0]
		answers, err := modelOf(t, s).Ask(context.Background(), q, access.Who{Subject: rbacv1.Subject{Kind: "User", Name: "jo"}})
		require.NoError(t, err)
		require.Equal(t, c.want == "", answers[0].Allowed, c.object)
		require.Contains(t, answers[0].Escalation, c.want)
	}
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestAnErrorIsToldOnce(t *testing.T) {
	err := access.Answers(full{}, access.Question{}, []access.Answer{{Subject: "User jo"}, {Subject: "User al"}})
	require.EqualError(t, err, "no space left on device")
}

// The API server asks about a signer, and then about all signers of its domain.
//
// Source: IsAuthorizedForSignerName in pkg/certauthorization of Kubernetes 1.36.
func TestASignerIsOfADomain(t *testing.T) {
	s := read(t, header+`---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: r}, rules: [{verbs: [sign], apiGroups: [certificates.k8s.io], resources: [signers], resourceNames: [x.io/*]}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: b}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: r}, subjects: [{kind: User, name: jo}]}
`)
	for ask, want := range map[string]bool{"sign signers/x.io/y": true, "sign signers x.io/*": true, "sign signers/y.io/y": false, "approve signers/x.io/y": false, "sign signers": false} {
		q, err := access.ParseQuestion(ask)
		require.NoError(t, err)
		answers, err := modelOf(t, s).Ask(context.Background(), q, access.Who{Subject: rbacv1.Subject{Kind: "User", Name: "jo"}})
		require.NoError(t, err)
		require.Equal(t, want, answers[0].Allowed, ask)
	}
}

// A name that moves the cursor, or begins a line, would forge what the table says.
func TestNamesAreAsTheyAre(t *testing.T) {
	s := read(t, header+`---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: b, namespace: ns-1}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: User, name: "jo\x1b[2K\n  User eve  ns-1  admin\u202e"}]
`)
	r, err := modelOf(t, s).Report()
	require.NoError(t, err)
	var text strings.Builder
	require.NoError(t, r.Table(&text))
	who := access.Who{Subject: rbacv1.Subject{Kind: "User", Name: "jo\x1b[2K\n  User eve  ns-1  admin\u202e"}}
	require.NoError(t, modelOf(t, s).Rights(who).Text(&text))
	q, err := access.ParseQuestion("get pods -n ns-1")
	require.NoError(t, err)
	answers, err := modelOf(t, s).Ask(context.Background(), q)
	require.NoError(t, err)
	require.NoError(t, access.Answers(&text, q, answers))
	var page strings.Builder
	require.NoError(t, r.HTML(&page))
	require.NotContains(t, page.String(), "\x1b")
	require.NotContains(t, page.String(), "\u202e")
	require.Contains(t, page.String(), `<th scope="row">jo\x1b[2K\n  User eve  ns-1  admin\u202e<small>`)
	require.NotContains(t, text.String(), "\x1b")
	require.NotContains(t, text.String(), "\n  User eve")
	require.Equal(t, 3, strings.Count(text.String(), `User jo\x1b[2K\n  User eve  ns-1  admin\u202e`))
}

const injecting = `
apiVersion: v1
kind: Namespace
metadata: {name: ns-1, labels: {istio-tenancy.dev/tenant: sales, istio.io/rev: sales%s}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: b, namespace: ns-1}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: admin}, subjects: [{kind: User, name: jo}]}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: istio-sidecar-injector-sales}
webhooks:
- name: rev.namespace.sidecar-injector.istio.io
  namespaceSelector: {matchLabels: {istio.io/rev: %s}}
  objectSelector: {matchExpressions: [{key: sidecar.istio.io/inject, operator: NotIn, values: ["false"]}]}
  rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
---
`

// The API server asks the injector before the policies.
func TestAPodIsJudgedAsItsInjectorLeavesIt(t *testing.T) {
	policy, err := os.ReadFile("../../../bases/tenancy/injected.yaml")
	require.NoError(t, err)
	for _, row := range []struct{ name, labels, revision, metadata, spec, want string }{
		{"an ordinary Pod", "", "sales", "", "", "injected"},
		{"a gateway", "", "sales", "", "image: auto", "injected"},
		{"one that is not to be injected", "", "sales", `labels: {sidecar.istio.io/inject: "false"}`, "", "as it is"},
		{"on the node's network", "", "sales", "", "hostNetwork", "as it is"},
		{"a gateway that is not to be injected", "", "sales", `annotations: {sidecar.istio.io/inject: "false"}`, "image: auto", "refused"},
		{"a gateway on the node's network", "", "sales", "", "hostNetwork, image: auto", "refused"},
		{"without an injector", "", "other", "", "", "refused"},
		{"on request, and not asked for", ", istio-tenancy.dev/injection: on-request", "sales", "", "image: auto", "refused"},
		{"on request, and asked for", ", istio-tenancy.dev/injection: on-request", "sales", `labels: {sidecar.istio.io/inject: "true"}`, "", "injected"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := read(t, fmt.Sprintf(injecting, row.labels, row.revision)+string(policy))
			image, host := "web", ""
			if strings.Contains(row.spec, "auto") {
				image = "auto"
			}
			if strings.Contains(row.spec, "hostNetwork") {
				host = "hostNetwork: true, "
			}
			q, err := access.ParseQuestion("create pods -n ns-1")
			require.NoError(t, err)
			pod := read(t, fmt.Sprintf("{apiVersion: v1, kind: Pod, metadata: {name: p, %s}, spec: {%scontainers: [{name: c, image: %s}]}}", row.metadata, host, image))
			q.Object = pod.Objects[0]
			before := fmt.Sprint(q.Object.Content)
			answers, err := modelOf(t, s).Ask(context.Background(), q, access.Who{Subject: rbacv1.Subject{Kind: "User", Name: "jo"}})
			require.NoError(t, err)
			require.Equal(t, row.want != "refused", answers[0].Allowed, answers[0].Refused)
			require.Equal(t, row.want == "injected", answers[0].Injected != "")
			require.Equal(t, before, fmt.Sprint(q.Object.Content), "the object is another's, too")
		})
	}
}
