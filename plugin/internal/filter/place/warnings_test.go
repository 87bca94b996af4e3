package place_test

import (
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
