package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/checkout"
	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

const (
	rbacOf      = "apiVersion: rbac.authorization.k8s.io/v1\nkind: "
	admissionOf = "apiVersion: admissionregistration.k8s.io/v1\nkind: "
	callsIstiod = "{service: {name: istiod, namespace: ISTIO_TENANT_NAMESPACE}}"
	once        = "exists once per cluster"
)

// reaching are manifests that would reach past their tenant, each with a part of
// the message that refuses it.
var reaching = []struct{ name, manifest, message string }{
	{"a policy that changes every object", admissionOf + "MutatingAdmissionPolicy\nmetadata: {name: a}", "MutatingAdmissionPolicy a: " + once},
	{"its binding", admissionOf + "MutatingAdmissionPolicyBinding\nmetadata: {name: a}", "MutatingAdmissionPolicyBinding a: " + once},
	{"a place at the front of the API server's queue", "apiVersion: flowcontrol.apiserver.k8s.io/v1\nkind: FlowSchema\nmetadata: {name: a}", "FlowSchema a: " + once},
	{"a queue of its own", "apiVersion: flowcontrol.apiserver.k8s.io/v1\nkind: PriorityLevelConfiguration\nmetadata: {name: a}", "PriorityLevelConfiguration a: " + once},
	{"other addresses for Services", "apiVersion: networking.k8s.io/v1\nkind: ServiceCIDR\nmetadata: {name: a}", "ServiceCIDR a: " + once},
	{"an address of a Service", "apiVersion: networking.k8s.io/v1\nkind: IPAddress\nmetadata: {name: 10.0.0.10}", "IPAddress 10.0.0.10: " + once},
	{"a class of devices", "apiVersion: resource.k8s.io/v1\nkind: DeviceClass\nmetadata: {name: a}", "DeviceClass a: " + once},
	{"a node's devices", "apiVersion: resource.k8s.io/v1\nkind: ResourceSlice\nmetadata: {name: a}", "ResourceSlice a: " + once},
	{"other attributes of volumes", "apiVersion: storage.k8s.io/v1\nkind: VolumeAttributesClass\nmetadata: {name: a}", "VolumeAttributesClass a: " + once},
	{"a volume of a node's", "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: a}\nspec: {hostPath: {path: /}}", "PersistentVolume a: " + once},
	{"a class of storage", "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: a}", "StorageClass a: " + once},
	{"a priority", "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: a}\nglobalDefault: true", "PriorityClass a: " + once},
	{"another container runtime", "apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: {name: a}", "RuntimeClass a: " + once},
	{"a class of Ingresses", "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: a}", "IngressClass a: " + once},
	{"a class of Gateways", "apiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata: {name: a}", `GatewayClass a: metadata.name: found "a"; the cluster has only one GatewayClass of each name`},
	{"a certificate of the cluster's CA", "apiVersion: certificates.k8s.io/v1\nkind: CertificateSigningRequest\nmetadata: {name: a}", "CertificateSigningRequest a: " + once},
	{"trust for everybody", "apiVersion: certificates.k8s.io/v1beta1\nkind: ClusterTrustBundle\nmetadata: {name: a}", "ClusterTrustBundle a: " + once},
	{"a node", "apiVersion: v1\nkind: Node\nmetadata: {name: a}", "Node a: " + once},
	{"an API of its own", "apiVersion: apiregistration.k8s.io/v1\nkind: APIService\nmetadata: {name: v1.}", "APIService v1.: " + once},
	{"a definition", "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: a.b.example}", "CustomResourceDefinition a.b.example: " + once},
	{"Cilium's policy for the cluster", "apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {name: a, namespace: ns-1}", "CiliumClusterwideNetworkPolicy ns-1/a: " + once},
	{"Kyverno's policy for the cluster", "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: a}", "ClusterPolicy a: " + once},
	{"an issuer for everybody", "apiVersion: cert-manager.io/v1\nkind: ClusterIssuer\nmetadata: {name: a}", "ClusterIssuer a: " + once},
	{"a policy in a List", "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: flowcontrol.apiserver.k8s.io/v1, kind: FlowSchema, metadata: {name: a}}", "FlowSchema a: " + once},
	{"a kind that nobody knows", "apiVersion: " + unknownGroup + "/v1\nkind: Planet\nmetadata: {name: a, namespace: ns-1}", `Planet ns-1/a: kind: found "Planet" of group "` + unknownGroup + `"`},

	{"a webhook at a URL", admissionOf + "MutatingWebhookConfiguration\nmetadata: {name: a-ISTIO_TENANT_NAMESPACE}\nwebhooks: [{name: a.b.example, clientConfig: {url: https://a.example}}]",
		`webhooks[0].clientConfig.url: found "https://a.example"`},
	{"an application's webhook, called as Istio's", admissionOf + "ValidatingWebhookConfiguration\nmetadata: {name: istio-validator-sales-ISTIO_TENANT_NAMESPACE-x}\n" +
		"webhooks: [{name: a.b.example, clientConfig: {service: {name: a, namespace: ns-1}}}]", `webhooks[0].clientConfig.service.namespace: found "ns-1"`},
	{"a webhook of another name", admissionOf + "ValidatingWebhookConfiguration\nmetadata: {name: istio-validator-dev-istio-system}\nwebhooks: [{name: a.b.example, clientConfig: " + callsIstiod + "}]",
		`metadata.name: found "istio-validator-dev-istio-system"`},
	{"a webhook for the cluster's objects", admissionOf + "MutatingWebhookConfiguration\nmetadata: {name: a-ISTIO_TENANT_NAMESPACE}\n" +
		"webhooks: [{name: a.b.example, clientConfig: " + callsIstiod + ", rules: [{scope: Cluster}]}]", `webhooks[0].rules[0].scope: found "Cluster"`},
	{"a policy that denies everything", admissionOf + "ValidatingAdmissionPolicy\nmetadata: {name: a-ISTIO_TENANT_NAMESPACE}", "the only admission policy in a tenant's overlay is Istio's"},
	{"the same, called as Istio's", admissionOf + "ValidatingAdmissionPolicy\nmetadata: {name: stable-channel-policy-a-ISTIO_TENANT_NAMESPACE.istio.io}\n" +
		`spec: {matchConstraints: {resourceRules: [{apiGroups: ["*"]}]}}`, `spec.matchConstraints.resourceRules[0].apiGroups: found "*"`},
	{"a binding of another's policy", admissionOf + "ValidatingAdmissionPolicyBinding\nmetadata: {name: a-ISTIO_TENANT_NAMESPACE}\nspec: {policyName: istio-tenancy-pods, validationActions: [Audit]}",
		`spec.policyName: found "istio-tenancy-pods"`},

	{"a role that adds to everybody's admin", rbacOf + `ClusterRole` + "\n" + `metadata: {name: a-ISTIO_TENANT_NAMESPACE, labels: {rbac.authorization.k8s.io/aggregate-to-admin: "true"}}`,
		"metadata.labels: found rbac.authorization.k8s.io/aggregate-to-admin"},
	{"a role that adds to an operator's", rbacOf + `ClusterRole` + "\n" + `metadata: {name: a-ISTIO_TENANT_NAMESPACE, labels: {rbac.crossplane.io/aggregate-to-crossplane: "true"}}`,
		"metadata.labels: found rbac.crossplane.io/aggregate-to-crossplane"},
	{"a role that gathers others", rbacOf + "ClusterRole\nmetadata: {name: a-ISTIO_TENANT_NAMESPACE}\naggregationRule: {clusterRoleSelectors: [{}]}", "aggregationRule"},
	{"everybody's view", rbacOf + "ClusterRole\nmetadata: {name: view}", `metadata.name: found "view"`},
	{"what everybody may", rbacOf + "ClusterRole\nmetadata: {name: 'system:discovery'}", `metadata.name: found "system:discovery"`},
	{"another tenant's role", rbacOf + "ClusterRole\nmetadata: {name: istiod-clusterrole-dev-istio-system}", `metadata.name: found "istiod-clusterrole-dev-istio-system"`},
	{"the cluster for a user", rbacOf + "ClusterRoleBinding\nmetadata: {name: a-ISTIO_TENANT_NAMESPACE}\nroleRef: {kind: ClusterRole, name: cluster-admin}\nsubjects: [{kind: User, name: sales-admin}]",
		"subjects[0]: found User sales-admin"},
	{"the cluster for a group", rbacOf + "ClusterRoleBinding\nmetadata: {name: a-ISTIO_TENANT_NAMESPACE}\nroleRef: {kind: ClusterRole, name: cluster-admin}\n" +
		"subjects: [{kind: Group, name: 'system:serviceaccounts:istio-system1'}]", "subjects[0]: found Group system:serviceaccounts:istio-system1"},
	{"the cluster for istiod", rbacOf + "ClusterRoleBinding\nmetadata: {name: a-ISTIO_TENANT_NAMESPACE}\nroleRef: {kind: ClusterRole, name: cluster-admin}\n" +
		"subjects: [{kind: ServiceAccount, name: istiod, namespace: ISTIO_TENANT_NAMESPACE}]", `roleRef.name: found "cluster-admin"`},

	{"a role in kube-system", rbacOf + "Role\nmetadata: {name: a, namespace: kube-system}", `metadata.namespace: found "kube-system"`},
	{"a binding in another tenant", rbacOf + "RoleBinding\nmetadata: {name: a, namespace: ns-0}", `metadata.namespace: found "ns-0"`},
	{"the key of the CA", "apiVersion: v1\nkind: Secret\nmetadata: {name: cacerts, namespace: ISTIO_TENANT_NAMESPACE}", `metadata.name: found "cacerts", a Secret for the key of the control plane's CA`},
	{"a CA of everybody's issuer", "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: a, namespace: ISTIO_TENANT_NAMESPACE}\nspec: {secretName: cacerts, isCA: true, issuerRef: {kind: ClusterIssuer, name: b}}",
		`spec.issuerRef.kind: found "ClusterIssuer" for a CA of the tenant`},
	{"a Secret beside another's istiod", "apiVersion: v1\nkind: Secret\nmetadata: {name: cacerts, namespace: istio-system}", `metadata.namespace: found "istio-system"`},
	{"another tenant's Namespace", "apiVersion: v1\nkind: Namespace\nmetadata: {name: ns-0}", "Namespace ns-0: is not one of the tenant's namespaces"},
	{"another tenant's object", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {istio-tenancy.dev/tenant: dev}}", `belongs to tenant "dev"`},
	{"an object that says it is generated", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {istio-tenancy.dev/tenant: sales}}", "metadata.labels: found istio-tenancy.dev/tenant"},
	{"a dependent of a node", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, ownerReferences: [{apiVersion: v1, kind: Node, name: n, uid: u, blockOwnerDeletion: true}]}",
		"metadata.ownerReferences[0]: found Node n"},
	{"a path in the place of a name", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ../../kube-system/configmaps/a}", "must be no part of a path"},
	{"whatever Flux may make", "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: a}\nspec: {path: ./, sourceRef: {kind: GitRepository, name: a}}",
		"Kustomization a: spec.serviceAccountName: is missing"},
	{"whatever Helm may make", "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: a}", "HelmRelease a: spec.serviceAccountName: is missing"},
	{"the address of the cluster's DNS", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 53, protocol: UDP}], externalIPs: [10.96.0.10]}",
		"Service a: spec.externalIPs: found 10.96.0.10"},
	{"ambient mode for every node", "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: ztunnel}", "DaemonSet ztunnel: "},
	{"the cluster for a user, inside of a ConfigMap", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nitems: [{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: a}, " +
		"roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}, subjects: [{kind: User, name: sales-admin}]}]", "ConfigMap a: items: found this field"},
	{"a role of Kubernetes' own", rbacOf + "ClusterRole\nmetadata: {name: 'system:node-ISTIO_TENANT_NAMESPACE'}", `metadata.name: found "system:node-ISTIO_TENANT_NAMESPACE"`},
}

// TestEveryManifestThatReachesPastItsTenantIsRefused builds each with the real
// kustomize, as whoever writes a file of an overlay would have it built.
func TestEveryManifestThatReachesPastItsTenantIsRefused(t *testing.T) {
	c := claims(t, "kustomize build refuses every manifest that would reach past its tenant, and names the object and the field")
	source, err := newCheckout(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, source.CopyTenant("sales", "attack"))
	dir := filepath.Join(source.Dir, "overlays/attack")
	add(t, dir, "attack.yaml")
	for _, attack := range reaching {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "attack.yaml"), []byte(attack.manifest+"\n"), 0o644))
		objects, err := source.Render("overlays/attack")
		c.verify(err != nil && len(objects) == 0, "%s: kustomize builds it", attack.name)
		if err != nil {
			c.verify(strings.Contains(err.Error(), attack.message), "%s: found %v, must say %s", attack.name, err, attack.message)
		}
	}
}

// narrowed are manifests that the build takes and limits to the tenant.
const narrowed = admissionOf + `MutatingWebhookConfiguration
metadata: {name: all-ISTIO_TENANT_NAMESPACE}
webhooks:
- name: all.example.com
  clientConfig: ` + callsIstiod + `
  failurePolicy: Fail
  sideEffects: None
  admissionReviewVersions: [v1]
  rules: [{apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*/*"], scope: "*"}]
---
` + admissionOf + `ValidatingAdmissionPolicy
metadata: {name: stable-channel-policy-deny-ISTIO_TENANT_NAMESPACE.istio.io}
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules: [{apiGroups: [networking.istio.io], apiVersions: ["*"], operations: ["*"], resources: ["*"]}]
    objectSelector: {matchExpressions: [{key: istio.io/rev, operator: In, values: [default]}]}
  validations: [{expression: "false"}]
---
` + admissionOf + `ValidatingAdmissionPolicyBinding
metadata: {name: stable-channel-policy-binding-deny-ISTIO_TENANT_NAMESPACE.istio.io}
spec: {policyName: stable-channel-policy-deny-ISTIO_TENANT_NAMESPACE.istio.io, validationActions: [Deny]}
`

// narrow holds what becomes of them on an API server: they stop their own
// tenant, where they are meant to, and nobody else.
func narrow(c *claim, source checkout.Checkout, server *cluster.Cluster) {
	require.NoError(c, source.CopyTenant("sales", "narrowed"))
	dir := filepath.Join(source.Dir, "overlays/narrowed")
	add(c.T, dir, "narrowed.yaml")
	require.NoError(c, os.WriteFile(filepath.Join(dir, "narrowed.yaml"), []byte(narrowed), 0o644))
	objects, err := source.Render("overlays/narrowed")
	require.NoError(c, err)
	var own []*cluster.Object
	for _, object := range objects {
		if name := object.GetName(); name == "all-istio-system1" || strings.Contains(name, "deny-istio-system1") {
			own = append(own, object)
		}
	}
	require.Len(c, own, 3)
	_, err = server.Admin.Apply(own)
	require.NoError(c, err)
	answer, err := server.Admin.Do(http.MethodPost, "/api/v1/namespaces", `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"ns-0"}}`)
	require.NoError(c, err)
	c.verify(answer.Error() == nil, "a Namespace: %v", answer.Error())
	const sidecar = `{"apiVersion":"networking.istio.io/v1","kind":"Sidecar","metadata":{"name":"a","labels":{"istio.io/rev":"default"}}}`
	post := func(namespace string) error {
		answer, err := server.Admin.Do(http.MethodPost, "/apis/networking.istio.io/v1/namespaces/"+namespace+"/sidecars?dryRun=All", sidecar)
		require.NoError(c, err)
		return answer.Error()
	}
	require.NoError(c, cluster.Eventually(patience, func() error {
		if err := post("ns-1"); err == nil || !strings.Contains(err.Error(), "all.example.com") {
			return fmt.Errorf("not yet in force: %v", err) //nolint:errorlint // it may be nil
		}
		return nil
	}))
	c.verify(post("ns-0") == nil, "another tenant's Sidecar: %v", post("ns-0"))
	const role = `{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"a"}}`
	answer, err = server.Admin.Do(http.MethodPost, "/apis/rbac.authorization.k8s.io/v1/clusterroles?dryRun=All", role)
	require.NoError(c, err)
	c.verify(answer.Error() == nil, "a ClusterRole: %v", answer.Error())
	// Without the webhook, the policy is who refuses.
	require.NoError(c, server.Admin.Delete(own[:1]))
	require.NoError(c, cluster.Eventually(patience, func() error {
		if err := post("ns-1"); err == nil || !strings.Contains(err.Error(), "stable-channel-policy-deny-istio-system1") {
			return fmt.Errorf("not yet in force: %v", err) //nolint:errorlint // it may be nil
		}
		return nil
	}))
	c.verify(post("ns-0") == nil, "another tenant's Sidecar: %v", post("ns-0"))
}
