package settle_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/settle"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

func filter() settle.Filter {
	t := v1alpha1.IstioTenant{Metadata: v1alpha1.Metadata{Name: "sales"}}
	t.Spec.ControlPlane.Namespace = "istio-system1"
	t.Spec.ApplicationNamespaces = []string{"ns-1", "ns-2"}
	t.Default()
	return settle.Filter{Tenant: t}
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
		`write it as a word of its own, so that it can be told from a longer name
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
