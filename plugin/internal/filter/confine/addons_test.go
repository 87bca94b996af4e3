package confine_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

// withApplications has the account of a binding run in an application namespace,
// or, without one, where objects without a namespace go.
func withApplications(text, namespace string) string {
	if namespace != "" {
		namespace = ", namespace: " + namespace
	}
	return strings.Replace(text, ", namespace: istio-system1}]", namespace+"}]", 1)
}

// TestAnAddonRunsWithTheApplications: what its account has beside the control
// plane, the administrators of the applications have, who can become it.
func TestAnAddonRunsWithTheApplications(t *testing.T) {
	for _, namespace := range []string{"ns-1", ""} {
		text := withApplications(bound("kiali", `{apiGroups: [""], resources: [configmaps, pods/portforward], verbs: [get, create]},
  {apiGroups: [networking.istio.io], resources: ["*"], verbs: ["*"]}, {apiGroups: [admissionregistration.k8s.io],
  resources: [mutatingwebhookconfigurations], verbs: [list]}`), namespace)
		got := objecttest.Run(t, of(t, "1.31.0"), text)
		objects := objecttest.Parse(t, got)
		require.Empty(t, object.Of("ClusterRole", objects))
		require.Empty(t, object.Of("ClusterRoleBinding", objects))
		var in []string
		for _, role := range object.Of("Role", objects) {
			in = append(in, role.GetNamespace())
			for _, rule := range object.List(role, "rules") {
				require.Subset(t, []string{"get", "list", "watch", "*"}, object.Strings(rule, "verbs"))
				require.NotContains(t, object.Strings(rule, "resources"), "pods/portforward")
				require.NotContains(t, object.Strings(rule, "verbs"), "*")
			}
		}
		require.Equal(t, []string{"istio-system1", "ns-1"}, in)
		for _, binding := range object.Of("RoleBinding", objects) {
			for _, subject := range object.List(binding, "subjects") {
				require.Equal(t, "ns-1", object.String(subject, "namespace"))
			}
		}
		require.Equal(t, got, objecttest.Run(t, of(t, "1.31.0"), got), "idempotent")
	}
}

// TestWhatAnAddonReadsBesideTheControlPlaneIsKnown: what this release does not
// know of it is for its own namespaces, and the tenant's file allows it no more.
func TestWhatAnAddonReadsBesideTheControlPlaneIsKnown(t *testing.T) {
	f := of(t, "1.31.0")
	var warnings []string
	f.Warn = func(w string) { warnings = append(warnings, w) }
	got := objecttest.Run(t, f, withApplications(bound("prometheus", `{apiGroups: [telepathy.example], resources: [minds], verbs: [get]}`), "ns-1"))
	require.Len(t, warnings, 1)
	for _, role := range object.Of("Role", objecttest.Parse(t, got)) {
		require.Equal(t, "ns-1", role.GetNamespace())
	}
	require.Contains(t, got, "minds")
}

// TestNobodyElsesRightsGoToTheApplications: whoever may make Pods there would
// have them.
func TestNobodyElsesRightsGoToTheApplications(t *testing.T) {
	for _, account := range []string{"collector", "istio-reader-service-account", "default"} {
		require.Contains(t, objecttest.RunError(t, of(t, "1.31.0"), withApplications(bound(account, `{apiGroups: [""], resources: [pods], verbs: [get]}`), "ns-1")),
			"ClusterRole r: is bound to ServiceAccount "+account+", and to one of an application namespace")
	}
}
