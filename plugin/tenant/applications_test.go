package tenant_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/release"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
	"github.com/istio-tenancy/istio-tenancy/plugin/tenant"
)

// part returns what a part of an IstioRelease renders.
func part(t *testing.T, spec v1alpha1.ReleaseSpec) []*yaml.RNode {
	t.Helper()
	made, err := release.Generator{Release: v1alpha1.IstioRelease{Spec: spec}}.Filter(nil)
	require.NoError(t, err)
	return made
}

// someApplications say, in every way that the chain knows, whose they are.
const someApplications = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: registry.example/web:1
        env: [{name: XDS, value: "istiod.ISTIO_TENANT_NAMESPACE.svc:15012"}]
      volumes:
      - name: istio-token
        projected: {sources: [{serviceAccountToken: {audience: istio-ca, path: istio-token}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web}
spec: {hosts: [web], http: [{route: [{destination: {host: web}}]}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, annotations: {kubernetes.io/ingress.class: istio}}
spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: web, namespace: ns-1}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: ServiceAccount, name: web, namespace: ns-1}]
`

// TestApplicationsApartAreWhatTheyAreInAWholeBuild: each object of the one is, to
// the byte, in the other, but for the label that says so, and the control plane's are not.
func TestApplicationsApartAreWhatTheyAreInAWholeBuild(t *testing.T) {
	image := "registry.example/istio-tenancy:1.0"
	for _, row := range []struct {
		name    string
		tenant  string
		gateway bool
		image   *string
	}{
		{"one namespace", "shipped-sales", false, nil},
		{"a gateway", "shipped-sales", true, nil},
		{"several namespaces", "two-namespaces", true, nil},
		{"the API proxy", "two-namespaces", true, &image},
		{"a floor", "floor", true, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			of := load(t, row.tenant)
			own := func() []*yaml.RNode {
				text := strings.ReplaceAll(someApplications, "ns-1", of.Spec.ApplicationNamespaces[0])
				objects := objecttest.Parse(t, text)
				if row.gateway {
					objects = append(objects, part(t, v1alpha1.ReleaseSpec{Part: v1alpha1.PartGateway})...)
				}
				return objects
			}
			transformer := func(warnings *[]string) tenant.Transformer {
				return tenant.Transformer{Tenant: of, Warn: func(w string) { *warnings = append(*warnings, w) }}
			}
			var warned, whole []string
			got, err := transformer(&warned).Filter(append(own(), part(t, v1alpha1.ReleaseSpec{
				Part: v1alpha1.PartApplications, APIProxy: v1alpha1.APIProxy{Image: row.image}})...))
			require.NoError(t, err)
			all, err := transformer(&whole).Filter(append(own(), part(t, v1alpha1.ReleaseSpec{
				Part: v1alpha1.PartControlPlane, APIProxy: v1alpha1.APIProxy{Image: row.image}})...))
			require.NoError(t, err)
			in := map[object.ID]string{}
			for _, o := range all {
				require.NoError(t, object.Label(o, v1alpha1.PartLabel, string(v1alpha1.PartApplications)))
				in[object.IDOf(o)] = objecttest.String(t, []*yaml.RNode{o})
			}
			kinds := map[string]int{}
			for _, o := range got {
				id := object.IDOf(o)
				require.Equal(t, in[id], objecttest.String(t, []*yaml.RNode{o}))
				require.Contains(t, of.Spec.ApplicationNamespaces, id.Namespace)
				require.Equal(t, of.Name(), o.GetLabels()[v1alpha1.TenantLabel])
				kinds[id.Kind]++
			}
			brought := len(own())
			if row.gateway {
				brought++ // its NetworkPolicy
				require.Equal(t, 1, kinds["NetworkPolicy"])
			}
			require.Len(t, got, brought)
			require.Subset(t, whole, warned)
			require.NotContains(t, objecttest.String(t, got), v1alpha1.BaseNamespace)
			require.Contains(t, objecttest.String(t, got), "audience: "+of.Name()+".istio-tenancy.dev")
		})
	}
}

// TestAnOlderIstiodsApplications: what differs between versions is told by the marker.
func TestAnOlderIstiodsApplications(t *testing.T) {
	for tag, class := range map[string]string{"1.31.0": "istio", "1.17.8": "istio-ns", "1.10.6": "istio-sales"} {
		of := load(t, "two-namespaces")
		made, err := tenant.Transformer{Tenant: of}.Filter(append(objecttest.Parse(t, strings.ReplaceAll(someApplications, "ns-1", of.Spec.ApplicationNamespaces[0])),
			part(t, v1alpha1.ReleaseSpec{Part: v1alpha1.PartApplications, Tag: tag})...))
		require.NoError(t, err, tag)
		if tag == "1.17.8" {
			continue
		}
		class = strings.Replace(class, "sales", of.Name(), 1)
		require.Contains(t, objecttest.String(t, made), "kubernetes.io/ingress.class: "+class, tag)
	}
}

func TestWhatIsNoApplication(t *testing.T) {
	marker := func() []*yaml.RNode { return part(t, v1alpha1.ReleaseSpec{Part: v1alpha1.PartApplications}) }
	moved := marker()
	require.NoError(t, moved[0].SetNamespace("ns-1"))
	for _, row := range []struct {
		name    string
		objects []*yaml.RNode
		want    string
	}{
		{"nothing", marker(), "no application: the objects are those of the base of applications only"},
		{"a control plane beside it", append(marker(), base(t)...), "Deployment ISTIO_TENANT_NAMESPACE/istiod is among the objects"},
		{"a Namespace", append(marker(), objecttest.Parse(t, "{apiVersion: v1, kind: Namespace, metadata: {name: ns-1}}")...),
			"Namespace ns-1: has no namespace, and is no application"},
		{"a ClusterRole", append(marker(), objecttest.Parse(t, "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: a-ISTIO_TENANT_NAMESPACE}}")...),
			"has no namespace, and is no application"},
		{"what is the control plane's", append(marker(), objecttest.Parse(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: istio, namespace: ISTIO_TENANT_NAMESPACE}}")...),
			"ConfigMap ISTIO_TENANT_NAMESPACE/istio: metadata.namespace: found ISTIO_TENANT_NAMESPACE, where the control plane is"},
		{"what is beside the control plane", append(marker(), objecttest.Parse(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: istio-system1}}")...),
			"ConfigMap istio-system1/a: metadata.namespace: found istio-system1, where the control plane is"},
		{"another's namespace", append(marker(), objecttest.Parse(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: ns-0}}")...),
			`metadata.namespace: found "ns-0"; must be one of the tenant's namespaces`},
		{"another tenant's object", append(marker(), objecttest.Parse(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, labels: {istio-tenancy.dev/tenant: dev}}}")...),
			`belongs to tenant "dev", not to "sales"`},
		{"a moved marker", append(moved, objecttest.Parse(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}")...), "has moved it"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := tenant.Transformer{Tenant: load(t, "shipped-sales")}.Filter(row.objects)
			require.ErrorContains(t, err, row.want)
		})
	}
}
