package upgrade_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/upgrade"
)

func TestRights(t *testing.T) {
	const clusterWide = `
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: c}, roleRef: {kind: ClusterRole, name: c},
 subjects: [{kind: ServiceAccount, name: istiod, namespace: istio-system1}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: c}, rules: [%s]}
`
	in := func(namespace, rules string) string {
		return fmt.Sprintf(`---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: r, namespace: %[1]s}, roleRef: {kind: Role, name: r},
 subjects: [{kind: ServiceAccount, name: istiod, namespace: istio-system1}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: r, namespace: %[1]s}, rules: [%[2]s]}
`, namespace, rules)
	}
	const (
		pods    = `{apiGroups: [""], resources: [pods], verbs: [list, get]}`
		secrets = `{apiGroups: [""], resources: [secrets], verbs: [get]}`
		named   = `{apiGroups: [""], resources: [secrets], resourceNames: [a], verbs: [get]}`
		anyIn   = `{apiGroups: [x.io], resources: ["*"], verbs: ["*"]}`
		status  = `{apiGroups: [x.io], resources: [as/status], verbs: [update]}`
	)
	for name, test := range map[string]struct{ from, to, want string }{
		"gained in the cluster":            {"", fmt.Sprintf(clusterWide, secrets), "+ ServiceAccount istiod, in the cluster: get of secrets"},
		"lost in the cluster":              {fmt.Sprintf(clusterWide, pods), "", "- ServiceAccount istiod, in the cluster: get list of pods"},
		"gained in every namespace":        {"", in("ns-1", pods) + in("ns-2", pods) + in("istio-system1", pods), "+ ServiceAccount istiod, in all of the tenant's namespaces: get list of pods"},
		"gained in one of two":             {in("ns-1", pods), in("ns-1", pods) + in("ns-2", pods), "+ ServiceAccount istiod, in ns-2: get list of pods"},
		"gained beside the control plane":  {"", in("istio-system1", secrets), "+ ServiceAccount istiod, in the control plane's namespace: get of secrets"},
		"from a name to all":               {in("ns-1", named), in("ns-1", secrets), "+ ServiceAccount istiod, in ns-1: get of secrets"},
		"from all to a name":               {in("ns-1", secrets), in("ns-1", named), "- ServiceAccount istiod, in ns-1: get of secrets"},
		"from the cluster to namespaces":   {fmt.Sprintf(clusterWide, pods), in("ns-1", pods), "- ServiceAccount istiod, in the cluster: get list of pods"},
		"from namespaces to the cluster":   {in("ns-1", pods), fmt.Sprintf(clusterWide, pods), "+ ServiceAccount istiod, in the cluster: get list of pods"},
		"from a wildcard to what it gives": {in("ns-1", anyIn), in("ns-1", status), "- ServiceAccount istiod, in ns-1: * of *.x.io"},
		"to a wildcard":                    {in("ns-1", status), in("ns-1", anyIn), "+ ServiceAccount istiod, in ns-1: * of *.x.io"},
		"a verb more":                      {in("ns-1", pods), in("ns-1", `{apiGroups: [""], resources: [pods], verbs: [list, get, delete]}`), "+ ServiceAccount istiod, in ns-1: delete of pods"},
		"a URL":                            {fmt.Sprintf(clusterWide, `{nonResourceURLs: [/a/*], verbs: [get]}`), fmt.Sprintf(clusterWide, `{nonResourceURLs: [/a/b, /c], verbs: [get]}`), "+ ServiceAccount istiod, in the cluster: get of /c\n- ServiceAccount istiod, in the cluster: get of /a/*"},
		"in other words":                   {in("ns-1", pods+", "+secrets), in("ns-1", `{apiGroups: [""], resources: [secrets, pods], verbs: [get]}, {apiGroups: [""], resources: [pods], verbs: [list]}`), ""},
		"a role of the cluster's own": {"", `{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: r, namespace: ns-1}, roleRef: {kind: ClusterRole, name: admin},
 subjects: [{kind: User, name: anna}]}`, "+ User anna, in ns-1: all that ClusterRole admin gives"},
		"an account of the applications": {"", strings.ReplaceAll(in("ns-1", pods), "namespace: istio-system1", "namespace: ns-1"), "+ ServiceAccount istiod of ns-1, in ns-1: get list of pods"},
		"a role that nobody has yet":     {"", `{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: x}, rules: [` + secrets + `]}`, "+ whoever is bound to ClusterRole x, in the cluster: get of secrets"},
		"rules that nobody can read":     {"", in("ns-1", `{apiGroups: [""], resources: [pods]}`), "+ ServiceAccount istiod, in ns-1: rules that cannot be read: rules[0].verbs: is empty: must name what is allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			const other = "---\n{apiVersion: v1, kind: Namespace, metadata: {name: ns-1}}\n"
			r := compare(t, other+"---\n"+test.from, other+"---\n"+test.to)
			require.Equal(t, test.want, saidOf(r.Rights))
		})
	}
}

func saidOf(rights []upgrade.Right) string {
	var lines []string
	for _, r := range rights {
		sign := "-"
		if r.Gained {
			sign = "+"
		}
		what := strings.Join(r.Resources, ", ")
		if len(r.Verbs) > 0 {
			what = strings.Join(r.Verbs, " ") + " of " + what
		}
		lines = append(lines, fmt.Sprintf("%s %s, %s: %s", sign, r.Account, r.Where, what))
	}
	return strings.Join(lines, "\n")
}
