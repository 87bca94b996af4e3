package summary_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/summary"
)

func pilot(container string) string {
	return `
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod-sales, namespace: istio-system1, labels: {istio-tenancy.dev/tenant: sales}}
spec: {template: {spec: {containers: [{name: discovery, image: "docker.io/istio/pilot:1.31.0", ` + container + `}]}}}
`
}

// proxied is a control plane with an API proxy beside it.
func proxied(volume, policy string) string {
	sidecar := `initContainers: [{name: api-proxy, ` + policy + `, args: [api-proxy, --namespace=istio-system1, "--namespace=ns-1,ns-2", --namespace=ns-3, --only=a=],
  volumeMounts: [{` + volume + `, mountPath: /elsewhere}]}], containers: [`
	text := pilot(`args: [discovery], env: [{name: KUBECONFIG, value: /var/run/secrets/remote/config}],
  volumeMounts: [{name: istio-kubeconfig, mountPath: /var/run/secrets/remote}]`)
	return strings.Replace(text, "containers: [", sidecar, 1) + `---
apiVersion: v1
kind: ConfigMap
metadata: {name: istio-sales, namespace: istio-system1, labels: {istio-tenancy.dev/tenant: sales}}
data:
  mesh: |
    discoverySelectors:
    - matchExpressions:
      - {key: kubernetes.io/metadata.name, operator: In, values: [istio-system1, ns-1, ns-2]}
`
}

func TestPrint(t *testing.T) {
	for _, c := range []struct{ name, input, want string }{
		{
			name: "a tenant",
			input: pilot("args: [discovery], env: [{name: ISTIO_WATCH_NAMESPACE, value: ns-1}]") + `---
apiVersion: v1
kind: Namespace
metadata: {name: ns-1, labels: {istio-tenancy.dev/tenant: sales}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: istiod-sales, namespace: istio-system1, labels: {istio-tenancy.dev/tenant: sales}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: istiod-sales, namespace: istio-system1, labels: {istio-tenancy.dev/tenant: sales}}
roleRef: {kind: Role, name: istiod-sales}
subjects: [{kind: ServiceAccount, name: istiod-sales, namespace: istio-system1}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: access-all-ns-1, namespace: ns-1, labels: {istio-tenancy.dev/tenant: sales}}
roleRef: {kind: ClusterRole, name: admin}
subjects: [{kind: User, name: sales-admin}, {kind: ServiceAccount, name: ci, namespace: build}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: access-all-istio-system1, namespace: istio-system1, labels: {istio-tenancy.dev/tenant: sales}}
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
apiVersion: v1
kind: ConfigMap
metadata: {name: istio-sales, namespace: istio-system1, labels: {istio-tenancy.dev/tenant: sales}}
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
			name:  "the API proxy",
			input: proxied("name: istio-kubeconfig", "restartPolicy: Always"),
			want: `
FILE: tenant sales, Istio 1.31.0
  namespaces  istio-system1
  discovery   proxy: istio-system1, ns-1, ns-2, ns-3
  objects     2: 1 ConfigMap, 1 Deployment
`,
		},
		{
			name:  "an API proxy that writes elsewhere",
			input: proxied("name: other", "restartPolicy: Always"),
			want: `
FILE: tenant sales, Istio 1.31.0
  namespaces  istio-system1
  discovery   selectors: istio-system1, ns-1, ns-2
  objects     2: 1 ConfigMap, 1 Deployment
`,
		},
		{
			name: "an API proxy whose kubeconfig another volume replaces",
			input: strings.Replace(proxied("name: istio-kubeconfig", "restartPolicy: Always"), "mountPath: /var/run/secrets/remote}",
				"mountPath: /var/run/secrets/remote}, {name: a, mountPath: /run/secrets/remote/config, subPath: config}", 1),
			want: `
FILE: tenant sales, Istio 1.31.0
  namespaces  istio-system1
  discovery   selectors: istio-system1, ns-1, ns-2
  objects     2: 1 ConfigMap, 1 Deployment
`,
		},
		{
			name:  "an API proxy that ends",
			input: proxied("name: istio-kubeconfig", "restartPolicy: Never"),
			want: `
FILE: tenant sales, Istio 1.31.0
  namespaces  istio-system1
  discovery   selectors: istio-system1, ns-1, ns-2
  objects     2: 1 ConfigMap, 1 Deployment
`,
		},
		{
			name:  "an identity",
			input: pilot(`args: [discovery], env: [{name: ISTIO_WATCH_NAMESPACE, value: ns-1}, {name: TOKEN_AUDIENCES, value: "sales.istio-tenancy.dev"}]`),
			want: `
FILE: tenant sales, Istio 1.31.0
  namespaces  istio-system1
  discovery   namespace: ns-1
  identity    tokens of sales.istio-tenancy.dev
  objects     1: 1 Deployment
`,
		},
		{
			name:  "an identity that others have",
			input: pilot(`args: [discovery], env: [{name: ISTIO_WATCH_NAMESPACE, value: ns-1}, {name: TOKEN_AUDIENCES, value: "sales.istio-tenancy.dev,istio-ca"}]`),
			want: `
FILE: tenant sales, Istio 1.31.0
  namespaces  istio-system1
  discovery   namespace: ns-1
  identity    tokens of sales.istio-tenancy.dev, istio-ca
  caution     whoever gets a token of the audience istio-ca, and reaches the control plane, joins the mesh
  objects     1: 1 Deployment
`,
		},
		{
			name: "suspended",
			input: pilot("args: [discovery], env: [{name: ISTIO_WATCH_NAMESPACE, value: ns-1}]") + `---
apiVersion: v1
kind: Namespace
metadata: {name: istio-system1, labels: {istio-tenancy.dev/tenant: sales, istio-tenancy.dev/suspended: "true"}}
---
apiVersion: v1
kind: Namespace
metadata: {name: ns-1, labels: {istio-tenancy.dev/tenant: sales, istio-tenancy.dev/suspended: "true"}}
---
apiVersion: v1
kind: Namespace
metadata: {name: ns-2, labels: {istio-tenancy.dev/tenant: sales, istio-tenancy.dev/suspended: "false"}}
`,
			want: `
FILE: tenant sales, Istio 1.31.0
  namespaces  istio-system1, ns-1, ns-2
  discovery   namespace: ns-1
  caution     is suspended: nobody of the tenant creates, changes or deletes anything in istio-system1, ns-1
  objects     4: 1 Deployment, 3 Namespace
`,
		},
		{
			name: "every Secret",
			input: pilot("args: [discovery]") + `---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: istiod, labels: {istio-tenancy.dev/tenant: sales}}
rules: [{apiGroups: [""], resources: [pods, secrets], verbs: [get, list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: istiod, labels: {istio-tenancy.dev/tenant: sales}}
roleRef: {kind: ClusterRole, name: istiod}
subjects: [{kind: ServiceAccount, name: istiod-sales, namespace: istio-system1}]
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: istiod-sales, namespace: istio-system1, labels: {istio-tenancy.dev/tenant: sales}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: some, labels: {istio-tenancy.dev/tenant: sales}}
rules:
- {apiGroups: [""], resources: [secrets], verbs: [list], resourceNames: [a]}
- {apiGroups: [apps], resources: ["*"], verbs: ["*"]}
- {apiGroups: [""], resources: [secrets], verbs: [create]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: some, labels: {istio-tenancy.dev/tenant: sales}}
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
			name: "every Secret, by a request that is answered with them",
			input: pilot("args: [discovery]") + `---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: cleaner, labels: {istio-tenancy.dev/tenant: sales}}
rules: [{apiGroups: [""], resources: [secrets], verbs: [deletecollection], resourceNames: [""]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: cleaner, labels: {istio-tenancy.dev/tenant: sales}}
roleRef: {kind: ClusterRole, name: cleaner}
subjects: [{kind: User, name: jo}]
`,
			want: `
FILE: tenant sales, Istio 1.31.0
  namespaces  istio-system1
  discovery   not limited: the control plane watches every namespace
  caution     every Secret of the cluster can be read by User jo
  objects     3: 1 ClusterRole, 1 ClusterRoleBinding, 1 Deployment
  User jo
              (everywhere)  ClusterRole cleaner
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
apiVersion: rbac.authorization.k8s.io/v1
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
			require.NoError(t, summary.Print(&out, summary.Options{Paths: []string{file}}))
			require.Equal(t, strings.TrimPrefix(c.want, "\n"), strings.ReplaceAll(out.String(), file, "FILE"))
		})
	}
}

func TestPrintErrors(t *testing.T) {
	at := writeFiles(t, map[string]string{
		"syntax.yaml":                "a: [b",
		"twice.yaml":                 "apiVersion: v1\nkind: Namespace\nkind: Namespace\nmetadata: {name: a}\n",
		"noobject.yaml":              "a: b\n",
		"empty/.hidden.yaml":         "",
		"overlay/kustomization.yaml": "resources: [a.yaml]\ntransformers: [tenant.yaml]\n",
		"remote/kustomization.yaml":  "resources: [\"https://example.com/a\"]\n",
	})
	for path, want := range map[string]string{
		"absent.yaml":   "absent.yaml: no such file",
		"syntax.yaml":   "syntax.yaml:1: document 1: did not find",
		"twice.yaml":    "twice.yaml:3: Namespace a: kind is given twice",
		"noobject.yaml": "noobject.yaml:1: document 1: kind is missing",
		"empty":         "empty: holds no YAML",
		"overlay":       "overlay/kustomization.yaml: has transformers, so that it is still to be built",
		"remote":        "remote/kustomization.yaml: lists https://example.com/a, which is no file here",
	} {
		var out strings.Builder
		require.ErrorContains(t, summary.Print(&out, summary.Options{Paths: []string{at(path)}}), want)
		require.Empty(t, out.String(), path)
	}
	err := summary.Print(&strings.Builder{}, summary.Options{Paths: []string{at("absent.yaml"), at("empty")}})
	require.ErrorContains(t, err, "absent.yaml")
	require.ErrorContains(t, err, "empty: holds", "all mistakes at once")
	require.EqualError(t, summary.Print(&strings.Builder{}, summary.Options{Format: "tabel"}),
		`summary: --output: found "tabel": must be text, table, json or yaml; did you mean "table"?`)
}

// A writer that fails is a full disk, or a pipe that nobody reads.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestPrintReportsThatItCannotWrite(t *testing.T) {
	for _, format := range []summary.Format{summary.Text, summary.Table, summary.JSON, summary.YAML} {
		err := summary.Print(failing{}, summary.Options{Paths: []string{"-"}, In: strings.NewReader(pilot("args: [discovery]")), Format: format})
		require.EqualError(t, err, "stdout: no space left on device", format)
	}
}

func TestPrintCollisions(t *testing.T) {
	at := writeFiles(t, map[string]string{
		"a.yaml": pilot("args: [discovery]"),
		"b.yaml": strings.ReplaceAll(pilot("args: [discovery]"), "sales", "hr"),
	})
	var out strings.Builder
	require.EqualError(t, summary.Print(&out, summary.Options{Paths: []string{at("a.yaml"), at("b.yaml")}}),
		"namespace istio-system1: has two owners, tenant sales ("+at("a.yaml")+") and tenant hr ("+at("b.yaml")+"): must have one")
	require.Contains(t, out.String(), at("b.yaml")+": tenant hr", "both are printed")
	require.Contains(t, out.String(), at("a.yaml")+": tenant sales")
}

// writeFiles writes files below a new directory, and returns the path of each.
func writeFiles(t *testing.T, files map[string]string) func(string) string {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for name, text := range files {
		require.NoError(t, os.MkdirAll(filepath.Dir(at(name)), 0o700))
		require.NoError(t, os.WriteFile(at(name), []byte(text), 0o600))
	}
	return at
}
