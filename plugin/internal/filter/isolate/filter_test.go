package isolate_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/isolate"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/tenancy"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/tenancytest"
)

func filter(_ *testing.T, edit func(*v1alpha1.TenantSpec)) tenancytest.Step {
	tenant := tenancytest.Sales()
	if edit != nil {
		edit(&tenant.Spec)
	}
	return tenancytest.Step{Tenant: tenant, Version: "1.31.0", New: func(t tenancy.Tenant) kio.Filter { return isolate.Filter{Tenant: t} }}
}

const istiod = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod-sales, namespace: istio-system1}
spec:
  selector: {matchLabels: {app: istiod}}
  template:
    spec:
      containers:
      - {name: discovery, image: "docker.io/istio/pilot:1.31.0", args: [discovery]}
---
`

// find returns one object as text.
func find(t *testing.T, objects []*yaml.RNode, id string) string {
	t.Helper()
	for _, o := range objects {
		if object.IDOf(o).String() == id {
			return objecttest.String(t, []*yaml.RNode{o})
		}
	}
	return ""
}

func run(t *testing.T, f tenancytest.Step, text string) func(id string) string {
	t.Helper()
	objects, err := f.Filter(objecttest.Parse(t, text))
	require.NoError(t, err)
	return func(id string) string { return find(t, objects, id) }
}

func TestTheDefaultIsClosed(t *testing.T) {
	got := run(t, filter(t, nil), istiod)
	require.Equal(t, `apiVersion: v1
kind: Namespace
metadata:
  name: ns-1
  labels:
    istio-tenancy.dev/injection: on-request
    istio-tenancy.dev/tenant: sales
    istio.io/rev: sales
  annotations:
    argocd.argoproj.io/sync-options: Prune=false
    kustomize.toolkit.fluxcd.io/prune: disabled
`, got("Namespace ns-1"), "nothing here injects its Pods")
	require.NotContains(t, got("Namespace istio-system1"), "istio.io/rev", "the control plane gets no proxies")
	for _, namespace := range []string{"istio-system1", "ns-1"} {
		require.Contains(t, got("NetworkPolicy "+namespace+"/allow-tenant"), `spec:
  ingress:
  - from:
    - namespaceSelector:
        matchExpressions:
        - key: kubernetes.io/metadata.name
          operator: In
          values:
          - istio-system1
          - ns-1
  podSelector: {}
  policyTypes:
  - Ingress
`)
	}
	require.Contains(t, got("NetworkPolicy istio-system1/allow-webhooks"), `spec:
  ingress:
  - ports:
    - port: 15017
      protocol: TCP
  podSelector:
    matchLabels:
      app: istiod
`)
	require.Contains(t, got("PeerAuthentication ns-1/default"), "mode: STRICT")
	require.Contains(t, got("AuthorizationPolicy ns-1/deny-other-tenants"), `spec:
  action: DENY
  rules:
  - from:
    - source:
        notNamespaces:
        - istio-system1
        - ns-1
        principals:
        - '*'
`)
	require.Empty(t, got("ResourceQuota ns-1/tenant-quota"))
}

func TestAllowFromReachesApplicationsAndMetricsNotXDS(t *testing.T) {
	got := run(t, filter(t, func(s *v1alpha1.TenantSpec) { s.Network.AllowFrom = []string{"monitoring"} }), istiod)
	require.NotContains(t, got("NetworkPolicy istio-system1/allow-tenant"), "monitoring")
	require.NotContains(t, got("NetworkPolicy ns-1/allow-from"), "ports:")
	require.Contains(t, got("NetworkPolicy ns-1/allow-from"), "- monitoring\n")
	require.Contains(t, got("NetworkPolicy istio-system1/allow-from"), "- port: 15014\n")
	require.NotContains(t, got("NetworkPolicy istio-system1/allow-from"), "podSelector: {}")
	require.Contains(t, got("AuthorizationPolicy ns-1/deny-other-tenants"), "- monitoring\n")
}

func TestWhatIsAskedForIsLooser(t *testing.T) {
	no := false
	got := run(t, filter(t, func(s *v1alpha1.TenantSpec) {
		s.Network.Policy, s.MTLS, s.CreateNamespaces = v1alpha1.NetworkOpen, v1alpha1.MTLSNone, &no
		s.Quota = map[string]string{"pods": "10"}
	}), istiod)
	for _, id := range []string{
		"Namespace ns-1", "NetworkPolicy ns-1/allow-tenant", "AuthorizationPolicy ns-1/deny-other-tenants", "PeerAuthentication ns-1/default",
	} {
		require.Empty(t, got(id), id)
	}
	require.Contains(t, got("ResourceQuota ns-1/tenant-quota"), "hard:\n    pods: \"10\"\n")
}

func TestMeshWideSettingsAreWhereIstiodLooks(t *testing.T) {
	got := run(t, filter(t, func(s *v1alpha1.TenantSpec) { s.ApplicationNamespaces = []string{"ns-1", "ns-2"} }), istiod)
	require.NotEmpty(t, got("PeerAuthentication istio-system1/default"))
	require.NotEmpty(t, got("AuthorizationPolicy istio-system1/deny-other-tenants"))
}

func TestANamespaceOfTheOverlayKeepsItsLabels(t *testing.T) {
	got := run(t, filter(t, nil), istiod+`{apiVersion: v1, kind: Namespace, metadata: {name: ns-1, labels: {team: a}}}`)
	require.Contains(t, got("Namespace ns-1"), "team: a, istio-tenancy.dev/injection: on-request, istio-tenancy.dev/tenant: sales, istio.io/rev: sales")
}

func TestNoOverlayAdoptsANamespace(t *testing.T) {
	err := objecttest.RunError(t, filter(t, nil),
		"{apiVersion: v1, kind: Namespace, metadata: {name: ns-1, annotations: {istio-tenancy.dev/adopt: sales}}}")
	require.Contains(t, err, `Namespace ns-1: metadata.annotations: found istio-tenancy.dev/adopt: "sales"; remove it`)
}

func TestRefusesANamespaceThatAnotherControlPlaneInjects(t *testing.T) {
	for label, want := range map[string]string{
		"istio-injection: enabled": `Namespace ns-1: metadata.labels: found istio-injection: "enabled", with which`,
		"istio.io/rev: dev":        `Namespace ns-1: metadata.labels: found istio.io/rev: "dev"; must be the tenant's revision, "sales", or absent`,
	} {
		require.Contains(t, objecttest.RunError(t, filter(t, nil),
			istiod+`{apiVersion: v1, kind: Namespace, metadata: {name: ns-1, labels: {`+label+`}}}`), want)
	}
}

func TestIsIdempotent(t *testing.T) {
	f := filter(t, func(s *v1alpha1.TenantSpec) { s.Quota = map[string]string{"pods": "10"} })
	once := objecttest.Run(t, f, istiod+gateway)
	require.Equal(t, once, objecttest.Run(t, f, once))
}
