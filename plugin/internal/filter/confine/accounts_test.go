package confine_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/tenancytest"
)

func of(t *testing.T, version string) tenancytest.Step {
	t.Helper()
	f := filter(t, v1alpha1.DiscoveryAuto)
	f.Version, f.Warn = version, func(w string) { t.Error(w) }
	return f
}

// bound is a ClusterRole for a ServiceAccount: of the control plane, if its name
// begins as such accounts of upstream do.
func bound(account, rules string) string {
	deployment := ""
	if strings.HasPrefix(account, "istiod") || strings.HasPrefix(account, "istio-pilot") {
		deployment = plane(account)
	}
	return deployment + `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: r}
rules: [` + rules + `]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: b-` + account + `}
roleRef: {kind: ClusterRole, name: r}
subjects: [{kind: ServiceAccount, name: ` + account + `, namespace: istio-system1}]
`
}

func TestWhereTheRightsOfAProgramGo(t *testing.T) {
	for name, test := range map[string]struct {
		version, account, rule string
		want                   map[string]string // namespace, or "" for the cluster, to verbs
	}{
		"Pilot's secrets are in its own namespace": {"0.7.1", "istio-pilot-service-account",
			`{apiGroups: [""], resources: [secrets], verbs: [get, list, watch]}`, map[string]string{"istio-system1": "get list watch"}},
		"Pilot up to 1.0 creates kinds": {"1.0.9", "istio-pilot-service-account",
			`{apiGroups: [apiextensions.k8s.io], resources: [customresourcedefinitions], verbs: ["*"]}`, map[string]string{"": "get list watch create"}},
		"and from 1.1 on does not": {"1.1.0", "istio-pilot-service-account",
			`{apiGroups: [apiextensions.k8s.io], resources: [customresourcedefinitions], verbs: ["*"]}`, map[string]string{"": "get list watch"}},
		"the CA's secrets are the tenant's": {"0.7.1", "istio-ca-service-account",
			`{apiGroups: [""], resources: [secrets], verbs: [create, get]}`, map[string]string{"istio-system1": "get create", "ns-1": "get create"}},
		"Mixer lists Pods everywhere": {"0.7.1", "istio-mixer-service-account",
			`{apiGroups: [""], resources: [pods], verbs: [get, list, watch]}`, map[string]string{"": "get list watch"}},
		"and writes nothing": {"0.8.0", "istio-mixer-service-account",
			`{apiGroups: [config.istio.io], resources: ["*"], verbs: [create, patch]}`, map[string]string{}},
		"the injector of 0.x asks in every group": {"0.7.1", "istio-sidecar-injector-service-account",
			`{apiGroups: ["*"], resources: [configmaps], verbs: [get]}`, map[string]string{"istio-system1": "get"}},
		"Prometheus does not reach kubelets": {"1.31.0", "prometheus",
			`{apiGroups: [""], resources: [nodes, nodes/proxy], verbs: [get]}, {nonResourceURLs: [/metrics], verbs: [get]}`, map[string]string{}},
		"istiod's nodes stay": {"1.31.0", "istiod", `{apiGroups: [""], resources: [nodes], verbs: [get]}`, map[string]string{"": "get"}},
		"the ingress has no rights": {"0.7.1", "istio-ingress-service-account",
			`{apiGroups: [""], resources: [pods], verbs: [get]}`, map[string]string{}},
		"Galley finalizes its own namespace only": {"1.4.10", "istio-galley-service-account",
			`{apiGroups: [""], resources: [namespaces/finalizers], verbs: [update]}`, map[string]string{"": "update istio-system1"}},
		"the MeshPolicy is read": {"1.4.10", "istio-pilot-service-account",
			`{apiGroups: [authentication.istio.io], resources: ["*"], verbs: [list]}`, map[string]string{"": "list", "ns-1": "list"}},
		"Pilot 1.4 lists a kind that has no namespace": {"1.4.10", "istio-pilot-service-account",
			`{apiGroups: [networking.istio.io], resources: ["*"], verbs: [get, list, watch]}`,
			map[string]string{"": "get list watch", "ns-1": "get list watch"}},
		"which 1.3 does not have": {"1.3.0", "istio-pilot-service-account",
			`{apiGroups: [networking.istio.io], resources: ["*"], verbs: [get]}`, map[string]string{"ns-1": "get"}},
		"and 1.5 does not list": {"1.5.0", "istio-pilot-service-account",
			`{apiGroups: [networking.istio.io], resources: ["*"], verbs: [get]}`, map[string]string{"ns-1": "get"}},
		"nor does Galley 1.4": {"1.4.10", "istio-galley-service-account",
			`{apiGroups: [networking.istio.io], resources: ["*"], verbs: [get]}`, map[string]string{"ns-1": "get"}},
		"Pilot 1.0 lists RbacConfigs in the cluster": {"1.0.9", "istio-pilot-service-account",
			`{apiGroups: [rbac.istio.io], resources: [rbacconfigs], verbs: [list]}`, map[string]string{"": "list"}},
		"and 1.1 lists them where it watches": {"1.1.0", "istio-pilot-service-account",
			`{apiGroups: [rbac.istio.io], resources: [rbacconfigs], verbs: [list]}`, map[string]string{"ns-1": "list"}},
		"Galley waits for its own Endpoints": {"1.4.10", "istio-galley-service-account",
			`{apiGroups: [""], resources: [endpoints], verbs: [get, list, watch]}`, map[string]string{"istio-system1": "get list watch"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := objecttest.Run(t, of(t, test.version), bound(test.account, test.rule))
			found := map[string]string{}
			for _, o := range objecttest.Parse(t, got) {
				for _, r := range object.List(o, "rules") {
					for _, v := range append(object.Strings(r, "verbs"), object.Strings(r, "resourceNames")...) {
						if found[o.GetNamespace()] != "" {
							found[o.GetNamespace()] += " "
						}
						found[o.GetNamespace()] += v
					}
				}
			}
			require.Equal(t, test.want, found)
			require.Equal(t, got, objecttest.Run(t, of(t, test.version), got), "idempotent")
		})
	}
}

// TestARuleForAllOfAGroupIncludesKindsWithoutANamespace names those that stay in
// the ClusterRole.
func TestARuleForAllOfAGroupIncludesKindsWithoutANamespace(t *testing.T) {
	for version, want := range map[string][]string{
		"1.0.9":  {"meshpolicies", "clusterrbacconfigs", "rbacconfigs"},
		"1.1.0":  {"meshpolicies", "clusterrbacconfigs"},
		"1.4.10": {"meshpolicies", "clusterrbacconfigs", "syntheticserviceentries"},
		"1.5.0":  {"meshpolicies", "clusterrbacconfigs"},
	} {
		got := objecttest.Run(t, of(t, version), bound("istio-pilot-service-account",
			`{apiGroups: [authentication.istio.io, rbac.istio.io, networking.istio.io], resources: ["*"], verbs: [list]}`))
		var resources []string
		for _, o := range object.Of("ClusterRole", objecttest.Parse(t, got)) {
			for _, r := range object.List(o, "rules") {
				resources = append(resources, object.Strings(r, "resources")...)
			}
		}
		require.Equal(t, want, resources, version)
	}
}

func TestTwoBindingsOfOneClusterRole(t *testing.T) {
	text := bound("istio-pilot-service-account", `{apiGroups: [""], resources: [nodes, secrets], verbs: [get]}`) + `---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: ingress}
roleRef: {kind: ClusterRole, name: r}
subjects: [{kind: ServiceAccount, name: istio-ingress-service-account, namespace: istio-system1}]
`
	got := objecttest.Run(t, of(t, "0.7.1"), text)
	require.NotContains(t, got, "istio-ingress-service-account")
	require.Contains(t, got, "kind: ClusterRole\n")
}

func TestFullAccessBesideMixerEscalates(t *testing.T) {
	require.ErrorContains(t, escalation(t, of(t, "0.7.1"), bound("istio-mixer-service-account",
		`{apiGroups: [""], resources: [pods], verbs: [list]}`)), "list pods")
}

func TestAJobForTheClusterGoes(t *testing.T) {
	got := objecttest.Run(t, of(t, "1.4.10"), bound("istio-security-post-install-account", `{apiGroups: [authentication.istio.io], resources: ["*"], verbs: ["*"]}`)+`---
{apiVersion: batch/v1, kind: Job, metadata: {name: j, namespace: istio-system1}, spec: {template: {spec: {serviceAccountName: istio-security-post-install-account}}}}
`)
	require.Empty(t, got)
}

// TestAnApplicationMayCallItsAccountAsItLikes: only the control plane's go.
func TestAnApplicationMayCallItsAccountAsItLikes(t *testing.T) {
	const own = `
{apiVersion: v1, kind: ServiceAccount, metadata: {name: istio-reader-service-account, namespace: ns-1}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: reads, namespace: ns-1}, rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reads, namespace: ns-1}
roleRef: {kind: Role, name: reads}
subjects: [{kind: ServiceAccount, name: istio-reader-service-account, namespace: ns-1}]
---
{apiVersion: batch/v1, kind: Job, metadata: {name: j, namespace: ns-1}, spec: {template: {spec: {serviceAccountName: istio-reader-service-account}}}}
`
	require.Len(t, objecttest.Parse(t, objecttest.Run(t, of(t, "1.31.0"), own)), 4)
	require.Empty(t, objecttest.Run(t, of(t, "1.31.0"), strings.ReplaceAll(own, "ns-1", "istio-system1")))
}
