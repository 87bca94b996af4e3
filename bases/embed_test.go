package bases_test

import (
	"io/fs"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/bases"
	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/release"
)

// read returns the objects of an embedded file.
func read(t *testing.T, name string) []*yaml.RNode {
	t.Helper()
	text, err := fs.ReadFile(bases.Tenancy, "istio/common/tenancy/"+name)
	require.NoError(t, err)
	objects, err := kio.FromBytes(text)
	require.NoError(t, err)
	return objects
}

func TestTenancyIsComplete(t *testing.T) {
	kustomization := read(t, "kustomization.yaml")[0]
	files := []string{"istio/common/tenancy/kustomization.yaml"}
	for _, name := range object.Strings(kustomization, "resources") {
		files = append(files, "istio/common/tenancy/"+name)
	}
	embedded, err := fs.Glob(bases.Tenancy, "istio/common/tenancy/*")
	require.NoError(t, err)
	require.ElementsMatch(t, files, embedded)
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
	verbs := map[string][]string{"view": reads, "edit": writes, "admin": writes}

	roles := read(t, "roles.yaml")
	require.Len(t, roles, len(verbs))
	for _, role := range roles {
		t.Run(role.GetName(), func(t *testing.T) {
			labels := role.GetLabels()
			require.Len(t, labels, 1)
			var granted []string
			for to, want := range verbs {
				if labels["rbac.authorization.k8s.io/aggregate-to-"+to] != "true" {
					continue
				}
				for _, rule := range object.List(role, "rules") {
					require.Equal(t, want, object.Strings(rule, "verbs"))
					for _, resource := range object.Strings(rule, "resources") {
						granted = append(granted, object.Strings(rule, "apiGroups")[0]+"/"+resource)
					}
				}
				for _, kind := range istioKinds(t) {
					require.Contains(t, granted, kind)
					if to == "view" {
						require.Contains(t, granted, kind+"/status")
					} else {
						require.NotContains(t, granted, kind+"/status")
					}
				}
			}
			require.NotEmpty(t, granted)
			require.NotContains(t, role.MustString(), "*")
			require.NotContains(t, granted, "gateway.networking.k8s.io/gatewayclasses")
		})
	}
}

func TestNamespacePolicy(t *testing.T) {
	objects := read(t, "namespaces.yaml")
	policy, binding := objects[0], objects[1]
	require.Equal(t, policy.GetName(), object.String(binding, "spec", "policyName"))
	require.Equal(t, []string{"Deny"}, object.Strings(binding, "spec", "validationActions"))
	require.Equal(t, "Fail", object.String(policy, "spec", "failurePolicy"))

	rule := object.List(policy, "spec", "matchConstraints", "resourceRules")[0]
	require.ElementsMatch(t, []string{"CREATE", "UPDATE", "DELETE"}, object.Strings(rule, "operations"))
	require.ElementsMatch(t, []string{"namespaces", "namespaces/status", "namespaces/finalize"}, object.Strings(rule, "resources"))
	require.Contains(t, policy.MustString(), v1alpha1.TenantLabel)
}
