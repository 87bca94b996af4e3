package check_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/check"
)

const (
	moreRights = `
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: more, namespace: istio-system1}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}, subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: sales-admin}]}
---
{apiVersion: v1, kind: Secret, metadata: {name: other, namespace: istio-system1, labels: {istio/multiCluster: "true"}}, stringData: {dev: x}}
---
{apiVersion: cert-manager.io/v1, kind: Issuer, metadata: {name: root, namespace: istio-system1}, spec: {ca: {secretName: mykey}}}
---
{apiVersion: v1, kind: Secret, metadata: {name: mykey, namespace: istio-system1}, stringData: {tls.key: x, tls.crt: "y"}}
---
{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: aaa, namespace: ns-1}, spec: {mtls: {mode: DISABLE}}}
`
	otherMarks = `
patches:
- target: {kind: Namespace, name: istio-system1}
  patch: |-
    - {op: replace, path: /metadata/annotations/istio-tenancy.dev~1node-selector, value: pool=dev}
- target: {kind: Namespace, name: ns-1}
  patch: |-
    - {op: add, path: /metadata/annotations/istio-tenancy.dev~1adopt, value: sales}
- target: {kind: ClusterNetworkPolicy, name: floor-applications-istio-system1}
  patch: |-
    - {op: replace, path: /spec/ingress/0/action, value: Pass}
- target: {kind: ClusterNetworkPolicy, name: floor-control-plane-istio-system1}
  patch: |-
    {$patch: delete, apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {name: floor-control-plane-istio-system1}}
- target: {kind: Deployment, name: istiod-sales}
  patch: |-
    {apiVersion: apps/v1, kind: Deployment, metadata: {name: istiod-sales}, spec: {template: {spec: {containers: [{name: discovery, args: [discovery, "--grpcAddr=:15010"], env: [{name: XDS_AUTH, value: "false"}]}]}}}}
`
	openedMarks = `
patches:
- target: {kind: Namespace, name: istio-system1}
  patch: |-
    - {op: remove, path: /metadata/labels/istio-tenancy.dev~1suspended}
- target: {kind: Namespace, name: ns-1}
  patch: |-
    - {op: add, path: /metadata/annotations/istio-tenancy.dev~1allow-from, value: ns-0}
`
	letIn = `
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: let-dev, namespace: ns-1}, spec: {podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ns-0}}}]}]}}
`
	stopDefault = `
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: stable-channel-policy-x-istio-system1}
spec:
  matchConstraints:
    objectSelector: {matchExpressions: [{key: istio.io/rev, operator: In, values: [default]}]}
    resourceRules: [{apiGroups: [networking.istio.io], apiVersions: ['*'], operations: ['*'], resources: ['*']}]
  validations: [{expression: 'false'}]
`
	opensNodes = `
{apiVersion: v1, kind: Namespace, metadata: {name: ns-1, labels: {istio-tenancy.dev/tenant: sales, openshift.io/run-level: "0", pod-security.kubernetes.io/enforce: privileged}}}
`
)

// over are overlays over tenant sales, with a line of its spec, and what refused-object has to
// say of each.
var over = []struct {
	name, spec, extra, patches string
	says                       []string
}{
	{"rights and marks", "network: {floor: true}\n  nodeSelector: {pool: sales}", moreRights, otherMarks, []string{
		"RoleBinding istio-system1/more of the overlay of tenant sales: the transformer would refuse it: roleRef: found ClusterRole edit, which may impersonate",
		"Secret istio-system1/other of the overlay of tenant sales: the transformer would refuse it: metadata.labels[istio/multiCluster]",
		"Secret istio-system1/mykey of the overlay of tenant sales: the transformer would refuse it: stringData.tls.key",
		"PeerAuthentication ns-1/aaa of the overlay of tenant sales: the transformer would refuse it: spec.selector: is missing",
		`Namespace istio-system1 of the overlay of tenant sales: the transformer would refuse it: metadata.annotations[istio-tenancy.dev/node-selector]: found "pool=dev"`,
		`Namespace ns-1 of the overlay of tenant sales: the transformer would refuse it: metadata.annotations: found istio-tenancy.dev/adopt`,
		"ClusterNetworkPolicy floor-applications-istio-system1 of the overlay of tenant sales: the transformer would write another value of spec.ingress[0].action",
		"ClusterNetworkPolicy floor-control-plane-istio-system1: is not in the overlay of tenant sales, and the transformer would add it",
		"Deployment istio-system1/istiod-sales of the overlay of tenant sales: the transformer would write another value of spec.template.spec.containers[0].args",
	}},
	{"marks that open", "suspended: true", letIn + stopDefault, openedMarks, []string{
		"Namespace istio-system1 of the overlay of tenant sales: the transformer would write another value of metadata.labels[istio-tenancy.dev/suspended]",
		"Namespace ns-1 of the overlay of tenant sales: the transformer would write another value of metadata.annotations[istio-tenancy.dev/allow-from]",
		"ValidatingAdmissionPolicy stable-channel-policy-x-istio-system1 of the overlay of tenant sales: the transformer would refuse it: spec.matchConstraints: must select objects by istio.io/rev In [sales]",
	}},
	{"Namespaces of others", "createNamespaces: false", opensNodes, "", []string{
		"Namespace ns-1 of the overlay of tenant sales: the transformer would refuse it: metadata.labels[pod-security.kubernetes.io/enforce]",
	}},
}

func replaceIn(t *testing.T, file, from, to string) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Contains(t, string(text), from)
	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(text), from, to, 1)), 0o600))
}

func TestWhatTheTransformerWouldNotGive(t *testing.T) {
	for _, o := range over {
		dir, overlay, file := estates(t, "overlays/dev", "overlays/sales")
		replaceIn(t, filepath.Join(dir, "overlays/sales/tenant.yaml"), "spec:\n", "spec:\n  "+o.spec+"\n")
		file("over/sales/extra.yaml", o.extra)
		over := overlay("over/sales", "../../overlays/sales", "extra.yaml")
		replaceIn(t, filepath.Join(over, "kustomization.yaml"), "resources", strings.TrimSpace(o.patches)+"\nresources")
		findings := checked(t, filepath.Join(dir, "overlays/dev"), over)
		var said []string
		for _, f := range findings {
			if f.Rule == "refused-object" {
				require.Equal(t, check.Error, f.Severity)
				said = append(said, f.Message)
			}
		}
		for _, says := range o.says {
			require.True(t, slices.ContainsFunc(said, func(m string) bool { return strings.HasPrefix(m, says) }), "%s: %s\n%s", o.name, says, strings.Join(said, "\n"))
		}
		require.Len(t, said, len(o.says), "%s:\n%s", o.name, strings.Join(said, "\n"))
		if o.extra == letIn+stopDefault { // no annotation of the overlay asks for it
			require.True(t, slices.ContainsFunc(findings, func(f check.Finding) bool { return f.Rule == "open-network" && f.Severity == check.Error }))
		}
	}
}

// harmless is what a kustomization over a tenant may change.
const harmless = `
images: [{name: docker.io/istio/pilot, newName: mirror.example.com/istio/pilot}]
labels: [{pairs: {team: sales}, includeTemplates: true}]
commonAnnotations: {owner: a}
buildMetadata: [originAnnotations, managedByLabel, transformerAnnotations]
patches:
- target: {kind: Deployment}
  patch: |-
    - {op: add, path: /spec/replicas, value: 3}
    - {op: add, path: /spec/template/spec/containers/0/resources, value: {requests: {cpu: 100m, memory: 1Gi}}}
    - {op: add, path: /spec/template/spec/tolerations, value: [{key: team, operator: Exists}]}
    - {op: add, path: /metadata/annotations, value: {a: b, argocd.argoproj.io/sync-wave: "1"}}
- target: {kind: Namespace}
  patch: |-
    - {op: add, path: /metadata/labels/pod-security.kubernetes.io~1warn, value: restricted}
`

// The shipped overlays stay as clean as they are with a kustomization over each.
func TestHarmlessChangesOfShippedOverlays(t *testing.T) {
	_, overlay, _ := estates(t, "overlays", "examples")
	sets := map[bool][]string{} // the tenants of examples/blog are those of overlays
	for _, from := range overlays(t) {
		relative, err := filepath.Rel(root, from)
		require.NoError(t, err)
		over := overlay("over/"+strings.ReplaceAll(relative, "/", "-"), "../../"+relative)
		replaceIn(t, filepath.Join(over, "kustomization.yaml"), "resources", strings.TrimSpace(harmless)+"\nresources")
		blog := strings.Contains(relative, "blog")
		sets[blog] = append(sets[blog], over)
	}
	require.GreaterOrEqual(t, len(sets[false])+len(sets[true]), 13)
	for _, set := range sets {
		for _, f := range checked(t, set...) {
			if f.Severity > check.Note {
				t.Errorf("%s: %s [%s]", f.Severity, f.Message, f.Rule)
			}
		}
	}
}

// A gateway that is added needs no policy to be one, and stays closed without.
func TestAnAddedGateway(t *testing.T) {
	dir, overlay, file := estates(t, "overlays/dev", "overlays/sales")
	file("over/sales/extra.yaml", `
{apiVersion: v1, kind: Service, metadata: {name: front, namespace: ns-1}, spec: {type: LoadBalancer, selector: {istio: front}, ports: [{port: 80, name: http, targetPort: 8080}]}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: front, namespace: ns-1}, spec: {selector: {matchLabels: {istio: front}}, template: {metadata: {labels: {istio: front, sidecar.istio.io/inject: "true"}, annotations: {inject.istio.io/templates: gateway}}, spec: {containers: [{name: istio-proxy, image: auto, ports: [{containerPort: 8080}]}]}}}}
`)
	require.Empty(t, checked(t, filepath.Join(dir, "overlays/dev"), overlay("over/sales", "../../overlays/sales", "extra.yaml")))
}

// An object that is refused is another finding if somebody changes it.
func TestARefusedObjectOfABaseline(t *testing.T) {
	dir, overlay, file := estates(t, "overlays/dev", "overlays/sales")
	binding := func(to string) {
		file("over/sales/extra.yaml", ofKind("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding", "extra", "", "")+"spec: {policyName: "+to+", validationActions: [Deny]}\n")
	}
	over := overlay("over/sales", "../../overlays/sales", "extra.yaml")
	find := func() check.Finding {
		findings := checked(t, filepath.Join(dir, "overlays/dev"), over)
		at := slices.IndexFunc(findings, func(f check.Finding) bool { return f.Rule == "refused-object" })
		require.GreaterOrEqual(t, at, 0)
		return findings[at]
	}
	binding("stable-channel-policy-istio-system1")
	before := find()
	require.Equal(t, before.Fingerprint, find().Fingerprint)
	binding("istio-tenancy-pods")
	after := find()
	require.NotEqual(t, before.Fingerprint, after.Fingerprint)
	require.Contains(t, after.Message, `metadata.name: found "extra"`)
	require.Contains(t, after.Message, `spec.policyName: found "istio-tenancy-pods"`)
}
