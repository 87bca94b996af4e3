package tenant_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/controlplane"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/rbac"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

// stating returns an input that states an image of the API proxy.
func stating(t *testing.T, input string) []*yaml.RNode {
	t.Helper()
	in := objects(t, input)
	plane, err := controlplane.Find(in)
	require.NoError(t, err)
	require.NoError(t, plane.Deployment.PipeE(yaml.SetAnnotation(v1alpha1.APIProxyImageAnnotation, "registry.local/istio-tenancy:1.0")))
	return in
}

func TestAControlPlaneThatReadsThroughTheProxyHasRightsOnItsTenantAlone(t *testing.T) {
	whole := []string{
		"customresourcedefinitions", "ingressclasses", "gatewayclasses", "tokenreviews", "subjectaccessreviews",
	}
	for _, input := range append([]string{"1.10.6"}, inputs...) {
		t.Run(input, func(t *testing.T) {
			got := lay(t, "proxy", stating(t, input))
			once := objecttest.String(t, got)
			require.Equal(t, once, objecttest.String(t, lay(t, "proxy", objecttest.Parse(t, once))), "idempotent")
			roles := map[string]bool{}
			for _, o := range got {
				rules, err := rbac.Of(o)
				if o.GetKind() == "Role" && strings.HasSuffix(o.GetName(), "-confined") {
					roles[o.GetNamespace()] = true
				}
				if o.GetKind() != "ClusterRole" {
					continue
				}
				require.NoError(t, err)
				for _, r := range rules {
					for _, resource := range r.Resources {
						if len(r.ResourceNames) > 0 {
							require.Contains(t, []string{"namespaces", "mutatingwebhookconfigurations", "validatingwebhookconfigurations"}, resource)
							continue
						}
						require.Contains(t, whole, resource, object.IDOf(o))
					}
				}
			}
			require.Equal(t, map[string]bool{"istio-system1": true, "ns-1": true, "ns-2": true}, roles)
		})
	}
}

// TestTheProxyShowsWhatTheRolesAllow: of what has no namespace, its arguments and
// the names in the ClusterRole are the same.
func TestTheProxyShowsWhatTheRolesAllow(t *testing.T) {
	for _, input := range append([]string{"1.10.6"}, inputs...) {
		named := map[string][]string{}
		var args []string
		for _, o := range lay(t, "proxy", stating(t, input)) {
			if o.GetKind() == "Deployment" {
				for _, c := range slices.Concat(object.List(o, "spec", "template", "spec", "initContainers"), object.Containers(o)) {
					if object.String(c, "name") == "api-proxy" { // no native sidecar up to 1.10
						args = append(args, object.Strings(c, "args")...)
					}
				}
			}
			if o.GetKind() != "ClusterRole" {
				continue
			}
			rules, err := rbac.Of(o)
			require.NoError(t, err)
			for _, r := range rules {
				if len(r.ResourceNames) > 0 && slices.Contains(r.Verbs, "list") {
					named[strings.Join(r.Resources, ",")] = r.ResourceNames
				}
			}
		}
		want := []string{"api-proxy"}
		for _, namespace := range named["namespaces"] {
			want = append(want, "--namespace="+namespace)
		}
		for _, resource := range []string{"mutatingwebhookconfigurations", "validatingwebhookconfigurations"} {
			require.NotEmpty(t, named[resource])
			want = append(want, "--only="+resource+".admissionregistration.k8s.io="+strings.Join(named[resource], ","))
		}
		require.Equal(t, want, args, input)
	}
}
