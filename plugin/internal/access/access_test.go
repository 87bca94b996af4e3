package access_test

import (
	"context"
	"encoding/json"
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

func modelOf(t testing.TB, s *snapshot.Snapshot) *access.Model {
	t.Helper()
	m, err := access.New(s)
	require.NoError(t, err)
	return m
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

// What a role allows that is not in the input is not known, and no table is empty in silence.
func TestRolesWithoutRules(t *testing.T) {
	binding := func(name, role, who string) string {
		return "---\n{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: " + name + ", namespace: ns-1}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: " + role + "}, subjects: [{kind: User, name: " + who + "}]}\n"
	}
	s := read(t, header+binding("lost", "lost", "jo")+binding("view", "view", "jo")+binding("sum", "sum", "al")+binding("none", "none", "al")+`---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: sum}, aggregationRule: {clusterRoleSelectors: [{matchLabels: {x: z}}]}, rules: [{verbs: ["*"], apiGroups: ["*"], resources: ["*"]}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: none}, rules: []}
`)
	jo := access.Who{Subject: rbacv1.Subject{Kind: "User", Name: "jo"}}
	m := modelOf(t, s)
	text := m.WithoutRules(jo)
	require.Equal(t, "some roles have no rules in the input, so what they allow is not known: RoleBinding ns-1/lost gives ClusterRole lost", text)
	text = m.WithoutRules()
	require.Equal(t, "some roles have no rules in the input, so what they allow is not known: RoleBinding ns-1/lost gives ClusterRole lost, RoleBinding ns-1/sum gives ClusterRole sum", text)
	text = modelOf(t, read(t, header+binding("view", "view", "jo"))).WithoutRules()
	require.Empty(t, text)
}

// A program that reads the report finds lists, and not null.
func TestListsAreEmpty(t *testing.T) {
	r, err := modelOf(t, read(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: ns-1}}")).Report()
	require.NoError(t, err)
	text, err := json.Marshal(r)
	require.NoError(t, err)
	require.JSONEq(t, `{"tenants": [], "subjects": [], "network": []}`, string(text))
}

func TestTable(t *testing.T) {
	r, err := modelOf(t, read(t, cluster)).Report()
	require.NoError(t, err)
	var text strings.Builder
	require.NoError(t, r.Table(&text))
	require.Equal(t, `the whole cluster
  SUBJECT          NAMESPACES  MAY
  User system:own  all         cluster-admin
  Group ops        all         cluster-admin

tenant hr
  SUBJECT                      NAMESPACES  MAY
  Group auditors               hr          view
  ServiceAccount ns-1/default  hr          view
  network: every namespace may connect to hr: no policy limits incoming
    connections

tenant sales
  SUBJECT         NAMESPACES  MAY
  User jo         ns-1, ns-2  admin
  Group auditors  ns-2        view
  network: hr of tenant hr may connect to ns-2, by NetworkPolicy ns-2/all,
    spec.ingress[0], to Pods that no object creates yet

no tenant
  SUBJECT  NAMESPACES  MAY
  User al  other       edit
`, text.String())
}

// The page draws each tenant, and who reaches whom, once.
func TestHTML(t *testing.T) {
	r, err := modelOf(t, read(t, cluster)).Report()
	require.NoError(t, err)
	var text strings.Builder
	require.NoError(t, r.HTML(&text))
	for part, times := range map[string]int{
		`data-tenant="hr"`: 1, `data-tenant="sales"`: 1, `class="edge network"`: 3, `class="edge rights"`: 4,
		`data-ends="tenant-hr tenant-sales"`: 1, `data-ends="tenant-sales tenant-hr"`: 1, `<th scope="row">jo<small>User</small></th>`: 1,
		`<th scope="row">system:own<small>User</small></th>`: 1, `ZgotmplZ`: 0,
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
		{jo, "get pods --namespace=other", "no: User jo may not get pods in other: no binding that names it gives a rule for it\n  RoleBinding other/gone names a role that does not exist\n"},
		{inOps, "delete nodes", "yes: User jo, in group ops may delete nodes\n  ClusterRoleBinding ops (stdin:22)\n  ClusterRole cluster-admin (of every cluster)\n    *: *.*\n"},
		{jo, "get /version", "yes: User jo may get /version\n  ClusterRoleBinding system:discovery (of every cluster)\n  ClusterRole system:discovery (of every cluster)\n" +
			"    get: /api, /api/*, /apis, /apis/*, /healthz, /livez, /openapi, /openapi/*, /readyz, /version, /version/\n"},
	} {
		q, err := access.ParseQuestion(c.ask)
		require.NoError(t, err)
		answers, err := modelOf(t, s).Ask(context.Background(), q, c.who)
		require.NoError(t, err)
		require.Len(t, answers, 1)
		var text strings.Builder
		require.NoError(t, answers[0].Text(&text))
		require.Equal(t, c.want, text.String(), c.ask)
	}
	q, err := access.ParseQuestion("get secrets -n ns-2")
	require.NoError(t, err)
	answers, err := modelOf(t, s).Ask(context.Background(), q)
	require.NoError(t, err)
	var who, common []string
	for _, a := range answers {
		if a.OfEveryCluster {
			common = append(common, a.Subject)
		} else {
			who = append(who, a.Subject)
		}
	}
	require.Equal(t, []string{"User jo", "User system:own", "Group ops"}, who)
	require.Subset(t, common, []string{"Group system:masters", "ServiceAccount kube-system/namespace-controller"})
	require.NotContains(t, common, "Group system:authenticated")
}
