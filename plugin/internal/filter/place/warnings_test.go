package place_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

// warnings are what settling text says, for a tenant with these Pod Security labels.
func warnings(t *testing.T, text, level string, namespaces ...string) []string {
	t.Helper()
	var all []string
	f := filter()
	f.Warn = func(w string) { all = append(all, w) }
	f.Tenant.Spec.ApplicationNamespaces = namespaces
	if len(namespaces) > 1 {
		f.Tenant.Spec.Discovery = "selectors" // by name: no warning of it
	}
	if level != "" {
		f.Tenant.Spec.NamespaceLabels = map[string]string{"pod-security.kubernetes.io/enforce": level}
	}
	objecttest.Run(t, f, text)
	return all
}

func TestSaysThatAnotherOrderMovesApplications(t *testing.T) {
	const text = `
{apiVersion: v1, kind: Service, metadata: {name: a}}
---
{apiVersion: v1, kind: Service, metadata: {name: b}}
---
{apiVersion: v1, kind: Service, metadata: {name: c}}
---
{apiVersion: v1, kind: Service, metadata: {name: d}}
---
{apiVersion: v1, kind: Service, metadata: {name: e, namespace: ns-2}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: ns-1}}
`
	require.Equal(t, []string{"Service a, Service b, Service c, and 1 more: metadata.namespace: is missing, so that these go to ns-1, " +
		"the first of spec.applicationNamespaces: another order of that list moves them, and deletes them where they were; write the namespace"},
		warnings(t, text, "", "ns-1", "ns-2"))
	require.Empty(t, warnings(t, "{apiVersion: v1, kind: Service, metadata: {name: a}}", "", "ns-1"))
}

// twice are the objects of two gateways that differ in their names only, in a namespace.
func twice(namespace string) (text string) {
	for _, name := range []string{"a-edge", "b-edge"} {
		text += strings.NewReplacer("NAMESPACE", namespace, "NAME", name).Replace(`
{apiVersion: v1, kind: Service, metadata: {name: NAME, namespace: NAMESPACE}, spec: {selector: {istio: edge}, ports: [{port: 80}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME, namespace: NAMESPACE}
spec:
  selector: {matchLabels: {istio: edge}}
  template:
    metadata: {labels: {istio: edge}, annotations: {inject.istio.io/templates: gateway}}
    spec: {containers: [{name: istio-proxy, image: auto}]}
---
`)
	}
	return text
}

func TestNamesServicesOfSeveralGateways(t *testing.T) {
	want := []string{"Service ns-1/a-edge: spec.selector: selects the Pods of Deployment a-edge and of Deployment b-edge, and so does the Service b-edge: each of these Services " +
		"sends to all of these gateways; give each gateway labels of its own, by an IstioRelease for each with a name under values: docs/gateways.md shows it"}
	require.Equal(t, want, warnings(t, twice("ns-1"), "", "ns-1"))
	require.Equal(t, want, warnings(t, twice("istio-system1"), "", "ns-1"), "of a base, which are moved")
	// A new version beside the old one, behind one Service.
	require.Empty(t, warnings(t, strings.Replace(twice("ns-1"), "selector: {istio: edge}, ports", "selector: {app: other}, ports", 1), "", "ns-1"))
	// The same in two namespaces.
	require.Empty(t, warnings(t, strings.Replace(twice("ns-1"), "namespace: ns-1", "namespace: ns-2", 2), "", "ns-1", "ns-2"))
	require.Empty(t, warnings(t, strings.Replace(twice("ns-1"), "{name: a-edge, namespace: ns-1}\nspec", "{name: a-edge, namespace: ns-2}\nspec", 1), "", "ns-1", "ns-2"))
}
