package tenant_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/controlplane"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/confine"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/tenancy"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
	"github.com/istio-tenancy/istio-tenancy/plugin/tenant"
)

// behindProxy lays sales over the shipped classic base, which states an image.
func behindProxy(t *testing.T) (v1alpha1.IstioTenant, []*yaml.RNode) {
	t.Helper()
	of, in := load(t, "shipped-sales"), classic(t)
	of.Spec.MTLS = v1alpha1.MTLSNone
	plane, err := controlplane.Find(in)
	require.NoError(t, err)
	require.NoError(t, plane.Deployment.PipeE(yaml.SetAnnotation(v1alpha1.APIProxyImageAnnotation, "registry.local/istio-tenancy:1.0")))
	got, err := tenant.Transformer{Tenant: of, Warn: knownRights(t)}.Filter(in)
	require.NoError(t, err)
	return of, got
}

// TestPilotAndMixerReadThroughTheProxy: both get it as a container that is there
// first, and are told of its kubeconfig in the way that each knows.
func TestPilotAndMixerReadThroughTheProxy(t *testing.T) {
	of, got := behindProxy(t)
	for name, word := range map[string]string{
		"istio-pilot": "--kubeconfig=/var/run/secrets/remote/config",
		"istio-mixer": "--configStoreURL=k8s:///var/run/secrets/remote/config?ns=istio-system1,ns-1",
	} {
		var text string
		for _, d := range object.Of("Deployment", got) {
			if d.GetName() != name {
				continue
			}
			containers := object.Containers(d)
			require.Equal(t, "api-proxy", object.String(containers[0], "name"), name)
			require.Equal(t, []string{"istio-tenancy", "api-proxy", "ready", "--wait=5m"},
				object.Strings(containers[0], "lifecycle", "postStart", "exec", "command"), "the next one waits for it")
			require.Empty(t, object.List(d, "spec", "template", "spec", "initContainers"), "there are no native sidecars")
			text = d.MustString()
		}
		require.Contains(t, text, word)
		require.Contains(t, text, "mountPath: /var/run/secrets/remote")
		require.NotContains(t, text, "--appNamespace")
	}
	for _, o := range object.Of("ClusterRole", got) {
		for _, resource := range []string{"pods", "replicasets", "'*'"} {
			require.NotContains(t, o.MustString(), resource, o.GetName())
		}
	}
	once := objecttest.String(t, got)
	again, err := tenant.Transformer{Tenant: of, Warn: knownRights(t)}.Filter(objecttest.Parse(t, once))
	require.NoError(t, err)
	require.Equal(t, once, objecttest.String(t, again), "idempotent")
}

// TestOnlyCreatingKindsIsLeft: of what reached beyond a tenant, the right to
// create kinds does, up to 1.0.
func TestOnlyCreatingKindsIsLeft(t *testing.T) {
	of, got := behindProxy(t)
	plane, err := controlplane.Find(got)
	require.NoError(t, err)
	resolved, err := tenancy.Resolve(of, plane, tenancy.Revision{}, nil)
	require.NoError(t, err)
	require.ErrorIs(t, confine.Escalation(got, resolved), confine.ErrEscalates)
	exceptions := confine.Exceptions(plane.Version, resolved.Plan.Mode)
	require.Len(t, exceptions, 1)
	require.Equal(t, "Pilot: create customresourcedefinitions.apiextensions.k8s.io", exceptions[0].String())
}
