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

// TestWhatIsOfABaseAlone: what a base may have, and the transformer takes care of, is no tenant's
// after the transformer.
func TestWhatIsOfABaseAlone(t *testing.T) {
	of, create := sales(), false
	of.Spec.CreateNamespaces = &create
	const opened = `{apiVersion: v1, kind: Namespace, metadata: {name: ns-1, labels: {openshift.io/run-level: "0", pod-security.kubernetes.io/enforce: privileged}}}`
	err := admit.Filter{Tenant: of}.Laid(objecttest.Parse(t, opened)[0])
	require.ErrorContains(t, err, "metadata.labels[openshift.io/run-level]")
	require.ErrorContains(t, err, "metadata.labels[pod-security.kubernetes.io/enforce]")

	stable := func(revision string) string {
		return `{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicy, metadata: {name: stable-channel-policy-sales-istio-system1}, spec: {matchConstraints: {` +
			`objectSelector: {matchExpressions: [{key: istio.io/rev, operator: In, values: [` + revision + `]}]}, resourceRules: [{apiGroups: [networking.istio.io]}]}}}`
	}
	require.NoError(t, admit.Filter{Tenant: of}.Laid(objecttest.Parse(t, stable("sales"))[0]))
	require.ErrorContains(t, admit.Filter{Tenant: of}.Laid(objecttest.Parse(t, stable("default"))[0]), "must select objects by istio.io/rev In [sales]")
}

// TestAllReasons: one that is known does not hide another.
func TestAllReasons(t *testing.T) {
	err := admit.Filter{Tenant: sales()}.Laid(objecttest.Parse(t, `{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicyBinding, `+
		`metadata: {name: all, ownerReferences: [{apiVersion: v1, kind: Node, name: b, uid: c}]}, spec: {policyName: istio-tenancy-pods}}`)[0])
	for _, reason := range []string{`metadata.name: found "all"`, `spec.policyName: found "istio-tenancy-pods"`, "metadata.ownerReferences[0]"} {
		require.ErrorContains(t, err, reason)
	}
}
