package admit_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/admit"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

// TestWhatIsAddedToALaidTenant: the label of the tenant makes no object the tenant's, and
// names that a base may have are no tenant's.
func TestWhatIsAddedToALaidTenant(t *testing.T) {
	const policy = `{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {name: floor-a-istio-system1, labels: {istio-tenancy.dev/tenant: sales}}, spec: `
	of, floor := sales(), true
	of.Spec.Network.Floor = &floor
	for text, refused := range map[string]string{
		policy + `{tier: Admin, priority: 1000, subject: {namespaces: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: [ns-1]}]}}}}`:                                "",
		policy + `{tier: Admin, priority: 999, subject: {pods: {namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: [ns-1]}]}, podSelector: {}}}}}`: "",
		policy + `{tier: Admin, priority: 998, subject: {namespaces: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: [ns-1]}]}}}}`:                                 `spec.priority: found "998"`,
		policy + `{tier: Admin, priority: 1000, subject: {namespaces: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: [ns-1, ns-0]}]}}}}`:                          "spec.subject.namespaces: must select namespaces by kubernetes.io/metadata.name In [istio-system1, ns-1]",
		policy + `{tier: Admin, priority: 1000, subject: {namespaces: {}}}}`:                                                                                                                    "spec.subject.namespaces: must select",
		policy + `{tier: Admin, priority: 1000, subject: {pods: {namespaceSelector: {}, podSelector: {}}}}}`:                                                                                    "must select namespaces by",
		rbac + `ClusterRole, metadata: {name: prometheus, labels: {istio-tenancy.dev/tenant: sales}}}`:                                                                                          `metadata.name: found "prometheus"`,
		rbac + `ClusterRole, metadata: {name: prometheus-istio-system1}}`:                                                                                                                       "",
		`{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: istio}, spec: {controllerName: istio.io/gateway-controller}}`:                                          `metadata.name: found "istio"`,
		`{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: ns-1}, items: []}`:                                                                                                    "items: found this field",
		`{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: ns-1, ownerReferences: [{apiVersion: v1, kind: Node, name: b, uid: c}]}}`:                                             "metadata.ownerReferences[0]",
		`{apiVersion: v1, kind: PersistentVolume, metadata: {name: a}}`:                                                                                                                         "", // whose kind is another question
	} {
		err := admit.Filter{Tenant: of}.Laid(objecttest.Parse(t, text)[0])
		if refused == "" {
			require.NoError(t, err, text)
			continue
		}
		require.ErrorContains(t, err, refused, text)
	}
	require.ErrorContains(t, admit.Filter{Tenant: sales()}.Laid(objecttest.Parse(t, policy+"{}}")[0]), "spec.network.floor of the tenant is not true")
}
