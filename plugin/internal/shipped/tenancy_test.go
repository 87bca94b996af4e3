package shipped_test

import (
	"io/fs"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/bases"
	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/release"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

// embedded returns the objects of an embedded file.
func embedded(t *testing.T, name string) []*yaml.RNode {
	t.Helper()
	text, err := fs.ReadFile(bases.Tenancy, "tenancy/"+name)
	require.NoError(t, err)
	return objecttest.Parse(t, string(text))
}

func TestTenancyIsComplete(t *testing.T) {
	kustomization := embedded(t, "kustomization.yaml")[0]
	files := []string{"tenancy/kustomization.yaml"}
	for _, name := range object.Strings(kustomization, "resources") {
		files = append(files, "tenancy/"+name)
	}
	found, err := fs.Glob(bases.Tenancy, "tenancy/*")
	require.NoError(t, err)
	require.ElementsMatch(t, files, found)
}

// istioKinds are "group/resource" of the kinds that the release defines.
func istioKinds(t *testing.T) []string {
	t.Helper()
	crds, err := release.Render(release.Options{Part: v1alpha1.PartCommon})
	require.NoError(t, err)
	var kinds []string
	for _, crd := range crds {
		require.Equal(t, "Namespaced", object.String(crd, "spec", "scope"))
		kinds = append(kinds, object.String(crd, "spec", "group")+"/"+object.String(crd, "spec", "names", "plural"))
	}
	return kinds
}

func TestRoles(t *testing.T) {
	reads := []string{"get", "list", "watch"}
	writes := []string{"create", "update", "patch", "delete", "deletecollection"}

	// granted has the verbs of each "group/resource", by the role that they are aggregated to.
	granted := map[string]map[string][]string{"view": {}, "edit": {}, "admin": {}}
	for _, role := range embedded(t, "roles.yaml") {
		require.NotContains(t, role.MustString(), "*")
		for to, verbs := range granted {
			if role.GetLabels()["rbac.authorization.k8s.io/aggregate-to-"+to] != "true" {
				continue
			}
			for _, rule := range object.List(role, "rules") {
				for _, resource := range object.Strings(rule, "resources") {
					key := object.Strings(rule, "apiGroups")[0] + "/" + resource
					verbs[key] = append(verbs[key], object.Strings(rule, "verbs")...)
				}
			}
		}
	}
	for _, kind := range istioKinds(t) {
		require.Equal(t, reads, granted["view"][kind], kind)
		require.Equal(t, reads, granted["view"][kind+"/status"], kind)
		// Kubernetes aggregates view to edit, and edit to admin: writes are enough.
		for _, to := range []string{"edit", "admin"} {
			require.Subset(t, granted[to][kind], writes, "%s %s", to, kind)
			for _, verb := range granted[to][kind+"/status"] {
				require.Contains(t, reads, verb, "%s %s/status", to, kind)
			}
		}
	}
	for to, verbs := range granted {
		require.NotEmpty(t, verbs, to)
		require.NotContains(t, verbs, "gateway.networking.k8s.io/gatewayclasses", to)
		require.NotContains(t, verbs, "gateway.networking.k8s.io/gatewayclasses/status", to)
	}
}

func TestNamespacePolicy(t *testing.T) {
	objects := embedded(t, "namespaces.yaml")
	policy, binding := objects[0], objects[1]
	require.Equal(t, policy.GetName(), object.String(binding, "spec", "policyName"))
	require.Equal(t, []string{"Deny"}, object.Strings(binding, "spec", "validationActions"))
	require.Equal(t, "Fail", object.String(policy, "spec", "failurePolicy"))

	rule := object.List(policy, "spec", "matchConstraints", "resourceRules")[0]
	require.ElementsMatch(t, []string{"CREATE", "UPDATE", "DELETE"}, object.Strings(rule, "operations"))
	require.ElementsMatch(t, []string{"namespaces", "namespaces/status", "namespaces/finalize"}, object.Strings(rule, "resources"))
	require.Contains(t, policy.MustString(), v1alpha1.TenantLabel)
}
