package confine_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/confine"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/tenancy"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/tenancytest"
)

func filter(_ *testing.T, mode v1alpha1.Discovery) tenancytest.Step {
	tenant := tenancytest.Sales()
	tenant.Spec.Discovery = mode
	return tenancytest.Step{Tenant: tenant, Version: "1.31.0", New: func(t tenancy.Tenant) kio.Filter { return confine.Filter{Tenant: t} }}
}

// plane is a control plane that runs as a ServiceAccount.
func plane(account string) string {
	return `
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod-sales, namespace: istio-system1}
spec:
  template:
    metadata: {labels: {app: istiod}}
    spec:
      serviceAccountName: ` + account + `
      containers: [{name: discovery, image: "docker.io/istio/pilot:1.31.0", args: [discovery]}]
---
`
}

// escalation is what Escalation says of objects that f has confined.
func escalation(t *testing.T, f tenancytest.Step, text string) error {
	t.Helper()
	objects, err := f.Filter(objecttest.Parse(t, text))
	require.NoError(t, err)
	f.New = func(t tenancy.Tenant) kio.Filter {
		return kio.FilterFunc(func(objects []*yaml.RNode) ([]*yaml.RNode, error) { return nil, confine.Escalation(objects, t) })
	}
	_, err = f.Filter(objects)
	return err
}

var input = plane("istiod-sales") + `
{apiVersion: v1, kind: Service, metadata: {name: istiod-sales, namespace: istio-system1}, spec: {selector: {app: istiod}}}
---
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

// The class of an overlay is the tenant's: nobody else reads what istiod writes of
// it, so that somebody who becomes istiod does not reach further by it.
func TestTheStatusOfTheOwnGatewayClassIsWrittenByName(t *testing.T) {
	const status = "- apiGroups: [gateway.networking.k8s.io]\n  resources: [gatewayclasses/status]\n  verbs: [create, update, patch, delete]\n"
	const class = "\n---\n{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: istio-sales}}\n"
	with := strings.Replace(input, "rules:\n- apiGroups: [admissionregistration", "rules:\n"+status+"- apiGroups: [admissionregistration", 1)
	require.NotEqual(t, input, with)
	for _, mode := range []v1alpha1.Discovery{"namespace", "selectors"} {
		require.NotContains(t, objecttest.Run(t, filter(t, mode), with), "gatewayclasses/status", "there is no class")
		got := objecttest.Run(t, filter(t, mode), with+class)
		require.Equal(t, 1, strings.Count(got, "gatewayclasses/status"))
		require.Contains(t, got, `
  resourceNames:
  - istio-sales
  resources:
  - gatewayclasses/status
  verbs:
  - update
  - patch
`)
	}
	withCA := strings.Replace(with, "    service: {name: istiod-sales, namespace: istio-system1}\n", "    service: {name: istiod-sales, namespace: istio-system1}\n    caBundle: Y2E=\n", 1)
	require.NoError(t, escalation(t, filter(t, "namespace"), withCA+class))
	require.ErrorIs(t, escalation(t, filter(t, "namespace"), with+class), confine.ErrEscalates, "the webhooks")
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
	for _, mode := range []v1alpha1.Discovery{"namespace", "selectors"} {
		once := objecttest.Run(t, filter(t, mode), input)
		require.Equal(t, once, objecttest.Run(t, filter(t, mode), once))
	}
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

// Whoever writes the status of a Service takes what others send to the addresses
// in it. The address of an Ingress is only told.
func TestIstiodWritesTheStatusOfNoService(t *testing.T) {
	text := strings.Replace(input, "- apiGroups: [networking.k8s.io]\n  resources: [ingresses/status]",
		"- apiGroups: [\"\"]\n  resources: [services/status]\n  verbs: [get, watch, list, update, patch, create, delete]\n"+
			"- apiGroups: [networking.k8s.io]\n  resources: [ingresses/status]", 1)
	require.NotEqual(t, input, text)
	for _, mode := range []v1alpha1.Discovery{v1alpha1.DiscoveryNamespace, v1alpha1.DiscoverySelectors} {
		got := objecttest.Run(t, filter(t, mode), text)
		require.NotContains(t, got, "services/status")
		require.Contains(t, got, "ingresses/status")
	}
}

func TestAWebhookWithACertificateNeedsNoRightToWrite(t *testing.T) {
	got := objecttest.Run(t, filter(t, "namespace"), input+"    caBundle: QQ==\n")
	require.NotContains(t, got, "resourceNames")
}

func TestIstiodWritesNoOtherProgramsWebhook(t *testing.T) {
	got := objecttest.Run(t, filter(t, "namespace"), input+`---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: opa-istio-system1}
webhooks: [{name: opa.example.com, clientConfig: {service: {name: opa, namespace: istio-system1}}}]
`)
	require.Contains(t, got, "  resourceNames:\n  - istio-sidecar-injector-sales-istio-system1\n  resources:\n")
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
	bound := plane("istiod-sales") + `
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
	err := escalation(t, filter(t, "namespace"), input)
	require.ErrorIs(t, err, confine.ErrEscalates)
	require.EqualError(t, err, "whoever may become the control plane reaches beyond the tenant: "+
		"update, patch mutatingwebhookconfigurations.admissionregistration.k8s.io")
	err = escalation(t, filter(t, "selectors"), input)
	require.ErrorContains(t, err, "; get, list, watch *.security.istio.io; ")
	require.ErrorContains(t, err, "; and ")
	require.NoError(t, escalation(t, filter(t, "namespace"), input+"    caBundle: QQ==\n"))
}
