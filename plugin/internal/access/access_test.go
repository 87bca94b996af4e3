package access_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/access"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

func read(t testing.TB, manifests string) *snapshot.Snapshot {
	t.Helper()
	reading, err := snapshot.Read(context.Background(), snapshot.Options{Paths: []string{"-"}, In: strings.NewReader(manifests)})
	require.NoError(t, err)
	return reading.Snapshot
}

const header = `
apiVersion: v1
kind: Namespace
metadata: {name: ns-1, labels: {istio-tenancy.dev/tenant: sales}}
`

// bound is a Role with rules in ns-1, bound to a user.
func bound(rules string) string {
	return header + `---
{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: r, namespace: ns-1}, rules: [` + rules + `]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: b, namespace: ns-1}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}, subjects: [{kind: User, name: jo}]}
`
}

func TestWords(t *testing.T) {
	for rules, want := range map[string]string{
		`{verbs: ["*"], apiGroups: ["*"], resources: ["*"]}`:                                                                 "everything 3",
		`{verbs: [get, list, watch], apiGroups: [""], resources: [pods, configmaps]}`:                                        "read 1",
		`{verbs: [get], apiGroups: [""], resources: [secrets]}`:                                                              "secrets 3",
		`{verbs: [watch], apiGroups: [""], resources: ["*"]}`:                                                                "secrets 3",
		`{verbs: [get], apiGroups: [""], resources: [secrets], resourceNames: [ca]}`:                                         "some secrets 3",
		`{verbs: [delete], apiGroups: [""], resources: [secrets]}`:                                                           "write 2",
		`{verbs: [create], apiGroups: [""], resources: ["*/exec"]}`:                                                          "exec 3",
		`{verbs: [get], apiGroups: [""], resources: [pods/exec]}`:                                                            "exec 3",
		`{verbs: [patch], apiGroups: [""], resources: [pods/ephemeralcontainers]}`:                                           "exec 3",
		`{verbs: [create], apiGroups: [""], resources: [serviceaccounts/token]}`:                                             "tokens 3",
		`{verbs: [impersonate], apiGroups: [""], resources: [serviceaccounts]}`:                                              "impersonate 3",
		`{verbs: [bind], apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles]}`:                                 "bind 3",
		`{verbs: [escalate], apiGroups: [rbac.authorization.k8s.io], resources: [roles]}`:                                    "escalate 3",
		`{verbs: [create], apiGroups: [rbac.authorization.k8s.io], resources: [rolebindings]}`:                               "roles 3",
		`{verbs: [patch], apiGroups: [apps], resources: [deployments]}`:                                                      "workloads 3",
		`{verbs: [create], apiGroups: [batch], resources: [cronjobs]}`:                                                       "workloads 3",
		`{verbs: [patch], apiGroups: [""], resources: [namespaces]}`:                                                         "namespaces 3",
		`{verbs: [delete], apiGroups: [networking.k8s.io], resources: [networkpolicies]}`:                                    "network 2",
		`{verbs: [create], apiGroups: [networking.istio.io], resources: [virtualservices]}`:                                  "istio 2",
		`{verbs: [delete], apiGroups: [""], resources: [pods]}`:                                                              "restart 2",
		`{verbs: [update], apiGroups: [""], resources: [configmaps]}`:                                                        "write 2",
		`{verbs: [get], apiGroups: [""], resources: [secrets, pods]}, {verbs: [delete], apiGroups: [""], resources: [pods]}`: "secrets, restart 3",
	} {
		r, err := access.New(read(t, bound(rules)))
		require.NoError(t, err)
		require.Len(t, r.Subjects, 1, rules)
		require.Len(t, r.Subjects[0].Cells, 1)
		c := r.Subjects[0].Cells[0]
		require.Equal(t, want, fmt.Sprint(strings.Join(c.May, ", "), " ", c.Level), rules)
	}
	none, err := access.New(read(t, bound("")))
	require.NoError(t, err)
	require.Empty(t, none.Subjects, "a role without a rule")
}

// The page of docs explains each word.
func TestDocumented(t *testing.T) {
	page, err := os.ReadFile("../../../docs/access.md")
	require.NoError(t, err)
	_, table, _ := strings.Cut(string(page), "| word |")
	for _, w := range access.Words() {
		require.Contains(t, table, "`"+w.Name+"`")
	}
}

const cluster = header + `---
{apiVersion: v1, kind: Namespace, metadata: {name: ns-2, labels: {istio-tenancy.dev/tenant: sales}}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: hr, labels: {istio-tenancy.dev/tenant: hr}}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: admin, namespace: ns-1}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: admin}, subjects: [{kind: User, name: jo}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: admin, namespace: ns-2}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: admin}, subjects: [{kind: User, name: jo}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: view, namespace: ns-2}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}, subjects: [{kind: User, name: jo}, {kind: Group, name: auditors}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: view, namespace: hr}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}, subjects: [{kind: Group, name: auditors}, {kind: ServiceAccount, name: default, namespace: ns-1}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: gone, namespace: other}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: gone}, subjects: [{kind: User, name: jo}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: edit, namespace: other}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}, subjects: [{kind: User, name: al}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: ops}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}, subjects: [{kind: Group, name: ops}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: "system:own", labels: {kubernetes.io/bootstrapping: rbac-defaults}}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}, subjects: [{kind: User, name: "system:own"}]}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: all, namespace: ns-1}, spec: {podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: all, namespace: ns-2}, spec: {podSelector: {}, ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: istio-tenancy.dev/tenant, operator: In, values: [hr, sales]}]}}]}]}}
`

func TestTable(t *testing.T) {
	r, err := access.New(read(t, cluster))
	require.NoError(t, err)
	var text strings.Builder
	require.NoError(t, r.Table(&text))
	require.Equal(t, `the whole cluster
  SUBJECT    NAMESPACES  MAY
  Group ops  all         cluster-admin

tenant hr
  SUBJECT                      NAMESPACES  MAY
  Group auditors               hr          view
  ServiceAccount ns-1/default  hr          view
  network: every namespace may connect to hr: no policy is there for what comes in

tenant sales
  SUBJECT         NAMESPACES  MAY
  User jo         ns-1, ns-2  admin
  Group auditors  ns-2        view
  network: hr of tenant hr may connect to ns-2, by NetworkPolicy ns-2/all, spec.ingress[0], to Pods that nothing makes yet

no tenant
  SUBJECT  NAMESPACES  MAY
  User al  other       edit
`, text.String())
}

// The page draws each tenant, and who reaches whom, once.
func TestHTML(t *testing.T) {
	r, err := access.New(read(t, cluster))
	require.NoError(t, err)
	var text strings.Builder
	require.NoError(t, r.HTML(&text))
	for part, times := range map[string]int{
		`data-tenant="hr"`: 1, `data-tenant="sales"`: 1, `class="edge network"`: 3, `class="edge rights"`: 4,
		`data-ends="tenant-hr tenant-sales"`: 1, `data-ends="tenant-sales tenant-hr"`: 1, `<th scope="row">jo<small>User</small></th>`: 1,
		`system:own`: 0, `ZgotmplZ`: 0,
	} {
		require.Equal(t, times, strings.Count(text.String(), part), part)
	}
}

func TestAsk(t *testing.T) {
	s := read(t, cluster)
	jo := access.Who{Subject: rbacv1.Subject{Kind: "User", Name: "jo"}}
	inOps := jo
	inOps.Groups = []string{"ops"}
	for _, c := range []struct {
		who  access.Who
		ask  string
		want string
	}{
		{jo, "create pods -n ns-1", "yes: User jo may create pods in ns-1\n  RoleBinding ns-1/admin (stdin:10)\n  ClusterRole system:aggregate-to-edit (of every cluster)\n" +
			"    create, delete, deletecollection, patch, update: pods, pods/attach, pods/exec, pods/portforward, pods/proxy\n"},
		{jo, "create pods -n hr", "no: User jo may not create pods in hr: no binding that names it gives a rule for it\n"},
		{jo, "get pods --namespace=other", "no: User jo may not get pods in other: no binding that names it gives a rule for it\n  RoleBinding other/gone names a role that is not there\n"},
		{inOps, "delete nodes", "yes: User jo, in group ops may delete nodes\n  ClusterRoleBinding ops (stdin:22)\n  ClusterRole cluster-admin (of every cluster)\n    *: *.*\n"},
		{jo, "get /version", "yes: User jo may get /version\n  ClusterRoleBinding system:discovery (of every cluster)\n  ClusterRole system:discovery (of every cluster)\n" +
			"    get: /api, /api/*, /apis, /apis/*, /healthz, /livez, /openapi, /openapi/*, /readyz, /version, /version/\n"},
	} {
		q, err := access.ParseQuestion(c.ask)
		require.NoError(t, err)
		answers, err := access.Ask(context.Background(), s, q, c.who)
		require.NoError(t, err)
		require.Len(t, answers, 1)
		var text strings.Builder
		require.NoError(t, answers[0].Text(&text))
		require.Equal(t, c.want, text.String(), c.ask)
	}
	q, err := access.ParseQuestion("get secrets -n ns-2")
	require.NoError(t, err)
	answers, err := access.Ask(context.Background(), s, q)
	require.NoError(t, err)
	var who, common []string
	for _, a := range answers {
		if a.OfEveryCluster {
			common = append(common, a.Subject)
		} else {
			who = append(who, a.Subject)
		}
	}
	require.Equal(t, []string{"User jo", "Group ops"}, who)
	require.Subset(t, common, []string{"Group system:masters", "User system:own", "ServiceAccount kube-system/namespace-controller"})
	require.NotContains(t, common, "Group system:authenticated")
}

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
		"get pods. -n a":                                 "get pods in a",
		"get networkpolicies.crd.projectcalico.org -n a": "get networkpolicies.crd.projectcalico.org in a",
	} {
		q, err := access.ParseQuestion(text)
		require.NoError(t, err, text)
		require.Equal(t, want, q.String())
	}
	for text, want := range map[string]string{
		"create":             "has 1 words",
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
		`get pods -n "ns-0"`: `-n: "\"ns-0\"" is no name of a namespace`,
		"get pods -n a -n b": `--namespace is given twice, "a" and "b"`,
		"get pods/ -n a":     "nothing is after the slash",
		"get pods/a b -n a":  `"a" and "b" are two names`,
		"get /metrics -n a":  "/metrics is a path, which has neither a name nor a namespace",
	} {
		_, err := access.ParseQuestion(text)
		require.ErrorContains(t, err, want, text)
	}
}

// A name that moves the cursor, or begins a line, would forge what the table says.
func TestNamesAreAsTheyAre(t *testing.T) {
	s := read(t, header+`---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: b, namespace: ns-1}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: User, name: "jo\x1b[2K\n  User eve  ns-1  admin"}]
`)
	r, err := access.New(s)
	require.NoError(t, err)
	var text strings.Builder
	require.NoError(t, r.Table(&text))
	who := access.Who{Subject: rbacv1.Subject{Kind: "User", Name: "jo\x1b[2K\n  User eve  ns-1  admin"}}
	rights, err := access.NewRights(s, who)
	require.NoError(t, err)
	require.NoError(t, rights.Text(&text))
	q, err := access.ParseQuestion("get pods -n ns-1")
	require.NoError(t, err)
	answers, err := access.Ask(context.Background(), s, q)
	require.NoError(t, err)
	require.NoError(t, access.Answers(&text, q, answers))
	require.NotContains(t, text.String(), "\x1b")
	require.NotContains(t, text.String(), "\n  User eve")
	require.Equal(t, 3, strings.Count(text.String(), `User jo\x1b[2K\n  User eve  ns-1  admin`))
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
			answers, err := access.Ask(context.Background(), s, q, access.Who{Subject: rbacv1.Subject{Kind: "User", Name: "jo"}})
			require.NoError(t, err)
			require.Equal(t, row.want != "refused", answers[0].Allowed, answers[0].Refused)
			require.Equal(t, row.want == "injected", answers[0].Injected != "")
			require.Equal(t, before, fmt.Sprint(q.Object.Content), "the object is another's, too")
		})
	}
}
