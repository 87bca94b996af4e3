package summary_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/summary"
)

// fleet is what render writes: sales with --split, hr without, and common.
func fleet(t *testing.T) func(string) string {
	deployment := pilot("args: [discovery], env: [{name: ISTIO_WATCH_NAMESPACE, value: ns-1}]")
	const binding = `
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: access-all-ns-1, namespace: ns-1, labels: {istio-tenancy.dev/tenant: sales}}
roleRef: {kind: ClusterRole, name: admin}
subjects: [{kind: User, name: sales-admin}]
`
	rename := strings.NewReplacer("sales", "hr", "istio-system1", "istio-hr", "ns-1", "hr", "1.31.0", "1.30.1").Replace
	return writeFiles(t, map[string]string{
		"rendered/sales/deployment.yaml":    deployment,
		"rendered/sales/rolebinding.yaml":   binding,
		"rendered/sales/kustomization.yaml": "resources: [deployment.yaml, rolebinding.yaml]\nsortOptions: {order: fifo}\n",
		"rendered/hr/manifests.yaml":        rename(deployment) + "---" + rename(binding),
		"rendered/hr/kustomization.yaml":    "resources: [manifests.yaml]\n",
		"rendered/common/a.yaml":            "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n",
		"rendered/common/b.yml":             "apiVersion: v1\nkind: Namespace\nmetadata: {name: b}\n",
		"rendered/.istio-tenancy/state":     "no YAML",
		"rendered/README.md":                "no YAML",
	})
}

func TestPrintDirectories(t *testing.T) {
	at := fleet(t)
	dir := strings.TrimSuffix(at("x"), "x")
	run := func(o summary.Options) string {
		var out strings.Builder
		require.NoError(t, summary.Print(&out, o))
		return strings.ReplaceAll(out.String(), dir, "")
	}
	require.Equal(t, `rendered/common: no tenant
  namespaces  a, b
  objects     2: 2 Namespace

rendered/hr/manifests.yaml: tenant hr, Istio 1.30.1
  namespaces  hr, istio-hr
  discovery   namespace: hr
  objects     2: 1 Deployment, 1 RoleBinding
  User hr-admin
              hr  ClusterRole admin

rendered/sales: tenant sales, Istio 1.31.0
  namespaces  istio-system1, ns-1
  discovery   namespace: ns-1
  objects     2: 1 Deployment, 1 RoleBinding
  User sales-admin
              ns-1  ClusterRole admin
`, run(summary.Options{Paths: []string{at("rendered")}}))

	// However the files are named, and however often.
	require.Equal(t, run(summary.Options{Paths: []string{at("rendered")}}), run(summary.Options{Paths: []string{
		at("rendered/sales/rolebinding.yaml"), at("rendered/hr"), at("rendered/sales/deployment.yaml"), at("rendered/common"), at("rendered"),
	}}))

	require.Equal(t, `TENANT  ISTIO   CONTROL PLANE  NAMESPACES  DISCOVERY  OBJECTS  ACCESS            CAUTION
-       -       -              a,b         -          2        -                 -
hr      1.30.1  istio-hr       hr          namespace  2        User hr-admin     -
sales   1.31.0  istio-system1  ns-1        namespace  2        User sales-admin  -
`, run(summary.Options{Paths: []string{at("rendered")}, Format: summary.Table}))

	require.JSONEq(t, `{"tenants": [{
		"tenant": "hr", "files": ["rendered/hr/manifests.yaml"], "istio": "1.30.1",
		"controlPlaneNamespace": "istio-hr", "namespaces": ["hr", "istio-hr"],
		"discovery": {"mode": "namespace", "namespaces": ["hr"]},
		"objects": 2, "kinds": {"Deployment": 1, "RoleBinding": 1},
		"access": [{"kind": "User", "name": "hr-admin", "roles": [{"namespace": "hr", "kind": "ClusterRole", "name": "admin"}]}],
		"secretReaders": [], "cautions": []
	}]}`, run(summary.Options{Paths: []string{at("rendered/hr")}, Format: summary.JSON}))
	require.JSONEq(t, `{"tenants": [{
		"tenant": "", "files": ["rendered/common/a.yaml"], "namespaces": ["a"], "objects": 1, "kinds": {"Namespace": 1},
		"access": [], "secretReaders": [], "cautions": []
	}]}`, run(summary.Options{Paths: []string{at("rendered/common/a.yaml")}, Format: summary.JSON}), "no list is null")
}

func TestPrintStdin(t *testing.T) {
	var out strings.Builder
	in := strings.NewReader(pilot("args: [discovery]") + "---" + strings.ReplaceAll(pilot("args: [discovery]"), "1", "2"))
	require.NoError(t, summary.Print(&out, summary.Options{Paths: []string{"-", "-"}, In: in}))
	require.Equal(t, `stdin: tenant sales
  namespaces  istio-system1, istio-system2
  caution     2 control planes: Deployment istio-system1/istiod-sales, Deployment istio-system2/istiod-sales; a tenant has one
  objects     2: 2 Deployment
`, out.String())
}
