package admit_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/admit"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

func sales() v1alpha1.IstioTenant {
	t := v1alpha1.IstioTenant{Metadata: v1alpha1.Metadata{Name: "sales"}}
	t.Spec.ControlPlane.Namespace = "istio-system1"
	t.Spec.ApplicationNamespaces = []string{"ns-1"}
	t.Default()
	return t
}

const istiod = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod, namespace: ISTIO_TENANT_NAMESPACE}
spec:
  template:
    spec:
      containers:
      - {name: discovery, image: "docker.io/istio/pilot:1.31.0", args: [discovery]}
---
`

func TestClaimsWhatIsTheTenants(t *testing.T) {
	text := istiod + `
apiVersion: v1
kind: Service
metadata: {name: details}
---
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: ns-1}
---
apiVersion: v1
kind: Namespace
metadata: {name: ns-1}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: istiod-istio-system1}
subjects: [{kind: ServiceAccount, name: istiod, namespace: istio-system1}]
`
	objects := objecttest.Parse(t, text)
	got, err := admit.Filter{Tenant: sales()}.Filter(objects)
	require.NoError(t, err)
	require.Equal(t, objects, got)
}

// TestWhatAnEarlierRunHasLabelledIsTheTenants is for a second run only: what an
// overlay labels so would be taken for generated, and replaced.
func TestWhatAnEarlierRunHasLabelledIsTheTenants(t *testing.T) {
	const labelled = "{apiVersion: v1, kind: Service, metadata: {name: details, namespace: ns-1, labels: {istio-tenancy.dev/tenant: sales}}}\n"
	require.Contains(t, objecttest.RunError(t, admit.Filter{Tenant: sales()}, istiod+labelled),
		"Service ns-1/details: metadata.labels: found istio-tenancy.dev/tenant, which this program sets on the tenant's objects: remove it")
	second := strings.Replace(istiod, "namespace: ISTIO_TENANT_NAMESPACE", "namespace: istio-system1, labels: {istio-tenancy.dev/tenant: sales}", 1)
	objecttest.Run(t, admit.Filter{Tenant: sales()}, second+labelled)
}

func TestRefusesWhatIsNot(t *testing.T) {
	for name, test := range map[string]struct{ object, want string }{
		"another tenant's": {
			`{apiVersion: v1, kind: Service, metadata: {name: a, namespace: ns-1, labels: {istio-tenancy.dev/tenant: dev}}}`,
			`Service ns-1/a: metadata.labels: belongs to tenant "dev", not to "sales"`,
		},
		"twice, once without a namespace": {
			"{apiVersion: v1, kind: Service, metadata: {name: a}}\n---\n{apiVersion: v1, kind: Service, metadata: {name: a, namespace: ns-1}}",
			`Service ns-1/a: is in the input twice`,
		},
		"a foreign namespace": {
			`{apiVersion: v1, kind: Service, metadata: {name: a, namespace: ns-0}}`,
			`Service ns-0/a: metadata.namespace: found "ns-0"; must be one of the tenant's namespaces, istio-system1, ns-1, or none`,
		},
		"a foreign Namespace": {
			`{apiVersion: v1, kind: Namespace, metadata: {name: ns-0}}`,
			`Namespace ns-0: is not one of the tenant's namespaces, istio-system1, ns-1`,
		},
		"a CRD": {
			`{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: gateways.networking.istio.io}}`,
			`CustomResourceDefinition gateways.networking.istio.io: exists once per cluster`,
		},
		"a class of gateways": {
			`{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: istio}}`,
			`GatewayClass istio: metadata.name: found "istio"; the cluster has only one GatewayClass of each name, and a tenant's is "istio-sales": list bases/istio/gateway-class`,
		},
		"another tenant's class of gateways": {
			`{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: istio-dev}}`,
			`GatewayClass istio-dev: metadata.name: found "istio-dev"`,
		},
		"a class of gateways that another controller serves": {
			`{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: istio-sales}, spec: {controllerName: dev.istio-tenancy.dev/gateway-controller}}`,
			`GatewayClass istio-sales: spec.controllerName: found "dev.istio-tenancy.dev/gateway-controller"; a tenant's class is served by "sales.istio-tenancy.dev/gateway-controller"`,
		},
		"a node": {
			`{apiVersion: v1, kind: PersistentVolume, metadata: {name: disk}}`,
			`PersistentVolume disk: exists once per cluster`,
		},
		"ztunnel": {
			`{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: ztunnel, namespace: ISTIO_TENANT_NAMESPACE}}`,
			`DaemonSet ISTIO_TENANT_NAMESPACE/ztunnel: ztunnel and the CNI node agent run once per cluster`,
		},
		"ambient mode": {
			`{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {template: {spec: {containers: [` +
				`{name: c, env: [{name: PILOT_ENABLE_AMBIENT, value: "true"}]}]}}}}`,
			`Deployment a: env PILOT_ENABLE_AMBIENT: found "true"`,
		},
		"ambient mode, said otherwise": {
			`{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {template: {spec: {containers: [` +
				`{name: c, env: [{name: PILOT_ENABLE_AMBIENT, value: "1"}]}]}}}}`,
			`Deployment a: env PILOT_ENABLE_AMBIENT: found "1"`,
		},
		"cluster-wide rights for a person": {
			`{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: b-istio-system1}, subjects: [{kind: User, name: eve}]}`,
			`ClusterRoleBinding b-istio-system1: subjects[0]: found User eve;`,
		},
		"cluster-wide rights for an application": {
			`{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: b-istio-system1}, ` +
				`subjects: [{kind: ServiceAccount, name: default, namespace: ns-1}]}`,
			`ClusterRoleBinding b-istio-system1: subjects[0]: found ServiceAccount ns-1/default`,
		},
		"a list that is no List": {
			`{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, items: [{apiVersion: v1, kind: Node, metadata: {name: n}}]}`,
			`ConfigMap a: items: found this field at the top of an object: kubectl takes the object for a list`,
		},
		"an empty one": {
			`{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a}, items: null}`,
			`VirtualService a: items: found this field`,
		},
		"a second control plane": {
			`{apiVersion: apps/v1, kind: Deployment, metadata: {name: istiod, namespace: istio-system1, labels: {istio-tenancy.dev/tenant: sales}}, ` +
				`spec: {template: {spec: {containers: [{name: discovery, image: "pilot:1.31.0", args: [discovery]}]}}}}`,
			`2 control planes: Deployment ISTIO_TENANT_NAMESPACE/istiod, Deployment istio-system1/istiod`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, objecttest.RunError(t, admit.Filter{Tenant: sales()}, istiod+test.object), test.want)
		})
	}
}

func TestAMovedBaseIsOneError(t *testing.T) {
	for _, namespace := range []string{"istio-system1", "ns-1", "elsewhere"} {
		moved := strings.ReplaceAll(istiod, v1alpha1.BaseNamespace, namespace) +
			"{apiVersion: v1, kind: Service, metadata: {name: istiod, namespace: " + namespace + "}}"
		require.Equal(t, "Deployment "+namespace+"/istiod: metadata.namespace: found \""+namespace+"\", and a base has "+
			"ISTIO_TENANT_NAMESPACE: `namespace:` in a kustomization has moved the base; remove it, because the tenant states the "+
			"namespaces; istio-tenancy split makes a base of your own manifest",
			objecttest.RunError(t, admit.Filter{Tenant: sales()}, moved))
	}
}

func TestReportsEverythingAtOnce(t *testing.T) {
	message := objecttest.RunError(t, admit.Filter{Tenant: sales()}, `
{apiVersion: v1, kind: Service, metadata: {name: a, namespace: ns-0}}
---
{apiVersion: v1, kind: Service, metadata: {name: a, namespace: ns-2}}
`)
	require.Len(t, strings.Split(message, "\n"), 3, message)
	require.Contains(t, message, "no control plane")
}

// TestNamesAGatewayBesideTheControlPlane: it is moved, which nobody has asked for. That of
// a base is in no namespace of the tenant's yet.
func TestNamesAGatewayBesideTheControlPlane(t *testing.T) {
	const gateway = `
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: NAMESPACE, labels: {istio-tenancy.dev/part: gateway}}, spec: {selector: {istio: web}, ports: [{port: 80}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: NAMESPACE, labels: {istio-tenancy.dev/part: gateway}}
spec: {selector: {matchLabels: {istio: web}}, template: {metadata: {labels: {istio: web}}}}
`
	for namespace, want := range map[string][]string{
		"istio-system1": {`Deployment istio-system1/web: metadata.namespace: found "istio-system1", the control plane's namespace, where a gateway would read the Secrets: the ` +
			`gateway and its objects are moved to ns-1, the first of spec.applicationNamespaces: write one of these namespaces, in an IstioRelease as spec.namespace`},
		"ISTIO_TENANT_NAMESPACE": nil,
		"ns-1":                   nil,
	} {
		var warnings []string
		objecttest.Run(t, admit.Filter{Tenant: sales(), Warn: func(w string) { warnings = append(warnings, w) }}, istiod+strings.ReplaceAll(gateway, "NAMESPACE", namespace))
		require.Equal(t, want, warnings, namespace)
	}
}
