package gateway_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/gateway"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

func sales() v1alpha1.IstioTenant {
	t := v1alpha1.IstioTenant{Metadata: v1alpha1.Metadata{Name: "sales"}}
	t.Spec.ControlPlane.Namespace = "istio-system1"
	t.Spec.ApplicationNamespaces = []string{"ns-1", "ns-2"}
	t.Default()
	return t
}

func TestWhatIsAGateway(t *testing.T) {
	for text, want := range map[string]bool{
		`{kind: Service, metadata: {labels: {istio-tenancy.dev/part: gateway}}}`:                                                    true,
		`{kind: Service, metadata: {labels: {operator.istio.io/component: EgressGateways}}}`:                                        true,
		`{kind: Service, metadata: {labels: {operator.istio.io/component: Pilot}}}`:                                                 false,
		`{kind: DaemonSet, spec: {template: {metadata: {annotations: {inject.istio.io/templates: gateway}}}}}`:                      true,
		`{kind: Deployment, spec: {template: {metadata: {annotations: {inject.istio.io/templates: "with-our-volumes, gateway"}}}}}`: true,
		`{kind: Deployment, spec: {template: {metadata: {annotations: {inject.istio.io/templates: grpc-gateway}}}}}`:                false,
		`{kind: Deployment, metadata: {annotations: {inject.istio.io/templates: gateway}}}`:                                         false,
	} {
		require.Equal(t, want, gateway.Owns(yaml.MustParse(text)), text)
	}
}

// chart is what the chart "gateway" renders beside a control plane.
const chart = `
{apiVersion: v1, kind: ServiceAccount, metadata: {name: edge, namespace: istio-system1}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: edge, namespace: istio-system1}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: edge, namespace: istio-system1}, roleRef: {kind: Role, name: edge}, subjects: [{kind: ServiceAccount, name: edge}]}
---
{apiVersion: v1, kind: Service, metadata: {name: edge, namespace: istio-system1}, spec: {type: LoadBalancer, selector: {istio: edge}, ports: [{port: 80}, {port: 443, protocol: UDP}]}}
---
{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: edge, namespace: istio-system1}, spec: {scaleTargetRef: {kind: Deployment, name: edge}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: edge, namespace: istio-system1}
spec:
  selector: {matchLabels: {istio: edge}}
  template:
    metadata: {labels: {app: edge, istio: edge}, annotations: {inject.istio.io/templates: gateway}}
    spec: {serviceAccountName: edge}
---
`

const notTheGateways = `
{apiVersion: v1, kind: ServiceAccount, metadata: {name: istiod, namespace: istio-system1}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: istiod, namespace: istio-system1}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: both, namespace: istio-system1}, roleRef: {kind: Role, name: istiod}, subjects: [{kind: ServiceAccount, name: edge}, {kind: ServiceAccount, name: istiod}]}
---
{apiVersion: v1, kind: Service, metadata: {name: istiod, namespace: istio-system1}, spec: {selector: {app: istiod}}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: all, namespace: istio-system1}, spec: {podSelector: {}}}
---
{apiVersion: v1, kind: Service, metadata: {name: edge, namespace: ns-2}, spec: {selector: {istio: edge}}}
`

func TestAGatewayTakesWithItWhatBelongsToIt(t *testing.T) {
	objects := objecttest.Parse(t, chart+notTheGateways)
	of := gateway.In(objects, sales())
	var moved []string
	for _, o := range objects {
		if of.Moves(o) {
			moved = append(moved, object.IDOf(o).String())
			require.Equal(t, "ns-1", of.Namespace(o))
		}
	}
	require.Equal(t, []string{
		"ServiceAccount istio-system1/edge", "Role istio-system1/edge", "RoleBinding istio-system1/edge", "Service istio-system1/edge",
		"HorizontalPodAutoscaler istio-system1/edge", "Deployment istio-system1/edge",
	}, moved)
	require.Equal(t, []gateway.Workload{{
		Kind: "Deployment", Namespace: "ns-1", Name: "edge", Selector: map[string]string{"istio": "edge"},
		Ports: []map[string]any{{"protocol": "TCP", "port": 80}, {"protocol": "UDP", "port": 443}},
	}}, of.Workloads())
}

func TestAnAccountThatOthersRunAsStays(t *testing.T) {
	objects := objecttest.Parse(t, chart+
		`{apiVersion: apps/v1, kind: Deployment, metadata: {name: other, namespace: istio-system1}, spec: {template: {spec: {serviceAccountName: edge}}}}`)
	of := gateway.In(objects, sales())
	for _, o := range objects {
		if o.GetKind() == "ServiceAccount" || o.GetName() == "other" {
			require.False(t, of.Moves(o), object.IDOf(o).String())
		}
	}
}

func TestPodsWithoutLabelsAreNotAllPods(t *testing.T) {
	objects := objecttest.Parse(t, `
apiVersion: apps/v1
kind: Deployment
metadata: {name: edge}
spec: {template: {metadata: {annotations: {inject.istio.io/templates: gateway}}}}
`)
	require.Empty(t, gateway.In(objects, sales()).Workloads())
}
