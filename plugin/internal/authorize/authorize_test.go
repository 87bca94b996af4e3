package authorize_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

func TestDecide(t *testing.T) {
	const objects = `
- {kind: Role, metadata: {namespace: ns-1, name: r}, rules: [
    {verbs: [get], apiGroups: [""], resources: [secrets], resourceNames: [a, b]},
    {verbs: [create], apiGroups: [""], resources: ["*/exec", pods/log]},
    {verbs: ["*"], apiGroups: [apps], resources: ["*"]},
    {verbs: [list], apiGroups: ["*"], resources: [gateways]},
    {verbs: [patch], apiGroups: [""], resources: [namespaces]}]}
- {kind: RoleBinding, metadata: {namespace: ns-1, name: u}, roleRef: {kind: Role, name: r}, subjects: [{kind: User, name: ann}, {kind: Group, name: staff}]}
- {kind: RoleBinding, metadata: {namespace: ns-2, name: r-of-another-namespace}, roleRef: {kind: Role, name: r}, subjects: [{kind: User, name: ann}]}
- {kind: ClusterRoleBinding, metadata: {name: a-role}, roleRef: {kind: Role, name: r}, subjects: [{kind: User, name: bob}]}
- {kind: RoleBinding, metadata: {namespace: ns-1, name: own}, roleRef: {kind: ClusterRole, name: view}, subjects: [{kind: ServiceAccount, name: sa}]}
- {kind: RoleBinding, metadata: {namespace: ns-1, name: all}, roleRef: {kind: ClusterRole, name: edit}, subjects: [{kind: Group, name: "system:serviceaccounts:ns-3"}]}
- {kind: ClusterRoleBinding, metadata: {name: nobody}, roleRef: {kind: ClusterRole, name: cluster-admin}, subjects: [{kind: ServiceAccount, name: sa}]}
- {kind: ClusterRole, metadata: {name: urls}, rules: [{verbs: [get], nonResourceURLs: [/logs/*, /one]}]}
- {kind: ClusterRoleBinding, metadata: {name: urls}, roleRef: {kind: ClusterRole, name: urls}, subjects: [{kind: User, name: cid}]}
- {kind: ClusterRole, metadata: {name: more, labels: {rbac.authorization.k8s.io/aggregate-to-view: "true"}}, rules: [{verbs: [get], apiGroups: [example.com], resources: [things]}]}
- {kind: ClusterRoleBinding, metadata: {name: admins}, roleRef: {kind: ClusterRole, name: admin}, subjects: [{kind: User, name: dan}]}
- {kind: ClusterRole, metadata: {name: ring-1, labels: {ring: x}}, aggregationRule: {clusterRoleSelectors: [{matchExpressions: [{key: ring, operator: Exists}]}]}, rules: [{verbs: ["*"], apiGroups: ["*"], resources: ["*"]}]}
- {kind: ClusterRole, metadata: {name: ring-2, labels: {ring: z}}, aggregationRule: {clusterRoleSelectors: [{matchLabels: {ring: x}}, {matchLabels: {leaf: "1"}}]}}
- {kind: ClusterRole, metadata: {name: leaf, labels: {leaf: "1"}}, rules: [{verbs: [get], apiGroups: [""], resources: [nodes]}]}
- {kind: ClusterRoleBinding, metadata: {name: ring}, roleRef: {kind: ClusterRole, name: ring-1}, subjects: [{kind: User, name: eve}]}
- {kind: ClusterRole, metadata: {name: "system:basic-user"}, rules: []}
`
	a := newAuthorizer(t, objects)
	ann := authorize.Subject{User: "ann", Groups: []string{"system:authenticated"}}
	user := func(name string) authorize.Subject { return authorize.Subject{User: name} }
	for _, c := range []struct {
		who     authorize.Subject
		ask     string // VERB RESOURCE[.GROUP][/SUBRESOURCE] [NAMESPACE [NAME]]
		allowed string // ROLE by BINDING; "": refused
		broken  string
	}{
		{ann, "get secrets ns-1 a", "Role ns-1/r by RoleBinding ns-1/u", ""},
		{ann, "get secrets ns-1 c", "", ""},
		{ann, "get secrets ns-1", "", ""},
		{ann, "get secrets - a", "", ""},
		{ann, "get secrets ns-2 a", "", "RoleBinding ns-2/r-of-another-namespace"},
		{user("bob"), "get secrets ns-1 a", "", "ClusterRoleBinding a-role"},
		{authorize.SubjectOf(rbacv1.Subject{Kind: "Group", Name: "staff"}, ""), "get secrets ns-1 b", "Role ns-1/r by RoleBinding ns-1/u", ""},
		{ann, "create pods/exec ns-1 x", "Role ns-1/r by RoleBinding ns-1/u", ""},
		{ann, "create services/exec ns-1 x", "Role ns-1/r by RoleBinding ns-1/u", ""},
		{ann, "create pods ns-1", "", ""},
		{ann, "create pods/log ns-1", "Role ns-1/r by RoleBinding ns-1/u", ""},
		{ann, "create services/log ns-1", "", ""},
		{ann, "escalate deployments.apps/scale ns-1 x", "Role ns-1/r by RoleBinding ns-1/u", ""},
		{ann, "* *.apps ns-1", "Role ns-1/r by RoleBinding ns-1/u", ""},
		{ann, "* * ns-1", "", ""},
		{ann, "list gateways.networking.istio.io ns-1", "Role ns-1/r by RoleBinding ns-1/u", ""},
		{ann, "list gateways.* ns-1", "Role ns-1/r by RoleBinding ns-1/u", ""},
		{ann, "patch namespaces ns-1 ns-1", "Role ns-1/r by RoleBinding ns-1/u", ""},
		{ann, "patch namespaces - ns-1", "", ""},
		{authorize.Account("ns-1", "sa"), "get pods ns-1", "ClusterRole system:aggregate-to-view by RoleBinding ns-1/own", ""},
		{user("system:serviceaccount:ns-1:sa"), "get pods ns-1", "ClusterRole system:aggregate-to-view by RoleBinding ns-1/own", ""},
		{authorize.Account("ns-2", "sa"), "get pods ns-1", "", ""},
		{authorize.Account("ns-1", "sa"), "get secrets ns-1", "", ""},
		{authorize.Account("ns-3", "any"), "create pods/exec ns-1", "ClusterRole system:aggregate-to-edit by RoleBinding ns-1/all", ""},
		{user("cid"), "get /logs/kubelet", "ClusterRole urls by ClusterRoleBinding urls", ""},
		{user("cid"), "get /one", "ClusterRole urls by ClusterRoleBinding urls", ""},
		{user("cid"), "get /one/two", "", ""},
		{user("cid"), "post /one", "", ""},
		{authorize.SubjectOf(rbacv1.Subject{Kind: "User", Name: "system:anonymous"}, ""), "get /version", "ClusterRole system:public-info-viewer by ClusterRoleBinding system:public-info-viewer", ""},
		{authorize.Account("ns-1", "sa"), "get things.example.com ns-1", "ClusterRole more by RoleBinding ns-1/own", ""},
		{user("dan"), "get things.example.com", "ClusterRole more by ClusterRoleBinding admins", ""},
		{user("dan"), "get things.example.com ns-9", "ClusterRole more by ClusterRoleBinding admins", ""},
		{user("dan"), "bind roles.rbac.authorization.k8s.io ns-9", "", ""},
		{user("eve"), "get nodes", "ClusterRole leaf by ClusterRoleBinding ring", ""},
		{user("eve"), "get secrets", "", ""},
		{authorize.Subject{Groups: []string{"system:masters"}}, "bind roles ns-1", "ClusterRole cluster-admin by ClusterRoleBinding cluster-admin", ""},
		// The snapshot's has no rules, and an API server that starts adds them.
		{ann, "create selfsubjectaccessreviews.authorization.k8s.io", "ClusterRole system:basic-user by ClusterRoleBinding system:basic-user", ""},
	} {
		t.Run(c.who.User+" "+c.ask, func(t *testing.T) {
			d := a.Decide(request(c.who, c.ask))
			got := ""
			if d.Allowed {
				got = d.By.Role.String() + " by " + d.By.Binding.String()
			}
			require.Equal(t, c.allowed, got)
			require.Equal(t, c.broken, strings.Trim(fmt.Sprint(d.Broken), "[]"))
			again := a.Decide(request(c.who, c.ask)) // from what it remembers
			require.Equal(t, d, again)
		})
	}
}

// A role that gathers rules may be given with others instead. They hold until an API server
// starts, and from then on it gathers, and is gathered, again.
func TestARoleOfEveryClusterThatIsEdited(t *testing.T) {
	const edited = `
- {kind: ClusterRole, metadata: {name: view%s}, rules: [{verbs: [get], apiGroups: [""], resources: [secrets]}]}
- {kind: RoleBinding, metadata: {namespace: ns-1, name: v}, roleRef: {kind: ClusterRole, name: view}, subjects: [{kind: User, name: ann}]}
- {kind: RoleBinding, metadata: {namespace: ns-1, name: e}, roleRef: {kind: ClusterRole, name: edit}, subjects: [{kind: User, name: bob}]}
`
	for metadata, want := range map[string]bool{"": true, `, annotations: {rbac.authorization.kubernetes.io/autoupdate: "false"}`: false} {
		a := newAuthorizer(t, fmt.Sprintf(edited, metadata))
		may := func(who, ask string) bool { return a.Decide(request(authorize.Subject{User: who}, ask)).Allowed }
		require.True(t, may("ann", "get secrets ns-1"))
		require.Equal(t, want, may("ann", "get pods ns-1"))
		require.Equal(t, want, may("bob", "list limitranges ns-1"))
	}
}

// What a controller has gathered in a cluster holds, if what it was gathered from was not read.
// What a manifest has in its place, the controller overwrites.
func TestARoleOfAClusterHasGathered(t *testing.T) {
	const gathers = `
- {kind: ClusterRole, metadata: {name: agg%s}, aggregationRule: {clusterRoleSelectors: [{matchLabels: {x: z}}]}, rules: [
    {verbs: [get], apiGroups: [""], resources: [secrets]}, {verbs: [get, list], apiGroups: [""], resources: [pods]}]}
- {kind: ClusterRole, metadata: {name: part, labels: {x: z}}, rules: [{verbs: [get, list], apiGroups: [""], resources: [pods]}]}
- {kind: RoleBinding, metadata: {namespace: ns-1, name: b}, roleRef: {kind: ClusterRole, name: agg}, subjects: [{kind: User, name: ann}]}
`
	for metadata, want := range map[string][]string{"": {"ClusterRole part 0"}, ", uid: 1b0cff9b": {"ClusterRole part 0", "ClusterRole agg 0"}} {
		a := newAuthorizer(t, fmt.Sprintf(gathers, metadata))
		var got []string
		for _, g := range a.Grants(authorize.Subject{User: "ann"}) {
			got = append(got, fmt.Sprint(g.Role, " ", g.At))
		}
		require.Equal(t, want, got)
		require.Equal(t, len(want) == 2, a.Decide(request(authorize.Subject{User: "ann"}, "get secrets ns-1")).Allowed)
	}
}

func TestMastersNeedNoBinding(t *testing.T) {
	a := newAuthorizer(t, `
- {kind: ClusterRoleBinding, metadata: {name: cluster-admin}, roleRef: {kind: ClusterRole, name: view}, subjects: [{kind: Group, name: "system:masters"}]}
`)
	d := a.Decide(request(authorize.Subject{Groups: []string{"system:masters"}}, "delete nodes"))
	require.True(t, d.Allowed)
	require.Zero(t, d.By.Binding)
}

func TestGrants(t *testing.T) {
	a := newAuthorizer(t, `
- {kind: ClusterRole, metadata: {name: c}, rules: [{verbs: [get], apiGroups: [""], resources: [nodes]}]}
- {kind: RoleBinding, metadata: {namespace: b, name: two}, roleRef: {kind: ClusterRole, name: c}, subjects: [{kind: User, name: ann}, {kind: User, name: ann}, {kind: Group, name: g}]}
- {kind: RoleBinding, metadata: {namespace: a, name: one}, roleRef: {kind: ClusterRole, name: c}, subjects: [{kind: User, name: ann}]}
- {kind: RoleBinding, metadata: {namespace: a, name: none}, roleRef: {kind: ClusterRole, name: d}, subjects: [{kind: User, name: ann}]}
- {kind: ClusterRoleBinding, metadata: {name: zero}, roleRef: {kind: ClusterRole, name: c}, subjects: [{kind: Group, name: g}]}
`)
	var got []string
	for _, g := range a.Grants(authorize.Subject{User: "ann", Groups: []string{"g", "g"}}) {
		got = append(got, fmt.Sprintf("%s|%s|%s|%s|%s", g.Namespace, g.Binding, g.Role, g.BindingSource, g.RoleSource))
	}
	require.Equal(t, []string{
		"|ClusterRoleBinding zero|ClusterRole c|file:5|file:1",
		"a|RoleBinding a/one|ClusterRole c|file:3|file:1",
		"b|RoleBinding b/two|ClusterRole c|file:2|file:1",
	}, got)
}

func TestSubjectOf(t *testing.T) {
	for _, c := range []struct {
		subject rbacv1.Subject
		want    authorize.Subject
	}{
		{rbacv1.Subject{Kind: "User", Name: "ann"}, authorize.Subject{User: "ann", Groups: []string{"system:authenticated"}}},
		{rbacv1.Subject{Kind: "User", Name: "system:serviceaccount:ns-1:sa"}, authorize.Account("ns-1", "sa")},
		{rbacv1.Subject{Kind: "User", Name: "system:anonymous"}, authorize.Subject{User: "system:anonymous", Groups: []string{"system:unauthenticated"}}},
		{rbacv1.Subject{Kind: "ServiceAccount", Name: "sa"}, authorize.Account("of-binding", "sa")},
		{rbacv1.Subject{Kind: "ServiceAccount", Namespace: "ns-1", Name: "sa"}, authorize.Account("ns-1", "sa")},
		{rbacv1.Subject{Kind: "Group", Name: "staff"}, authorize.Subject{Groups: []string{"staff", "system:authenticated"}}},
		{rbacv1.Subject{Kind: "Group", Name: "system:serviceaccounts:ns-1"}, authorize.Subject{Groups: []string{"system:serviceaccounts", "system:serviceaccounts:ns-1", "system:authenticated"}}},
	} {
		require.Equal(t, c.want, authorize.SubjectOf(c.subject, "of-binding"))
	}
	require.Equal(t, authorize.Subject{User: "system:serviceaccount:ns-1:sa",
		Groups: []string{"system:serviceaccounts", "system:serviceaccounts:ns-1", "system:authenticated"}}, authorize.Account("ns-1", "sa"))
}

func TestNewNamesEveryObjectThatIsWrong(t *testing.T) {
	_, err := authorize.New(read(t, `
- {kind: Role, metadata: {namespace: a, name: r}, rules: [{verbs: get}]}
- {kind: RoleBinding, metadata: {name: of-no-namespace}}
- {kind: Role, metadata: {namespace: a, name: "x\n::error::y"}, rules: [{verbs: get}]}
`))
	require.ErrorContains(t, err, "file:1: Role a/r: ")
	require.ErrorContains(t, err, `file:2: RoleBinding of-no-namespace: metadata.namespace: found ""`)
	require.ErrorContains(t, err, `file:3: Role a/x\n::error::y: `)
}

func newAuthorizer(t *testing.T, objects string) *authorize.Authorizer {
	t.Helper()
	a, err := authorize.New(read(t, objects))
	require.NoError(t, err)
	return a
}

// read makes a snapshot of a list of objects of RBAC; the line is that of the list.
func read(t *testing.T, list string) *snapshot.Snapshot {
	t.Helper()
	var contents []map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(list), &contents))
	var objects []*snapshot.Object
	for i, content := range contents {
		metadata := content["metadata"].(map[string]any)
		namespace, _ := metadata["namespace"].(string)
		objects = append(objects, &snapshot.Object{Content: content, Source: snapshot.Source{File: "file", Line: i + 1},
			ID: object.ID{Group: "rbac.authorization.k8s.io", Kind: content["kind"].(string), Namespace: namespace, Name: metadata["name"].(string)}})
	}
	return snapshot.New(objects, nil)
}

func request(who authorize.Subject, ask string) authorize.Request {
	words := append(strings.Fields(ask), "", "")
	r := authorize.Request{Subject: who, Verb: words[0]}
	if strings.HasPrefix(words[1], "/") {
		r.Path = words[1]
		return r
	}
	r.Resource, r.Namespace, r.Name = words[1], strings.Trim(words[2], "-"), words[3]
	if strings.HasPrefix(words[2], "ns-") {
		r.Namespace = words[2]
	}
	r.Resource, r.Subresource, _ = strings.Cut(r.Resource, "/")
	r.Resource, r.Group, _ = strings.Cut(r.Resource, ".")
	return r
}

// What a rule says in vain is no grant, and what every cluster has is told from what is
// called like it.
func TestHolders(t *testing.T) {
	a := newAuthorizer(t, `
- {kind: ClusterRole, metadata: {name: vain}, rules: [
    {}, {verbs: [get]}, {verbs: [get], resources: [pods]}, {apiGroups: [""], resources: [pods]},
    {verbs: [get], apiGroups: [""], resources: [pods/*, "*/*"]}, {verbs: [get], apiGroups: [""], resources: [pods/*, pods]}, {verbs: [get], nonResourceURLs: [/metrics]}]}
- {kind: ClusterRoleBinding, metadata: {name: vain}, roleRef: {kind: ClusterRole, name: vain}, subjects: [{kind: User, name: ann}, {kind: ServiceAccount, namespace: ns-1, name: sa}]}
- {kind: RoleBinding, metadata: {namespace: ns-1, name: vain}, roleRef: {kind: ClusterRole, name: vain}, subjects: [{kind: User, name: ann}]}
- {kind: ClusterRoleBinding, metadata: {name: "system:discovery"}, roleRef: {kind: ClusterRole, name: "system:discovery"}, subjects: [{kind: Group, name: "system:authenticated", apiGroup: rbac.authorization.k8s.io}]}
- {kind: ClusterRoleBinding, metadata: {name: "system:basic-user"}, roleRef: {kind: ClusterRole, name: "system:basic-user"}, subjects: [{kind: User, name: ann}]}
`)
	var found []string
	for _, g := range a.Grants(authorize.Subject{User: "ann"}) {
		if g.Role.Name == "vain" {
			found = append(found, fmt.Sprint(g.Namespace, g.At, g.Rule.Resources, g.Rule.NonResourceURLs))
		}
	}
	require.Equal(t, []string{"5 [pods] []", "6 [] [/metrics]", "ns-15 [pods] []"}, found)
	require.True(t, a.Decide(authorize.Request{Subject: authorize.Subject{User: "ann"}, Verb: "get", Resource: "pods", Subresource: "*"}).Allowed, "to the letter")
	require.False(t, a.Decide(authorize.Request{Subject: authorize.Subject{User: "ann"}, Verb: "get", Resource: "pods", Subresource: "log"}).Allowed)
	binding := func(name string) object.ID {
		return object.ID{Group: "rbac.authorization.k8s.io", Kind: "ClusterRoleBinding", Name: name}
	}
	require.Len(t, a.Of(binding("vain")), 2)
	require.True(t, a.IsBuiltin(a.Of(binding("system:discovery"))[0]))
	require.False(t, a.IsBuiltin(a.Of(binding("system:basic-user"))[0]), "it has a subject more")
	require.True(t, a.IsBuiltin(a.Of(binding("system:kube-scheduler"))[0]))
	builtin, named := a.Accounts()[[2]string{"ns-1", "sa"}]
	require.True(t, named)
	require.False(t, builtin, "nobody makes it")
	require.True(t, a.Accounts()[[2]string{"kube-system", "clusterrole-aggregation-controller"}])
	require.Contains(t, a.RolesIn("ns-1"), object.ID{Group: "rbac.authorization.k8s.io", Kind: "ClusterRole", Name: "admin"})
}

// RBAC takes a * among resourceNames for a name, which no object has.
func TestAtoms(t *testing.T) {
	atoms := func(names ...string) []string {
		return authorize.Atoms(rbacv1.PolicyRule{Verbs: []string{"get"}, APIGroups: []string{""}, Resources: []string{"secrets"}, ResourceNames: names})
	}
	require.Equal(t, []string{"get secrets *"}, atoms())
	require.Equal(t, []string{"get secrets x", `get secrets "*"`}, atoms("x", "*"))
}
