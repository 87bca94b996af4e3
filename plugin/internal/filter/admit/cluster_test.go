package admit_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/admit"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

const (
	rbac      = `{apiVersion: rbac.authorization.k8s.io/v1, kind: `
	admission = `{apiVersion: admissionregistration.k8s.io/v1, kind: `
	stable    = admission + `ValidatingAdmissionPolicy, metadata: {name: stable-channel-policy-ISTIO_TENANT_NAMESPACE.istio.io}, spec: `
)

// TestClusterScopedObjectsAreTheControlPlanesOwn are manifests that reached
// beyond their tenant.
func TestClusterScopedObjectsAreTheControlPlanesOwn(t *testing.T) {
	for name, test := range map[string]struct{ object, want string }{
		"a mutating policy": {
			admission + `MutatingAdmissionPolicy, metadata: {name: a-istio-system1}}`,
			`MutatingAdmissionPolicy a-istio-system1: exists once per cluster, so it is not a tenant's`,
		},
		"a flow schema": {
			`{apiVersion: flowcontrol.apiserver.k8s.io/v1, kind: FlowSchema, metadata: {name: a-istio-system1}}`,
			`FlowSchema a-istio-system1: exists once per cluster`,
		},
		"Kyverno's policy for the cluster, with a namespace": {
			`{apiVersion: kyverno.io/v1, kind: ClusterPolicy, metadata: {name: a, namespace: ns-1}}`,
			`ClusterPolicy ns-1/a: exists once per cluster`,
		},
		"a kind of an unknown CRD": {
			`{apiVersion: example.com/v1, kind: ClusterThing, metadata: {name: a}}`,
			`ClusterThing a: kind: found "ClusterThing" of group "example.com", of which this release does not know whether it has a namespace: ` +
				`if it has one, see spec.namespacedKinds below; ` +
				`if it has none, its objects are the whole cluster's: move them to the common base`,
		},
		"a kind of Kubernetes' that is newer": {
			`{apiVersion: storage.k8s.io/v1, kind: VolumeDream, metadata: {name: a}}`,
			`VolumeDream a: kind: found "VolumeDream" of group "storage.k8s.io", of which this release does not know whether it has a namespace`,
		},
		"a kind of the core group in small letters": {
			`{apiVersion: v1, kind: configmap, metadata: {name: a}}`,
			`configmap a: kind: found "configmap" of apiVersion "v1", which is no kind of that group: write "ConfigMap"`,
		},
		"a kind that a definition beside it makes the cluster's": {
			`{apiVersion: example.com/v1, kind: Planet, metadata: {name: a}}
---
{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: planets.example.com},
 spec: {group: example.com, scope: Cluster, names: {kind: Planet}}}`,
			`Planet a: exists once per cluster`,
		},
		"a role that adds to everybody's admin": {
			rbac + `ClusterRole, metadata: {name: a-istio-system1, labels: {rbac.authorization.k8s.io/aggregate-to-admin: "true"}}}`,
			`ClusterRole a-istio-system1: metadata.labels: found rbac.authorization.k8s.io/aggregate-to-admin; it adds these rules to a role that is not the tenant's`,
		},
		"a role that adds to an operator's own": {
			rbac + `ClusterRole, metadata: {name: a-istio-system1, labels: {app: a, rbac.crossplane.io/aggregate-to-crossplane: "true"}}}`,
			`ClusterRole a-istio-system1: metadata.labels: found rbac.crossplane.io/aggregate-to-crossplane; it adds these rules`,
		},
		"a role that adds to Knative's controller": {
			rbac + `ClusterRole, metadata: {name: a-istio-system1, labels: {serving.knative.dev/controller: "true"}}}`,
			`ClusterRole a-istio-system1: metadata.labels: found serving.knative.dev/controller; it adds these rules`,
		},
		"a path in the place of a name": {
			`{apiVersion: v1, kind: ConfigMap, metadata: {name: ../../kube-system/configmaps/a}}`,
			`ConfigMap ../../kube-system/configmaps/a: metadata.name: found "../../kube-system/configmaps/a"; must be no part of a path`,
		},
		"a dependent of the cluster's": {
			`{apiVersion: v1, kind: ConfigMap, metadata: {name: a, ownerReferences: [{apiVersion: v1, kind: Node, name: b, uid: c, blockOwnerDeletion: true}]}}`,
			`ConfigMap a: metadata.ownerReferences[0]: found Node b; an owner is named by its uid`,
		},
		"a role that gathers others": {
			rbac + `ClusterRole, metadata: {name: a-istio-system1}, aggregationRule: {clusterRoleSelectors: []}}`,
			`ClusterRole a-istio-system1: aggregationRule: rights that are aggregated in the cluster cannot be confined`,
		},
		"a role of the cluster's": {
			rbac + `ClusterRole, metadata: {name: "system:discovery"}}`,
			`ClusterRole system:discovery: metadata.name: found "system:discovery"; names that begin with "system:" are those of Kubernetes' own objects`,
		},
		"a role of another tenant's": {
			rbac + `ClusterRole, metadata: {name: istiod-clusterrole-dev-istio-system}}`,
			`ClusterRole istiod-clusterrole-dev-istio-system: metadata.name: found`,
		},
		"a webhook at a URL": {
			admission + `MutatingWebhookConfiguration, metadata: {name: a-istio-system1}, webhooks: [{clientConfig: {url: "https://a"}}]}`,
			`MutatingWebhookConfiguration a-istio-system1: webhooks[0].clientConfig.url: found "https://a"; a tenant's webhooks call its control plane only`,
		},
		"a webhook of an application": {
			admission + `ValidatingWebhookConfiguration, metadata: {name: a-istio-system1}, ` +
				`webhooks: [{clientConfig: {service: {name: a, namespace: ns-1}}}]}`,
			`ValidatingWebhookConfiguration a-istio-system1: webhooks[0].clientConfig.service.namespace: found "ns-1"; must be "istio-system1"`,
		},
		"a webhook for what has no namespace": {
			admission + `ValidatingWebhookConfiguration, metadata: {name: a-istio-system1}, ` +
				`webhooks: [{clientConfig: {service: {name: a, namespace: istio-system1}}, rules: [{scope: Cluster}]}]}`,
			`webhooks[0].rules[0].scope: found "Cluster"; must be "Namespaced"`,
		},
		"a policy that denies": {
			admission + `ValidatingAdmissionPolicy, metadata: {name: deny-istio-system1}}`,
			`ValidatingAdmissionPolicy deny-istio-system1: the only admission policy in a tenant's overlay is Istio's stable-channel-policy`,
		},
		"a policy that denies and is called as Istio's": {
			stable + `{matchConstraints: {resourceRules: [{apiGroups: ["*"]}]}}}`,
			`spec.matchConstraints.resourceRules[0].apiGroups: found "*"; must be a group of Istio's`,
		},
		"Istio's policy, for every revision": {
			stable + `{matchConstraints: {resourceRules: [{apiGroups: [security.istio.io]}]}}}`,
			`spec.matchConstraints: must select objects by istio.io/rev In [sales]`,
		},
		"a network policy for the cluster": {
			`{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {name: a-istio-system1}, spec: {tier: Admin, priority: 0}}`,
			`ClusterNetworkPolicy a-istio-system1: decides for Pods of the whole cluster, so it is not a tenant's; ` +
				`set spec.network.floor of the tenant to true`,
		},
		"a network policy for the cluster that says it is the tenant's": {
			`{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {name: a-istio-system1, ` +
				`labels: {istio-tenancy.dev/tenant: sales}}, spec: {tier: Admin, priority: 0}}`,
			`ClusterNetworkPolicy a-istio-system1: metadata.labels: found istio-tenancy.dev/tenant, which this program sets`,
		},
		"a network policy of the API before": {
			`{apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {name: a-istio-system1}}`,
			`AdminNetworkPolicy a-istio-system1: exists once per cluster`,
		},
		"a binding of another's policy": {
			admission + `ValidatingAdmissionPolicyBinding, metadata: {name: a-istio-system1}, spec: {policyName: istio-tenancy-pods}}`,
			`ValidatingAdmissionPolicyBinding a-istio-system1: spec.policyName: found "istio-tenancy-pods"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, objecttest.RunError(t, admit.Filter{Tenant: sales()}, istiod+test.object), test.want)
		})
	}
}

// TestTheCommonBaseIsOneMistake: an overlay that lists it has dozens of objects that
// are not the tenant's, for one reason.
func TestTheCommonBaseIsOneMistake(t *testing.T) {
	common := rbac + `ClusterRole, metadata: {name: istio-tenancy-edit, labels: {rbac.authorization.k8s.io/aggregate-to-admin: "true"}}}
---
` + admission + `ValidatingAdmissionPolicy, metadata: {name: istio-tenancy-pods}}
---
{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: gateways.networking.istio.io}}
`
	const found = "the common base is among the objects, with ClusterRole istio-tenancy-edit and 2 more: the cluster administrator deploys that once per cluster; "
	require.Equal(t, found+"list a base such as bases/istio/control-plane in its place", objecttest.RunError(t, admit.Filter{Tenant: sales()}, common))
	require.Equal(t, found+"remove it from resources", objecttest.RunError(t, admit.Filter{Tenant: sales()}, istiod+common))
}

func TestTheControlPlanesOwnPass(t *testing.T) {
	objecttest.Run(t, admit.Filter{Tenant: sales()}, istiod+stable+`{matchConstraints: {
  resourceRules: [{apiGroups: [security.istio.io, networking.istio.io]}],
  objectSelector: {matchExpressions: [{key: istio.io/rev, operator: In, values: [default]}]}}}}
---
`+admission+`ValidatingAdmissionPolicyBinding, metadata: {name: stable-channel-policy-binding-ISTIO_TENANT_NAMESPACE.istio.io},
  spec: {policyName: stable-channel-policy-ISTIO_TENANT_NAMESPACE.istio.io}}
---
`+admission+`MutatingWebhookConfiguration, metadata: {name: istio-sidecar-injector},
  webhooks: [{clientConfig: {service: {name: istiod, namespace: ISTIO_TENANT_NAMESPACE}}}]}
---
`+rbac+`ClusterRole, metadata: {name: prometheus}}`)
}

// TestNoNameOfKubernetesOwn: a name that ends in the control plane's namespace
// may still be one of these.
func TestNoNameOfKubernetesOwn(t *testing.T) {
	for _, kind := range []string{"ClusterRole", "ClusterRoleBinding"} {
		for _, name := range []string{"system:node-ISTIO_TENANT_NAMESPACE", "system:node-istio-system1"} {
			require.Contains(t, objecttest.RunError(t, admit.Filter{Tenant: sales()}, istiod+"{apiVersion: rbac.authorization.k8s.io/v1, kind: "+kind+", metadata: {name: '"+name+"'}, "+
				"subjects: [{kind: ServiceAccount, name: istiod, namespace: ISTIO_TENANT_NAMESPACE}]}"),
				kind+` `+name+`: metadata.name: found "`+name+`"; names that begin with "system:" are those of Kubernetes' own objects`)
		}
	}
}
