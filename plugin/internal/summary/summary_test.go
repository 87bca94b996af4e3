package summary_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/summary"
)

func pilot(container string) string {
	return `
kind: Deployment
metadata: {name: istiod-sales, namespace: istio-system1, labels: {istio-tenancy.dev/tenant: sales}}
spec: {template: {spec: {containers: [{name: discovery, image: "docker.io/istio/pilot:1.31.0", ` + container + `}]}}}
`
}

func TestPrint(t *testing.T) {
	for _, c := range []struct{ name, input, want string }{
		{
			name: "a tenant",
			input: pilot("args: [discovery], env: [{name: ISTIO_WATCH_NAMESPACE, value: ns-1}]") + `---
kind: Namespace
metadata: {name: ns-1}
---
kind: ServiceAccount
metadata: {name: istiod-sales, namespace: istio-system1}
---
kind: RoleBinding
metadata: {name: istiod-sales, namespace: istio-system1}
roleRef: {kind: Role, name: istiod-sales}
subjects: [{kind: ServiceAccount, name: istiod-sales, namespace: istio-system1}]
---
kind: RoleBinding
metadata: {name: access-all-ns-1, namespace: ns-1}
roleRef: {kind: ClusterRole, name: admin}
subjects: [{kind: User, name: sales-admin}, {kind: ServiceAccount, name: ci, namespace: build}]
---
kind: RoleBinding
metadata: {name: access-all-istio-system1, namespace: istio-system1}
roleRef: {kind: Role, name: ns-access-for-sales-admin-istio-system1}
subjects: [{kind: User, name: sales-admin}]
`,
			want: `
FILE: tenant sales, Istio 1.31.0
  namespaces  istio-system1, ns-1
  discovery   namespace: ns-1
  objects     6: 1 Deployment, 1 Namespace, 3 RoleBinding, 1 ServiceAccount
  ServiceAccount build/ci
              ns-1  ClusterRole admin
  User sales-admin
              istio-system1  Role ns-access-for-sales-admin-istio-system1
              ns-1           ClusterRole admin
`,
		},
		{
			name: "selectors",
			input: pilot("args: [discovery]") + `---
kind: ConfigMap
metadata: {name: istio-sales, namespace: istio-system1}
data:
  mesh: |
    discoverySelectors:
    - matchExpressions:
      - {key: kubernetes.io/metadata.name, operator: In, values: [istio-system1, ns-1, ns-2]}
`,
			want: `
FILE: tenant sales, Istio 1.31.0
  namespaces  istio-system1
  discovery   selectors: istio-system1, ns-1, ns-2
  objects     2: 1 ConfigMap, 1 Deployment
`,
		},
		{
			name: "every Secret",
			input: pilot("args: [discovery]") + `---
kind: ClusterRole
metadata: {name: istiod}
rules: [{apiGroups: [""], resources: [pods, secrets], verbs: [get, list]}]
---
kind: ClusterRoleBinding
metadata: {name: istiod}
roleRef: {kind: ClusterRole, name: istiod}
subjects: [{kind: ServiceAccount, name: istiod-sales, namespace: istio-system1}]
---
kind: ServiceAccount
metadata: {name: istiod-sales, namespace: istio-system1}
---
kind: ClusterRole
metadata: {name: some}
rules:
- {apiGroups: [""], resources: [secrets], verbs: [list], resourceNames: [a]}
- {apiGroups: [apps], resources: ["*"], verbs: ["*"]}
- {apiGroups: [""], resources: [secrets], verbs: [create]}
---
kind: ClusterRoleBinding
metadata: {name: some}
roleRef: {kind: ClusterRole, name: some}
subjects: [{kind: ServiceAccount, name: istiod-sales, namespace: istio-system1}]
`,
			want: `
FILE: tenant sales, Istio 1.31.0
  namespaces  istio-system1
  discovery   not limited: the control plane watches every namespace
  caution     every Secret of the cluster can be read by ServiceAccount istio-system1/istiod-sales
  objects     6: 2 ClusterRole, 2 ClusterRoleBinding, 1 Deployment, 1 ServiceAccount
`,
		},
		{
			name:  "appNamespace",
			input: pilot("args: [discovery, --appNamespace, ns-1]"),
			want: `
FILE: tenant sales, Istio 1.31.0
  namespaces  istio-system1
  discovery   appNamespace: ns-1
  objects     1: 1 Deployment
`,
		},
		{
			name:  "appNamespace, short",
			input: pilot(`args: [discovery, "-a=ns-1,ns-2"]`),
			want: `
FILE: tenant sales, Istio 1.31.0
  namespaces  istio-system1
  discovery   appNamespace: ns-1, ns-2
  objects     1: 1 Deployment
`,
		},
		{
			name:  "a base",
			input: strings.ReplaceAll(pilot("args: [discovery]"), "labels: {istio-tenancy.dev/tenant: sales}", ""),
			want: `
FILE: no tenant, Istio 1.31.0
  namespaces  istio-system1
  discovery   not limited: the control plane watches every namespace
  objects     1: 1 Deployment
`,
		},
		{
			name: "no control plane",
			input: `
kind: ClusterRoleBinding
metadata: {name: x}
roleRef: {kind: ClusterRole, name: view}
subjects: [{kind: Group, name: everybody}]
`,
			want: `
FILE: no tenant
  objects     1: 1 ClusterRoleBinding
  Group everybody
              (everywhere)  ClusterRole view
`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "in.yaml")
			require.NoError(t, os.WriteFile(file, []byte(c.input), 0o600))
			var out strings.Builder
			require.NoError(t, summary.Print(&out, file))
			require.Equal(t, strings.TrimPrefix(c.want, "\n"), strings.ReplaceAll(out.String(), file, "FILE"))
		})
	}
}

func TestPrintErrors(t *testing.T) {
	require.ErrorContains(t, summary.Print(&strings.Builder{}, "absent.yaml"), "absent.yaml")
	file := filepath.Join(t.TempDir(), "in.yaml")
	require.NoError(t, os.WriteFile(file, []byte("a: [b"), 0o600))
	require.ErrorContains(t, summary.Print(&strings.Builder{}, file), "in.yaml: ")
}

func TestPrintCollisions(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a.yaml"), filepath.Join(dir, "b.yaml")
	require.NoError(t, os.WriteFile(a, []byte(pilot("args: [discovery]")), 0o600))
	require.NoError(t, os.WriteFile(b, []byte(strings.ReplaceAll(pilot("args: [discovery]"), "sales", "hr")), 0o600))
	var out strings.Builder
	require.EqualError(t, summary.Print(&out, a, b),
		"namespace istio-system1: has two owners, tenant sales ("+a+") and tenant hr ("+b+"): must have one")
	require.Contains(t, out.String(), b+": tenant hr", "both are printed")
}
