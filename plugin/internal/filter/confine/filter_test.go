package confine_test

import (
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"
	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/discovery"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/confine"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

func filter(t *testing.T, dialect v1alpha1.Discovery) confine.Filter {
	t.Helper()
	tenant := v1alpha1.IstioTenant{Metadata: v1alpha1.Metadata{Name: "sales"}}
	tenant.Spec.ControlPlane.Namespace = "istio-system1"
	tenant.Spec.ApplicationNamespaces = []string{"ns-1"}
	tenant.Spec.Discovery = dialect
	tenant.Default()
	plan, err := discovery.For(tenant, semver.MustParse("1.31.0"))
	require.NoError(t, err)
	return confine.Filter{Tenant: tenant, Plan: plan}
}

const input = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: istiod-sales
rules:
- apiGroups: [admissionregistration.k8s.io]
  resources: [mutatingwebhookconfigurations]
  verbs: [get, list, watch, update, patch]
- apiGroups: [security.istio.io, networking.istio.io]
  resources: ["*"]
  verbs: [get, watch, list]
- apiGroups: [""]
  resources: [pods, nodes, services]
  verbs: [get, list, watch]
- apiGroups: [""]
  resources: [configmaps]
  verbs: [create, get, list, watch, update]
- apiGroups: [networking.k8s.io]
  resources: [ingresses/status]
  verbs: ["*"]
- apiGroups: [gateway.networking.k8s.io]
  resources: [gatewayclasses]
  verbs: [create, update, patch, delete]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: istiod-sales
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: istiod-sales}
subjects:
- {kind: ServiceAccount, name: istiod-sales, namespace: istio-system1}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata:
  name: istio-sidecar-injector-sales-istio-system1
webhooks:
- name: rev.namespace.sidecar-injector.istio.io
  clientConfig:
    service: {name: istiod-sales, namespace: istio-system1}
`

func TestOneWatchedNamespaceNeedsNoClusterWideReads(t *testing.T) {
	got := objecttest.Run(t, filter(t, "namespace"), input)
	require.Contains(t, got, `
rules:
- apiGroups:
  - admissionregistration.k8s.io
  resources:
  - mutatingwebhookconfigurations
  verbs:
  - get
  - list
  - watch
- apiGroups:
  - admissionregistration.k8s.io
  resourceNames:
  - istio-sidecar-injector-sales-istio-system1
  resources:
  - mutatingwebhookconfigurations
  verbs:
  - update
  - patch
- apiGroups:
  - ""
  resources:
  - nodes
  verbs:
  - get
  - list
  - watch
---
`)
	require.Contains(t, got, `
  name: istiod-sales-confined
  namespace: ns-1
  labels:
    istio-tenancy.dev/tenant: sales
rules:
- apiGroups:
  - ""
  resources:
  - services
  - configmaps
  verbs:
  - get
  - list
  - watch
- apiGroups:
  - ""
  resources:
  - configmaps
  verbs:
  - create
  - update
- apiGroups:
  - security.istio.io
  - networking.istio.io
  resources:
  - '*'
  verbs:
  - get
  - list
  - watch
- apiGroups:
  - ""
  resources:
  - pods
  verbs:
  - get
  - list
  - watch
- apiGroups:
  - networking.k8s.io
  resources:
  - ingresses/status
  verbs:
  - update
  - patch
---
`)
	require.Equal(t, 2, strings.Count(got, "kind: RoleBinding"))
	require.NotContains(t, got, "gatewayclasses")
}

func TestSelectorsReadTheClusterAndWriteTheTenant(t *testing.T) {
	got := objecttest.Parse(t, objecttest.Run(t, filter(t, "selectors"), input))
	for _, o := range got {
		text, err := o.String()
		require.NoError(t, err)
		switch o.GetKind() {
		case "ClusterRole":
			require.Contains(t, text, "  - pods\n  - nodes\n  - services\n  - configmaps\n  verbs:\n  - get\n  - list\n  - watch\n")
			require.NotContains(t, text, "create")
		case "Role":
			require.NotContains(t, text, "list\n  - watch\n- apiGroups:\n  - \"\"\n  resources:\n  - pods")
		}
	}
}

func TestIsIdempotent(t *testing.T) {
	for _, dialect := range []v1alpha1.Discovery{"namespace", "selectors"} {
		once := objecttest.Run(t, filter(t, dialect), input)
		require.Equal(t, once, objecttest.Run(t, filter(t, dialect), once))
	}
}

func TestARightThatTheTableDoesNotKnowIsConfinedAndNamed(t *testing.T) {
	f := filter(t, "selectors")
	var warnings []string
	f.Warn = func(w string) { warnings = append(warnings, w) }
	got := objecttest.Run(t, f, `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: istiod-sales}
rules:
- {apiGroups: [telepathy.istio.io], resources: [minds], verbs: [get, update]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: istiod-sales}
roleRef: {kind: ClusterRole, name: istiod-sales}
subjects: [{kind: ServiceAccount, name: istiod-sales, namespace: istio-system1}]
`)
	require.Equal(t, []string{
		"ClusterRole istiod-sales: rules: minds.telepathy.istio.io is not known to this release; confined to the tenant's namespaces",
	}, warnings)
	require.NotContains(t, got, "kind: ClusterRole")
	require.Contains(t, got, "minds")
}

func TestTheReaderGoes(t *testing.T) {
	require.Empty(t, objecttest.Run(t, filter(t, "namespace"), `
{apiVersion: v1, kind: ServiceAccount, metadata: {name: istio-reader-service-account, namespace: istio-system1}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: istio-reader}
rules: [{apiGroups: [""], resources: [secrets], verbs: [list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: istio-reader}
roleRef: {kind: ClusterRole, name: istio-reader}
subjects: [{kind: ServiceAccount, name: istio-reader-service-account, namespace: istio-system1}]
`))
}

func TestAWebhookWithACertificateNeedsNoRightToWrite(t *testing.T) {
	got := objecttest.Run(t, filter(t, "namespace"), input+"    caBundle: QQ==\n")
	require.NotContains(t, got, "resourceNames")
}

// TestNamesDoNotAllowToCreate holds that no rule promises what an API server
// does not give: a request to create says no name.
func TestNamesDoNotAllowToCreate(t *testing.T) {
	got := objecttest.Run(t, filter(t, "namespace"), strings.ReplaceAll(input, "[get, list, watch, update, patch]", `["*"]`)+`---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: named}
rules:
- {apiGroups: [""], resources: [configmaps], resourceNames: [a], verbs: [create, update]}
- {apiGroups: [""], resources: [configmaps], resourceNames: [b], verbs: [create]}
- {apiGroups: [gateway.networking.k8s.io], resources: [gateways/scale], resourceNames: [a], verbs: [create]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: named}
roleRef: {kind: ClusterRole, name: named}
subjects: [{kind: ServiceAccount, name: istiod-sales, namespace: istio-system1}]
`)
	named := map[string][]string{}
	for _, o := range objecttest.Parse(t, got) {
		for _, r := range object.List(o, "rules") {
			for _, name := range object.Strings(r, "resourceNames") {
				for _, resource := range object.Strings(r, "resources") {
					named[resource+" "+name] = object.Strings(r, "verbs")
				}
			}
		}
	}
	require.Equal(t, map[string][]string{
		"mutatingwebhookconfigurations istio-sidecar-injector-sales-istio-system1": {"update", "patch", "delete"},
		"configmaps a":     {"update"},
		"gateways/scale a": {"create"}, // a part of an object that has a name
	}, named)
}

func TestRefusesWhatCannotBeConfined(t *testing.T) {
	const bound = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: b}
roleRef: {kind: ClusterRole, name: r}
subjects: [{kind: ServiceAccount, name: istiod-sales, namespace: istio-system1}]
`
	require.Contains(t, objecttest.RunError(t, filter(t, "namespace"), bound),
		`ClusterRoleBinding b: roleRef.name: found "r", which is not among the objects`)
	require.Contains(t, objecttest.RunError(t, filter(t, "namespace"), bound+`
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: r}, aggregationRule: {}, rules: []}
`), `ClusterRole r: aggregationRule: rights that are aggregated`)
}

func TestEscalation(t *testing.T) {
	confined := func(dialect v1alpha1.Discovery, text string) string {
		return objecttest.Run(t, filter(t, dialect), text)
	}
	err := confine.Escalation(objecttest.Parse(t, confined("namespace", input)), filter(t, "namespace").Plan)
	require.ErrorIs(t, err, confine.ErrEscalates)
	require.EqualError(t, err, "whoever may become the control plane reaches beyond the tenant: "+
		"update, patch mutatingwebhookconfigurations.admissionregistration.k8s.io")
	err = confine.Escalation(objecttest.Parse(t, confined("selectors", input)), filter(t, "selectors").Plan)
	require.ErrorContains(t, err, "; get, list, watch *.security.istio.io; ")
	require.ErrorContains(t, err, "; and ")

	withBundle := objecttest.Run(t, filter(t, "namespace"), input+"    caBundle: QQ==\n")
	require.NoError(t, confine.Escalation(objecttest.Parse(t, withBundle), filter(t, "namespace").Plan))
}
