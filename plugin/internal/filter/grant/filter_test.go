package grant_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/kio"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/grant"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/tenancy"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/tenancytest"
)

func sales(access v1alpha1.AdminAccess) v1alpha1.IstioTenant {
	t := tenancytest.Sales("ns-1", "ns-2")
	t.Spec.ControlPlane.AdminAccess = access
	t.Spec.Admins = []v1alpha1.Subject{
		{Kind: "User", Name: "sales-admin"}, {Kind: "ServiceAccount", Name: "deployer", Namespace: "ci"},
	}
	return t
}

// filter grants on Istio 1.31.
func filter(tenant v1alpha1.IstioTenant) tenancytest.Step {
	return tenancytest.Step{Tenant: tenant, Version: "1.31.0", New: func(t tenancy.Tenant) kio.Filter { return grant.Filter{Tenant: t} }}
}

func TestNamesFollowThePost(t *testing.T) {
	tenant := sales("operate")
	tenant.Spec.Viewers = []v1alpha1.Subject{{Kind: "Group", Name: "support"}}
	objects, err := filter(tenant).Filter(nil)
	require.NoError(t, err)
	var ids []string
	for _, o := range objects {
		ids = append(ids, object.IDOf(o).String())
	}
	require.Equal(t, []string{
		"Role istio-system1/ns-access-for-sales-admin-istio-system1",
		"RoleBinding istio-system1/access-all-istio-system1",
		"RoleBinding ns-1/access-all-ns-1",
		"RoleBinding ns-2/access-all-ns-2",
		"Role istio-system1/ns-view-for-sales-viewer-istio-system1",
		"RoleBinding istio-system1/view-all-istio-system1",
		"RoleBinding ns-1/view-all-ns-1",
		"RoleBinding ns-2/view-all-ns-2",
	}, ids)
	require.Equal(t, `apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: access-all-ns-1
  namespace: ns-1
  labels:
    istio-tenancy.dev/tenant: sales
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: admin
subjects:
- apiGroup: rbac.authorization.k8s.io
  kind: User
  name: sales-admin
- kind: ServiceAccount
  name: deployer
  namespace: ci
`, objecttest.String(t, objects[2:3]))
}

// becomes lists the rights that let their holder run as a ServiceAccount of the
// namespace, or read what it reads.
var becomes = []struct{ resource, verb string }{
	{"secrets", "get"}, {"secrets", "list"}, {"secrets", "watch"}, {"serviceaccounts/token", "create"},
	{"pods", "create"}, {"pods", "patch"}, {"pods/exec", "create"}, {"pods/attach", "create"}, {"pods/portforward", "create"},
	{"pods/ephemeralcontainers", "patch"}, {"deployments", "patch"}, {"deployments", "create"}, {"jobs", "create"},
	{"configmaps", "patch"}, {"configmaps", "update"}, {"roles", "create"}, {"rolebindings", "create"},
	{"serviceaccounts", "impersonate"}, {"namespaces", "patch"}, {"namespaces", "delete"}, {"services", "update"},
	{"networkpolicies", "delete"}, {"resourcequotas", "update"},
}

func TestOperateNeverBecomesTheControlPlane(t *testing.T) {
	objects, err := filter(sales("operate")).Filter(nil)
	require.NoError(t, err)
	for _, r := range object.List(objects[0], "rules") {
		for _, b := range becomes {
			require.False(t, slices.Contains(object.Strings(r, "resources"), b.resource) &&
				slices.Contains(object.Strings(r, "verbs"), b.verb), "%s %s", b.verb, b.resource)
		}
	}
}

func TestNoAccessHasAWildcardOrTheNamespace(t *testing.T) {
	for _, access := range []v1alpha1.AdminAccess{"operate", "full"} {
		objects, err := filter(sales(access)).Filter(nil)
		require.NoError(t, err)
		for _, r := range object.List(objects[0], "rules") {
			for _, field := range []string{"apiGroups", "resources", "verbs"} {
				require.NotContains(t, object.Strings(r, field), "*")
			}
			require.NotContains(t, object.Strings(r, "resources"), "namespaces")
		}
	}
}

// TestBothEvictPods: RBAC asks for the subresource of a Pod, which is of the core
// group, although the body of the request is of the group policy.
func TestBothEvictPods(t *testing.T) {
	for _, access := range []v1alpha1.AdminAccess{"operate", "full"} {
		objects, err := filter(sales(access)).Filter(nil)
		require.NoError(t, err)
		var groups []string
		for _, r := range object.List(objects[0], "rules") {
			if slices.Contains(object.Strings(r, "resources"), "pods/eviction") {
				groups = append(groups, object.Strings(r, "apiGroups")...)
				require.Equal(t, []string{"create"}, object.Strings(r, "verbs"))
			}
		}
		require.Equal(t, []string{""}, groups)
	}
}

// TestNobodyWritesEndpoints: they lead a Service anywhere, past NetworkPolicies.
func TestNobodyWritesEndpoints(t *testing.T) {
	for _, access := range []v1alpha1.AdminAccess{"operate", "full"} {
		objects, err := filter(sales(access)).Filter(nil)
		require.NoError(t, err)
		for _, r := range object.List(objects[0], "rules") {
			for _, resource := range []string{"endpoints", "endpointslices"} {
				if slices.Contains(object.Strings(r, "resources"), resource) {
					require.Equal(t, []string{"get", "list", "watch"}, object.Strings(r, "verbs"), "%s: %s", access, resource)
				}
			}
		}
	}
}

func TestFullIsRefusedBesideAControlPlaneThatReachesFurther(t *testing.T) {
	plane := func(rule string) string {
		return `
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod-sales, namespace: istio-system1, annotations: {istio-tenancy.dev/api-proxy-image: a/istio-tenancy:1.0}}
spec:
  template:
    spec:
      serviceAccountName: istiod
      containers: [{name: discovery, image: "istio/pilot:1.31.0", args: [discovery]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: istiod}
rules: [{apiGroups: [` + rule + `}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: istiod}
roleRef: {kind: ClusterRole, name: istiod}
subjects: [{kind: ServiceAccount, name: istiod, namespace: istio-system1}]
`
	}
	const (
		webhooks = `admissionregistration.k8s.io], resources: [mutatingwebhookconfigurations], resourceNames: [sales], verbs: `
		and      = ` and have the control plane read the tenant's namespaces only: by the discovery "proxy", or with one application namespace, by "namespace"`
	)
	for _, test := range []struct {
		discovery  v1alpha1.Discovery
		rule, want string // the right in the message; "": none is too many
		and        string
	}{
		{"selectors", `""], resources: [secrets], verbs: [list]`, "list secrets", and},
		{"selectors", webhooks + `[patch]`, "patch mutatingwebhookconfigurations.admissionregistration.k8s.io", and},
		{"namespace", `""], resources: [secrets], verbs: [list]`, "list secrets", ""},
		{"namespace", webhooks + `[patch]`, "patch mutatingwebhookconfigurations.admissionregistration.k8s.io", ""},
		{"proxy", `""], resources: [secrets], verbs: [list]`, "list secrets", ""},
		{"proxy", webhooks + `[patch]`, "patch mutatingwebhookconfigurations.admissionregistration.k8s.io", ""},
		{"proxy", webhooks + `[get, list, watch]`, "", ""},
		{"proxy", `""], resources: [namespaces], resourceNames: [istio-system1, ns-1, ns-2], verbs: [get, list, watch]`, "", ""},
		{"proxy", `""], resources: [nodes], verbs: [get, list, watch]`, "", ""},
		{"proxy", `authentication.k8s.io], resources: [tokenreviews], verbs: [create]`, "", ""},
		{"proxy", `authorization.k8s.io], resources: [subjectaccessreviews], verbs: [create]`, "", ""},
	} {
		of := sales("full")
		of.Spec.Discovery = test.discovery
		if test.discovery == "namespace" {
			of.Spec.ApplicationNamespaces = []string{"ns-1"}
		}
		if test.want == "" {
			objecttest.Run(t, filter(of), plane(test.rule))
			continue
		}
		require.Equal(t, `spec.controlPlane.adminAccess: found "full": whoever may become the control plane reaches beyond the tenant: `+
			test.want+`; use "operate", or bring the webhooks' caBundle with the base`+test.and,
			objecttest.RunError(t, filter(of), plane(test.rule)), test.discovery)
	}
}

func TestAnObjectOfTheSameNameIsNotOverwritten(t *testing.T) {
	require.Contains(t, objecttest.RunError(t, filter(sales("operate")), `
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: access-all-ns-1, namespace: ns-1}
`), "RoleBinding ns-1/access-all-ns-1: istio-tenancy generates an object of this name")
}
