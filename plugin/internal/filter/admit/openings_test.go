package admit_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/admit"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

// binding is a RoleBinding of view for a subject.
func binding(namespace, subject string) string {
	return "{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: a, namespace: " + namespace + "}, " +
		"roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}, subjects: [" + subject + "]}"
}

// issuer signs with the key of a Secret beside the control plane.
const issuer = `{apiVersion: cert-manager.io/v1, kind: Issuer, metadata: {name: root, namespace: ISTIO_TENANT_NAMESPACE}, spec: {ca: {secretName: root}}}
---
`

func TestRefusesWhatTakesDownAWall(t *testing.T) {
	const everybody = "which includes everybody in the cluster, also the users and the Pods of other tenants: name the Users, Groups or ServiceAccounts that need the rights"
	const label = "it decides what the tenant's Pods may do on their nodes, instead of the policies of bases/tenancy, and only the cluster administrator " +
		"may set it: remove it, or write it under spec.namespaceLabels of the tenant"
	const claim = `found true, with which a Pod uses devices of other tenants: remove it, or have the cluster administrator write ` +
		`{resource.kubernetes.io/admin-access: "true"} under spec.namespaceLabels of the tenant`
	for name, test := range map[string]struct{ object, want string }{
		"a Namespace whose Pods reach their nodes": {
			`{apiVersion: v1, kind: Namespace, metadata: {name: ns-1, labels: {pod-security.kubernetes.io/enforce: privileged}}}`,
			`Namespace ns-1: metadata.labels[pod-security.kubernetes.io/enforce]: found "privileged"; ` + label,
		},
		"the control plane's": {
			`{apiVersion: v1, kind: Namespace, metadata: {name: ISTIO_TENANT_NAMESPACE, labels: {pod-security.kubernetes.io/enforce: baseline}}}`,
			`Namespace ISTIO_TENANT_NAMESPACE: metadata.labels[pod-security.kubernetes.io/enforce]: found "baseline"; ` + label,
		},
		"an old version of a level": {
			`{apiVersion: v1, kind: Namespace, metadata: {name: ns-1, labels: {pod-security.kubernetes.io/enforce-version: v1.20}}}`,
			`Namespace ns-1: metadata.labels[pod-security.kubernetes.io/enforce-version]: found "v1.20"; ` + label,
		},
		"a Namespace that may share devices": {
			`{apiVersion: v1, kind: Namespace, metadata: {name: ns-1, labels: {resource.kubernetes.io/admin-access: "true"}}}`,
			`Namespace ns-1: metadata.labels[resource.kubernetes.io/admin-access]: found "true"; ` + label,
		},
		"istiod's token for good": {
			`{apiVersion: v1, kind: Secret, type: kubernetes.io/service-account-token, metadata: {name: a, namespace: ISTIO_TENANT_NAMESPACE, ` +
				`annotations: {kubernetes.io/service-account.name: istiod}}}`,
			`Secret ISTIO_TENANT_NAMESPACE/a: type: found kubernetes.io/service-account-token; it makes a token of ServiceAccount istiod in the control plane's ` +
				`namespace that never expires, for whoever reads Secrets there: remove it, and use a token that expires, from a projected volume or from kubectl create token`,
		},
		"the same, in the namespace to be": {
			`{apiVersion: v1, kind: Secret, type: kubernetes.io/service-account-token, metadata: {name: a, namespace: istio-system1, ` +
				`annotations: {kubernetes.io/service-account.name: istiod}}}`, `Secret istio-system1/a: type: found kubernetes.io/service-account-token;`,
		},
		"the key of the CA": {
			`{apiVersion: v1, kind: Secret, metadata: {name: cacerts, namespace: ISTIO_TENANT_NAMESPACE}}`,
			`Secret ISTIO_TENANT_NAMESPACE/cacerts: metadata.name: found "cacerts", a Secret for the key of the control plane's CA: whoever reads the output could ` +
				`then sign every identity of the mesh: remove it, and have the cluster administrator make it by kubectl, or cert-manager by a Certificate; docs/certificates.md shows both`,
		},
		"the key of the CA, of kustomize's generator": {
			`{apiVersion: v1, kind: Secret, metadata: {name: cacerts-5g2m9k, namespace: istio-system1}}`, `Secret istio-system1/cacerts-5g2m9k: metadata.name: found "cacerts-5g2m9k"`,
		},
		"the same, under another name": {
			`{apiVersion: v1, kind: Secret, metadata: {name: a, namespace: istio-system1}, stringData: {ca-key.pem: x}}`, `Secret istio-system1/a: metadata.name: found "a"`,
		},
		"the key of the CA, without a namespace": {
			`{apiVersion: v1, kind: Secret, metadata: {name: cacerts}, stringData: {ca-key.pem: x}}`, `Secret cacerts: metadata.name: found "cacerts"`,
		},
		"the key of the CA, in cert-manager's form, among the applications": {
			`{apiVersion: v1, kind: Secret, metadata: {name: cacerts, namespace: ns-1}, data: {tls.key: eA==}}`, `Secret ns-1/cacerts: metadata.name: found "cacerts"`,
		},
		"the key of the CA, in a ConfigMap": {
			`{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: istio-system1}, binaryData: {ca-key.pem: eA==}}`,
			`ConfigMap istio-system1/a: metadata.name: found "a", a ConfigMap for the key of the control plane's CA`,
		},
		"the control plane's own CA": {
			`{apiVersion: v1, kind: Secret, metadata: {name: istio-ca-secret, namespace: ISTIO_TENANT_NAMESPACE}}`,
			`Secret ISTIO_TENANT_NAMESPACE/istio-ca-secret: metadata.name: found "istio-ca-secret"`,
		},
		"the key of an Issuer's CA": {
			issuer + `{apiVersion: v1, kind: Secret, metadata: {name: root, namespace: istio-system1}, data: {tls.crt: eA==, tls.key: eA==}}`,
			`Secret istio-system1/root: data.tls.key: found the key of an Issuer in the control plane's namespace, whose spec.ca.secretName is "root": whoever reads the output could ` +
				`then sign what this Issuer signs, such as the control plane's CA: remove the Secret, and have the cluster administrator make it by kubectl, or cert-manager by a Certificate; ` +
				`docs/certificates.md shows both`,
		},
		"the same, of kustomize's generator": {
			issuer + `{apiVersion: v1, kind: Secret, metadata: {name: root-5g2m9k, namespace: ISTIO_TENANT_NAMESPACE}, stringData: {tls.key: x}}`,
			`Secret ISTIO_TENANT_NAMESPACE/root-5g2m9k: stringData.tls.key: found the key`,
		},
		"a CA by an issuer of the whole cluster": {
			`{apiVersion: cert-manager.io/v1, kind: Certificate, metadata: {name: a, namespace: ISTIO_TENANT_NAMESPACE}, spec: {secretName: b, isCA: true, issuerRef: {kind: ClusterIssuer, name: c}}}`,
			`Certificate ISTIO_TENANT_NAMESPACE/a: spec.issuerRef.kind: found "ClusterIssuer" for a CA of the tenant: every namespace of the cluster may ask that issuer for a CA ` +
				`below the same root, and sign identities of this mesh: write "Issuer", and list an Issuer in ISTIO_TENANT_NAMESPACE, as examples/certificates does`,
		},
		"the same, which does not say so": {
			`{apiVersion: cert-manager.io/v1, kind: Certificate, metadata: {name: a, namespace: istio-system1}, spec: {secretName: cacerts, issuerRef: {kind: AWSPCAClusterIssuer, name: c, group: awspca.cert-manager.io}}}`,
			`Certificate istio-system1/a: spec.issuerRef.kind: found "AWSPCAClusterIssuer" for a CA of the tenant`,
		},
		"a Service that takes the cluster's DNS": {
			`{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 53}], externalIPs: [10.96.0.10, "2001:db8::1"]}}`,
			`Service a: spec.externalIPs: found 10.96.0.10, 2001:db8::1; each node of the cluster sends to this Service what Pods of any tenant send to these ` +
				`addresses, such as the address of the cluster's DNS server: remove the field, or have the cluster administrator apply the Service outside of the overlay`,
		},
		"the control plane's Service, of a base": {
			`{apiVersion: v1, kind: Service, metadata: {name: istio-ingressgateway, namespace: ISTIO_TENANT_NAMESPACE}, spec: {externalIPs: [192.0.2.1]}}`,
			`Service ISTIO_TENANT_NAMESPACE/istio-ingressgateway: spec.externalIPs: found 192.0.2.1;`,
		},
		"a Service in the place of the API server": {
			`{apiVersion: v1, kind: Service, metadata: {name: kubernetes, namespace: istio-system1}, spec: {ports: [{port: 443}]}}`,
			`Service istio-system1/kubernetes: metadata.name: found "kubernetes", the name by which Pods find the API server: Pods in this namespace, such as the ` +
				`control plane's, would use this Service as the API server, and send it their tokens: give it another name`,
		},
		"the same, of a base": {
			`{apiVersion: v1, kind: Service, metadata: {name: kubernetes, namespace: ISTIO_TENANT_NAMESPACE}, spec: {type: ExternalName, externalName: a.example}}`,
			`Service ISTIO_TENANT_NAMESPACE/kubernetes: metadata.name: found "kubernetes"`,
		},
		"rights for everybody": {
			binding("ns-1", `{kind: Group, name: "system:authenticated"}`), `RoleBinding ns-1/a: subjects[0].name: found Group "system:authenticated", ` + everybody,
		},
		"rights for nobody known": {
			binding("ISTIO_TENANT_NAMESPACE", `{kind: User, name: jo}, {kind: Group, name: "system:unauthenticated"}`),
			`RoleBinding ISTIO_TENANT_NAMESPACE/a: subjects[1].name: found Group "system:unauthenticated", ` + everybody,
		},
		"rights for anonymous users": {
			binding("ns-1", `{kind: User, name: "system:anonymous"}`), `RoleBinding ns-1/a: subjects[0].name: found User "system:anonymous", ` + everybody,
		},
		"rights for all Pods": {
			binding("ns-1", `{kind: Group, name: "system:serviceaccounts"}`), `RoleBinding ns-1/a: subjects[0].name: found Group "system:serviceaccounts", ` + everybody,
		},
		"rights for all Pods of others": {
			binding("ns-1", `{kind: Group, name: "system:serviceaccounts:ns-0"}`),
			`RoleBinding ns-1/a: subjects[0].name: found Group "system:serviceaccounts:ns-0", which includes everything that runs in a namespace that is not the ` +
				`tenant's: name the ServiceAccounts that need the rights`,
		},
		"a claim of others' devices": {
			`{apiVersion: resource.k8s.io/v1, kind: ResourceClaim, metadata: {name: a}, spec: {devices: {requests: [{name: r, exactly: {adminAccess: true}}]}}}`,
			`ResourceClaim a: spec.devices.requests[0].exactly.adminAccess: ` + claim,
		},
		"a claim of old": {
			`{apiVersion: resource.k8s.io/v1beta1, kind: ResourceClaim, metadata: {name: a}, spec: {devices: {requests: [{name: r}, {name: s, adminAccess: yes}]}}}`,
			`ResourceClaim a: spec.devices.requests[1].adminAccess: ` + claim,
		},
		"a template of such claims": {
			`{apiVersion: resource.k8s.io/v1, kind: ResourceClaimTemplate, metadata: {name: a}, spec: {spec: {devices: {requests: [{name: r, exactly: {adminAccess: true}}]}}}}`,
			`ResourceClaimTemplate a: spec.spec.devices.requests[0].exactly.adminAccess: ` + claim,
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, objecttest.RunError(t, admit.Filter{Tenant: sales()}, istiod+test.object), test.want)
		})
	}
}

// TestTheTenantsFileMayOpenAWall: it is the cluster administrator's.
func TestTheTenantsFileMayOpenAWall(t *testing.T) {
	tenant := sales()
	tenant.Spec.NamespaceLabels = map[string]string{"pod-security.kubernetes.io/enforce": "privileged", "resource.kubernetes.io/admin-access": "true"}
	const text = `{apiVersion: v1, kind: Namespace, metadata: {name: ns-1, labels: {pod-security.kubernetes.io/enforce: privileged}}}
---
{apiVersion: resource.k8s.io/v1, kind: ResourceClaim, metadata: {name: a}, spec: {devices: {requests: [{name: r, exactly: {adminAccess: true}}]}}}`
	objecttest.Run(t, admit.Filter{Tenant: tenant}, istiod+text)
}

// TestAServiceOfTheAPIServersNameIsAnApplicationsElsewhere: Pods beside it are its own.
func TestAServiceOfTheAPIServersNameIsAnApplicationsElsewhere(t *testing.T) {
	const service = "{apiVersion: v1, kind: Service, metadata: {name: kubernetes}}"
	objecttest.Run(t, admit.Filter{Tenant: sales()}, istiod+service)
	alone := sales()
	alone.Spec.ApplicationNamespaces = []string{alone.Spec.ControlPlane.Namespace}
	require.Contains(t, objecttest.RunError(t, admit.Filter{Tenant: alone}, istiod+service), `Service kubernetes: metadata.name: found "kubernetes"`)
}

// TestTakesServicesWithoutAddresses: some charts write an empty list.
func TestTakesServicesWithoutAddresses(t *testing.T) {
	for _, addresses := range []string{"[]", "null"} {
		objecttest.Run(t, admit.Filter{Tenant: sales()}, istiod+"{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {externalIPs: "+addresses+"}}")
	}
}

func TestNamesAForeignServiceAccountThatGetsRights(t *testing.T) {
	const end = ", of a namespace that is not the tenant's: who may create Pods or tokens there has these rights in the tenant"
	for subject, want := range map[string][]string{
		`{kind: ServiceAccount, name: prometheus, namespace: monitoring}`:         {"RoleBinding ns-1/a: subjects[0]: found ServiceAccount monitoring/prometheus" + end},
		`{kind: User, name: "system:serviceaccount:monitoring:prometheus"}`:       {"RoleBinding ns-1/a: subjects[0]: found ServiceAccount monitoring/prometheus" + end},
		`{kind: ServiceAccount, name: app, namespace: ns-1}`:                      nil,
		`{kind: ServiceAccount, name: istiod, namespace: ISTIO_TENANT_NAMESPACE}`: nil,
		`{kind: Group, name: "system:serviceaccounts:ns-1"}`:                      nil,
		`{kind: User, name: jo}`: nil,
	} {
		var warnings []string
		objecttest.Run(t, admit.Filter{Tenant: sales(), Warn: func(w string) { warnings = append(warnings, w) }}, istiod+binding("ns-1", subject))
		require.Equal(t, want, warnings)
	}
}

func TestTakesACAThatIsTheTenantsOwn(t *testing.T) {
	objecttest.Run(t, admit.Filter{Tenant: sales()}, istiod+issuer+`{apiVersion: cert-manager.io/v1, kind: Certificate, metadata: {name: ca, namespace: ISTIO_TENANT_NAMESPACE}, spec: {secretName: cacerts, isCA: true, issuerRef: {kind: Issuer, name: root}}}
---
{apiVersion: cert-manager.io/v1, kind: Certificate, metadata: {name: web, namespace: ns-1}, spec: {secretName: web, issuerRef: {kind: ClusterIssuer, name: public}}}
---
{apiVersion: v1, kind: Secret, metadata: {name: cacerts, namespace: ns-1}}
---
{apiVersion: v1, kind: Secret, metadata: {name: cacerts-of-others, namespace: ns-1}, stringData: {ca-key.pem: x}}
---
{apiVersion: v1, kind: Secret, metadata: {name: root, namespace: ns-1}, stringData: {tls.key: x}}
---
{apiVersion: v1, kind: Secret, metadata: {name: root, namespace: ISTIO_TENANT_NAMESPACE}, stringData: {tls.crt: x}}
---
{apiVersion: v1, kind: Secret, metadata: {name: web, namespace: ISTIO_TENANT_NAMESPACE}, stringData: {tls.key: x}}
---
{apiVersion: cert-manager.io/v1, kind: Issuer, metadata: {name: web, namespace: ns-1}, spec: {ca: {secretName: web}}}
`)
}
