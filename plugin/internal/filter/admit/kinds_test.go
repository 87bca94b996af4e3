package admit_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/admit"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

// opted is sales, with kinds listed under spec.namespacedKinds.
func opted(warnings *[]string, listed ...string) admit.Filter {
	tenant := sales()
	tenant.Spec.NamespacedKinds = listed
	return admit.Filter{Tenant: tenant, Warn: func(w string) { *warnings = append(*warnings, w) }}
}

const unknownKinds = istiod + `{apiVersion: example.com/v1, kind: Widget, metadata: {name: a}}
---
{apiVersion: example.com/v1, kind: Widget, metadata: {name: b, namespace: ns-1}}
---
{apiVersion: example.com/v1, kind: Gadget, metadata: {name: a, namespace: ns-1}}`

// TestAKindThatNobodyKnowsIsOptIn: its objects may be the whole cluster's.
func TestAKindThatNobodyKnowsIsOptIn(t *testing.T) {
	var warnings []string
	refused := objecttest.RunError(t, opted(&warnings, "Other.example.com"), unknownKinds)
	for _, object := range []string{"Widget a", "Widget ns-1/b", "Gadget ns-1/a"} {
		require.Contains(t, refused, object+": kind: found ")
	}
	require.Equal(t, 1, strings.Count(refused, "spec.namespacedKinds: lacks 2 kinds that are not known to this release; for those that have a namespace "+
		`(kubectl api-resources shows it), write in tenant.yaml, instead of the list that is below "spec:", indented as the other fields there: `+
		"namespacedKinds: [Other.example.com, Widget.example.com, Gadget.example.com]"))
	require.Contains(t, objecttest.RunError(t, opted(&warnings), istiod+`{apiVersion: example.com/v1, kind: Widget, metadata: {name: a}}`),
		"spec.namespacedKinds: lacks 1 kind that is not known to this release; if it has a namespace (kubectl api-resources shows it), "+
			`write in tenant.yaml, below "spec:", indented as the other fields there: namespacedKinds: [Widget.example.com]`)

	warnings = nil
	objecttest.Run(t, opted(&warnings, "Widget.example.com", "Gadget.example.com"), unknownKinds)
	require.Empty(t, warnings)
}

// TestKindsOfWellKnownProjectsNeedNoWord: their definitions have been read.
func TestKindsOfWellKnownProjectsNeedNoWord(t *testing.T) {
	var warnings []string
	objecttest.Run(t, opted(&warnings), istiod+`{apiVersion: cert-manager.io/v1, kind: Certificate, metadata: {name: a}}
---
{apiVersion: snapshot.storage.k8s.io/v1, kind: VolumeSnapshot, metadata: {name: a}}
---
{apiVersion: helm.toolkit.fluxcd.io/v2, kind: HelmRelease, metadata: {name: a}, spec: {serviceAccountName: b}}`)
	require.Empty(t, warnings)
}

// TestListedKindsAreKindsThatNobodyKnows: a kind without a namespace stays the
// cluster administrator's, whatever the tenant's file says of it.
func TestListedKindsAreKindsThatNobodyKnows(t *testing.T) {
	for listed, objects := range map[string]string{
		"ClusterRole.rbac.authorization.k8s.io":    "",
		"CiliumClusterwideNetworkPolicy.cilium.io": "",
		"K8sAnything.constraints.gatekeeper.sh":    "",
		"Planet.example.com": `{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: planets.example.com},
 spec: {group: example.com, scope: Cluster, names: {kind: Planet}}}`,
	} {
		var warnings []string
		require.Contains(t, objecttest.RunError(t, opted(&warnings, listed), istiod+objects),
			`spec.namespacedKinds[0]: found "`+listed+`": a kind that has no namespace, whose objects are the whole cluster's: remove it`)
	}
	for listed, want := range map[string]string{
		"Deployment.apps":             "of which this release knows that it has a namespace: remove it",
		"Certificate.cert-manager.io": "of which this release knows that it has a namespace: remove it",
		"Nothing.example.com":         "and there is no such object: remove it, or correct the name",
	} {
		var warnings []string
		objecttest.Run(t, opted(&warnings, listed), istiod)
		require.Equal(t, []string{`spec.namespacedKinds[0]: found "` + listed + `", ` + want}, warnings)
	}
}

// TestWhatIsNoKindIsToldSo, and not how it gets past the check.
func TestWhatIsNoKindIsToldSo(t *testing.T) {
	const list = "which is a kind of lists and not of objects: write each object as a document of its own"
	for object, want := range map[string]string{
		`apiVersion: rbac.authorization.k8s.io/v1, kind: "ClusterRoleBinding "`:  "which is no kind, because a kind has letters and digits only: correct it",
		`apiVersion: example.com/v1, kind: "Wid\u0261et"`:                        "which is no kind, because a kind has letters and digits only: correct it",
		`apiVersion: rbac.authorization.k8s.io/v1, kind: clusterRoleBinding`:     `which is no kind of that group: write "ClusterRoleBinding"`,
		`apiVersion: v1, kind: configmap`:                                        `which is no kind of that group: write "ConfigMap"`,
		`apiVersion: cert-manager.io/v1, kind: Clusterissuer`:                    `which is no kind of that group: write "ClusterIssuer"`,
		`apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBindingList`: list,
		`apiVersion: cert-manager.io/v1, kind: ClusterIssuerList`:                list,
	} {
		var warnings []string
		refused := objecttest.RunError(t, opted(&warnings), istiod+"{"+object+", metadata: {name: a}}")
		require.Contains(t, refused, ` a: kind: found "`)
		require.Contains(t, refused, want)
		require.NotContains(t, refused, "namespacedKinds")
	}
	var warnings []string
	refused := objecttest.RunError(t, opted(&warnings, "ClusterRoleBindingList.rbac.authorization.k8s.io", "clusterissuer.cert-manager.io"), istiod)
	require.Contains(t, refused, `spec.namespacedKinds[0]: found "ClusterRoleBindingList.rbac.authorization.k8s.io", `+list)
	require.Contains(t, refused, `spec.namespacedKinds[1]: found "clusterissuer.cert-manager.io", which is no kind of that group: write "ClusterIssuer"`)
}

// TestHowAKindIsListedIsToldOnce, whatever the number of its objects.
func TestHowAKindIsListedIsToldOnce(t *testing.T) {
	var warnings []string
	require.Equal(t, 1, strings.Count(objecttest.RunError(t, opted(&warnings), unknownKinds), "Gadget.example.com"))
}
