package place_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/kio"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/place"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/tenancy"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/tenancytest"
)

func filter() tenancytest.Step {
	return tenancytest.Step{
		Tenant: tenancytest.Sales("ns-1", "ns-2"), Version: "1.31.0",
		New: func(t tenancy.Tenant) kio.Filter { return place.Filter{Tenant: t} },
	}
}

func TestPlaces(t *testing.T) {
	for name, test := range map[string]struct{ in, want string }{
		"an application goes to the first namespace": {`
apiVersion: v1
kind: Service
metadata:
  name: details
`, `apiVersion: v1
kind: Service
metadata:
  name: details
  namespace: ns-1
  labels:
    istio-tenancy.dev/tenant: sales
`},
		"or stays where it says": {`
apiVersion: v1
kind: Service
metadata:
  name: details
  namespace: ns-2
`, `apiVersion: v1
kind: Service
metadata:
  name: details
  namespace: ns-2
  labels:
    istio-tenancy.dev/tenant: sales
`},
		"what has no namespace gets none": {`
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: istiod-istio-system1
`, `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: istiod-istio-system1
  labels:
    istio-tenancy.dev/tenant: sales
`},
		"a gateway moves to the applications": {`
apiVersion: apps/v1
kind: Deployment
metadata:
  name: istio-ingressgateway
  namespace: istio-system1
  labels:
    operator.istio.io/component: IngressGateways
spec:
  template:
    spec:
      containers:
      - env:
        - name: CA_ADDR
          value: istiod-sales.istio-system1.svc:15012
        - name: ISTIO_META_OWNER
          value: kubernetes://apis/apps/v1/namespaces/istio-system1/deployments/istio-ingressgateway
`, `apiVersion: apps/v1
kind: Deployment
metadata:
  name: istio-ingressgateway
  namespace: ns-1
  labels:
    operator.istio.io/component: IngressGateways
    istio-tenancy.dev/tenant: sales
spec:
  template:
    spec:
      containers:
      - env:
        - name: CA_ADDR
          value: istiod-sales.istio-system1.svc:15012
        - name: ISTIO_META_OWNER
          value: kubernetes://apis/apps/v1/namespaces/ns-1/deployments/istio-ingressgateway
`},
		"kustomize's own annotations may name the base": {`
apiVersion: v1
kind: Service
metadata:
  name: a
  namespace: istio-system1
  annotations:
    kustomize.config.k8s.io/id: 'namespace: ISTIO_TENANT_NAMESPACE'
`, `apiVersion: v1
kind: Service
metadata:
  name: a
  namespace: istio-system1
  annotations:
    kustomize.config.k8s.io/id: 'namespace: ISTIO_TENANT_NAMESPACE'
  labels:
    istio-tenancy.dev/tenant: sales
`},
	} {
		t.Run(name, func(t *testing.T) {
			got := objecttest.Run(t, filter(), test.in)
			require.Equal(t, test.want, got)
			require.Equal(t, got, objecttest.Run(t, filter(), got), "idempotent")
		})
	}
}

func TestProvesThatNothingIsLeft(t *testing.T) {
	require.Equal(t, `Service ns-3/a: metadata.namespace: found "ns-3"; must be one of the tenant's namespaces, istio-system1, ns-1, ns-2
Service ns-3/a: spec.ports[0].name: still names the base's namespace ISTIO_TENANT_NAMESPACE; `+
		`write it as a word of its own, so that it can be distinguished from a longer name
MutatingWebhookConfiguration w-istio-system1: webhooks[0].clientConfig.service.namespace: found "istio-system"; must be "istio-system1"`,
		objecttest.RunError(t, filter(), `
apiVersion: v1
kind: Service
metadata: {name: a, namespace: ns-3}
spec: {ports: [{name: xISTIO_TENANT_NAMESPACEx}]}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: w-istio-system1}
webhooks: [{name: a, clientConfig: {service: {name: istiod, namespace: istio-system}}}]
`))
}

func TestAGatewayByTemplateMovesWithWhatBelongsToIt(t *testing.T) {
	require.Equal(t, `apiVersion: v1
kind: ServiceAccount
metadata: {name: edge, namespace: ns-1, labels: {istio-tenancy.dev/tenant: sales}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: edge, namespace: ns-1, labels: {istio-tenancy.dev/tenant: sales}}
subjects: [{kind: ServiceAccount, name: edge, namespace: ns-1}]
---
apiVersion: v1
kind: Service
metadata: {name: edge, namespace: ns-1, labels: {istio-tenancy.dev/tenant: sales}}
spec: {selector: {istio: edge}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: edge, namespace: ns-1, labels: {istio-tenancy.dev/tenant: sales}}
spec: {template: {metadata: {labels: {istio: edge}, annotations: {inject.istio.io/templates: gateway}}, spec: {serviceAccountName: edge}}}
---
apiVersion: v1
kind: Service
metadata: {name: istiod, namespace: istio-system1, labels: {istio-tenancy.dev/tenant: sales}}
spec: {selector: {app: istiod}}
`, objecttest.Run(t, filter(), `apiVersion: v1
kind: ServiceAccount
metadata: {name: edge, namespace: istio-system1}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: edge, namespace: istio-system1}
subjects: [{kind: ServiceAccount, name: edge, namespace: istio-system1}]
---
apiVersion: v1
kind: Service
metadata: {name: edge, namespace: istio-system1}
spec: {selector: {istio: edge}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: edge, namespace: istio-system1}
spec: {template: {metadata: {labels: {istio: edge}, annotations: {inject.istio.io/templates: gateway}}, spec: {serviceAccountName: edge}}}
---
apiVersion: v1
kind: Service
metadata: {name: istiod, namespace: istio-system1}
spec: {selector: {app: istiod}}
`))
}

func TestRefusesTwoGatewaysOfOneNameInOneNamespace(t *testing.T) {
	require.Equal(t, `Deployment ns-1/ingress: two objects get this name and namespace, one with namespace "istio-system1" and one with no namespace; rename yours`,
		objecttest.RunError(t, filter(), `
{apiVersion: apps/v1, kind: Deployment, metadata: {name: ingress, namespace: istio-system1, labels: {istio-tenancy.dev/part: gateway}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: ingress}}
`))
}

func TestProvesThatNothingIsTakenForAList(t *testing.T) {
	require.Contains(t, objecttest.RunError(t, filter(), `{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, items: []}`),
		"ConfigMap ns-1/a: items: found this field")
}

func TestProvesThatNothingIsTheClusters(t *testing.T) {
	require.Contains(t, objecttest.RunError(t, filter(), `{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: a-istio-system1}}`),
		"IngressClass a-istio-system1: exists once per cluster")
	require.Contains(t, objecttest.RunError(t, filter(), `{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: istio-dev}}`),
		`GatewayClass istio-dev: metadata.name: found "istio-dev"`)
	objecttest.Run(t, filter(), `{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: istio-sales}}`)
	require.Contains(t, objecttest.RunError(t, filter(), `{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: "system:a-istio-system1"}}`),
		`ClusterRole system:a-istio-system1: metadata.name: found "system:a-istio-system1"`)
}
