package confine_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

const unknownRule = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: istiod-sales}
rules:
- RULE
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: istiod-sales}
roleRef: {kind: ClusterRole, name: istiod-sales}
subjects: [{kind: ServiceAccount, name: ACCOUNT, namespace: istio-system1}]
`

// bind gives an account, beside a control plane that runs as istiod-sales, one rule.
func bind(account, rule string) string {
	return plane("istiod-sales") + strings.NewReplacer("RULE", rule, "ACCOUNT", account).Replace(unknownRule)
}

func TestARightToReadThatTheCatalogueDoesNotKnowIsConfinedAndNamed(t *testing.T) {
	f := filter(t, "selectors")
	var warnings []string
	f.Warn = func(w string) { warnings = append(warnings, w) }
	got := objecttest.Run(t, f, bind("istiod-sales", "{apiGroups: [telepathy.istio.io], resources: [minds], verbs: [get]}"))
	require.Equal(t, []string{
		"ClusterRole istiod-sales: rules[0]: to read minds.telepathy.istio.io is not known to this release as a right of " +
			"istiod (ServiceAccount istiod-sales); confined to the tenant's namespaces",
	}, warnings)
	require.NotContains(t, got, "kind: ClusterRole")
	require.Contains(t, got, "minds")
}

// TestWhatNobodyKnowsIsRefused holds that no program gets istiod's rights for
// want of its own, and that nothing unknown is granted.
func TestWhatNobodyKnowsIsRefused(t *testing.T) {
	for name, test := range map[string]struct{ account, rule, want string }{
		"an unknown program that reads Secrets": {"collector", `{apiGroups: [""], resources: [secrets], verbs: [get, list, watch]}`,
			`ClusterRole istiod-sales: rules[0]: found get, list, watch secrets: ServiceAccount collector runs no program that this release ` +
				`knows: remove it from the base's rules by a patch, or allow it in the tenant's namespaces under spec.controlPlane.rights: ` +
				`{serviceAccount: collector, apiGroups: [""], resources: [secrets], verbs: [get, list, watch]}`},
		"an account that is only called as an istiod": {"istiod", `{apiGroups: [""], resources: [pods], verbs: [list]}`,
			"found list pods: ServiceAccount istiod runs no program that this release knows"},
		"an unknown write of istiod": {"istiod-sales", `{apiGroups: [telepathy.istio.io], resources: [minds], verbs: [get, update]}`,
			`found update minds.telepathy.istio.io: is no right of istiod (ServiceAccount istiod-sales) that this release knows`},
		"exec by a get": {"istiod-sales", `{apiGroups: [""], resources: [pods/exec], verbs: [get]}`, "found get pods/exec: "},
		"impersonation": {"istiod-sales", `{apiGroups: [""], resources: [users], verbs: [impersonate]}`, "found impersonate users: "},
		"everything": {"istiod-sales", `{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}`,
			"a wildcard includes every kind: list in the base's rules what is needed"},
		"everything of a group, to read": {"istiod-sales", `{apiGroups: [""], resources: ["*"], verbs: [get]}`, "found get *: "},
		"what no tenant's file can allow": {"collector", `{apiGroups: ["", authentication.k8s.io], resources: [tokenreviews, namespaces], verbs: [create]}`,
			"rules[0]: found create tokenreviews.authentication.k8s.io: ServiceAccount collector runs no program that this release knows, and it is of the whole cluster"},
		"a subresource of every kind": {"istiod-sales", `{apiGroups: [""], resources: ["pods/*"], verbs: [get]}`, "found get pods/*: "},
		"nobody":                      {"istiod-sales", `{apiGroups: [""], resources: [pods]}`, "rules[0].verbs: is empty: must name what is allowed"},
		"a resource in every group":   {"istiod-sales", `{apiGroups: ["*"], resources: [widgets], verbs: [get]}`, "found get widgets.*: "},
		"every URL": {"istiod-sales", `{nonResourceURLs: ["*"], verbs: [get]}`,
			`rules[0]: nonResourceURLs: found "*" for istiod (ServiceAccount istiod-sales): it shows information about the whole cluster`},
		"logs of the API server's node": {"prometheus", `{nonResourceURLs: ["/metrics", "/logs"], verbs: [get]}`, `found "/logs"`},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, objecttest.RunError(t, filter(t, "selectors"), bind(test.account, test.rule)), test.want)
		})
	}
}

func TestTheTenantAllowsRightsInItsNamespaces(t *testing.T) {
	f := filter(t, "selectors")
	f.Tenant.Spec.ControlPlane.Rights = []v1alpha1.Right{
		{ServiceAccount: "collector", APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"get", "list"}},
	}
	got := objecttest.Run(t, f, bind("collector", `{apiGroups: [""], resources: [pods], verbs: [get, list]}`))
	require.NotContains(t, got, "kind: ClusterRole\n")
	for _, o := range objecttest.Parse(t, got) {
		if o.GetKind() == "Role" {
			require.Contains(t, []string{"istio-system1", "ns-1"}, o.GetNamespace())
		}
	}
	require.Equal(t, 2, strings.Count(got, "kind: Role\nmetadata"))
	require.Contains(t, objecttest.RunError(t, f, bind("collector", `{apiGroups: [""], resources: [pods], verbs: [get, delete]}`)),
		"found delete pods: ")
	require.Contains(t, objecttest.RunError(t, f, bind("other", `{apiGroups: [""], resources: [pods], verbs: [get]}`)),
		"found get pods: ServiceAccount other runs no program")
}

// TestARightThatNothingUsesIsNamed also holds that a second run, which finds
// the rights where the first has put them, does not call them unused.
func TestARightThatNothingUsesIsNamed(t *testing.T) {
	f := filter(t, "selectors")
	var warnings []string
	f.Warn = func(w string) { warnings = append(warnings, w) }
	f.Tenant.Spec.ControlPlane.Rights = []v1alpha1.Right{
		{ServiceAccount: "collector", APIGroups: []string{""}, Resources: []string{"pods", "podz"}, Verbs: []string{"get", "list"}},
		{ServiceAccount: "colector", APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"get"}},
	}
	want := []string{
		"spec.controlPlane.rights[0]: no ClusterRole of the base gives ServiceAccount collector any of these, so that this entry has no effect: get, list podz",
		"spec.controlPlane.rights[1]: no ClusterRole of the base gives ServiceAccount colector any of these, so that this entry has no effect: get pods",
	}
	got := objecttest.Run(t, f, bind("collector", `{apiGroups: [""], resources: [pods], verbs: [get, list]}`))
	require.Equal(t, want, warnings)
	warnings = nil
	objecttest.Run(t, f, got)
	require.Equal(t, want, warnings)
}

// TestNoRightThatIsNotKnownLeadsToTheControlPlane: who writes in its namespace,
// or reads its CA's key there, becomes it.
func TestNoRightThatIsNotKnownLeadsToTheControlPlane(t *testing.T) {
	f := filter(t, "selectors")
	f.Tenant.Spec.ControlPlane.Rights = []v1alpha1.Right{
		{ServiceAccount: "collector", APIGroups: []string{""}, Resources: []string{"pods", "secrets"}, Verbs: []string{"get", "create"}},
	}
	granted := func(text string) map[string][]string {
		found := map[string][]string{}
		for _, o := range objecttest.Parse(t, text) {
			for _, r := range object.List(o, "rules") {
				for _, resource := range object.Strings(r, "resources") {
					found[o.GetNamespace()] = append(found[o.GetNamespace()], resource+" "+strings.Join(object.Strings(r, "verbs"), " "))
				}
			}
		}
		return found
	}
	require.Equal(t, map[string][]string{
		"istio-system1": {"pods get"},
		"ns-1":          {"pods get", "pods create", "secrets get create"},
	}, granted(objecttest.Run(t, f, bind("collector", `{apiGroups: [""], resources: [pods, secrets], verbs: [get, create]}`))))
	require.Equal(t, map[string][]string{"ns-1": {"secrets get"}},
		granted(objecttest.Run(t, filter(t, "selectors"), bind("prometheus", `{apiGroups: [""], resources: [secrets], verbs: [get]}`))))
}

func TestABindingOfNobodyIsRefused(t *testing.T) {
	require.Contains(t, objecttest.RunError(t, filter(t, "selectors"),
		strings.Replace(bind("x", `{apiGroups: [""], resources: [pods], verbs: [get]}`), "[{kind: ServiceAccount, name: x, namespace: istio-system1}]", "[]", 1)),
		"ClusterRole istiod-sales: a ClusterRoleBinding of it has no subjects")
}

func TestNoRoleBindingIsLeftWithoutItsRole(t *testing.T) {
	require.Contains(t, objecttest.RunError(t, filter(t, "selectors"), input+`---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: bob, namespace: ns-1}
roleRef: {kind: ClusterRole, name: istiod-sales}
subjects: [{kind: User, name: bob}]
`), "RoleBinding ns-1/bob: roleRef: found ClusterRole istiod-sales, which a ClusterRoleBinding names, too")
}

func TestURLsThatEverybodyHasStay(t *testing.T) {
	f := filter(t, "namespace")
	text := bind("istiod-sales", `{nonResourceURLs: [/version, /healthz], verbs: ["*"]}`)
	require.Contains(t, objecttest.Run(t, f, text), "- nonResourceURLs:\n  - /version\n  - /healthz\n  verbs:\n  - get\n")
	require.NoError(t, escalation(t, f, text))
}

func TestTwoProgramsDoNotShareAClusterRole(t *testing.T) {
	require.Contains(t, objecttest.RunError(t, filter(t, "selectors"), input+`---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: another}
roleRef: {kind: ClusterRole, name: istiod-sales}
subjects: [{kind: ServiceAccount, name: prometheus, namespace: istio-system1}]
`), "ClusterRole istiod-sales: is bound to ServiceAccounts of different programs, istiod-sales and prometheus: give each a ClusterRole of its own")
}

// TestARoleThatIncludesTheNamespaceIsNamed: no ClusterRoleBinding names these,
// so that nothing else looks at them.
func TestARoleThatIncludesTheNamespaceIsNamed(t *testing.T) {
	for rule, want := range map[string]int{
		`{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}`:                                 1,
		`{apiGroups: [""], resources: [namespaces], verbs: [delete]}`:                        1,
		`{apiGroups: [networking.istio.io], resources: ["*"], verbs: ["*"]}`:                 0,
		`{apiGroups: [""], resources: [pods], verbs: ["*"]}`:                                 0,
		`{apiGroups: [rbac.authorization.k8s.io], resources: [roles], verbs: [escalate]}`:    1,
		`{apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], verbs: [bind]}`: 1,
		`{apiGroups: [rbac.authorization.k8s.io], resources: [roles], verbs: [create]}`:      0,
	} {
		for _, kind := range []string{"{kind: ClusterRole, metadata: {name: a-istio-system1}", "{kind: Role, metadata: {name: a, namespace: ns-1}"} {
			f := filter(t, "namespace")
			var warnings []string
			f.Warn = func(w string) { warnings = append(warnings, w) }
			objecttest.Run(t, f, input+"---\n"+kind+", apiVersion: rbac.authorization.k8s.io/v1, rules: ["+rule+"]}\n")
			require.Len(t, warnings, want, "%s %s", kind, rule)
		}
	}
}
