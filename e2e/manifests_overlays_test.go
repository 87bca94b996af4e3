package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// taking are files of an overlay that, together, would take what is the whole
// cluster's, each with a part of the message that refuses it.
var taking = []struct {
	name, message string
	words         []string // of tenant.yaml, old and new in turns
	files         map[string]string
}{
	{
		"a patch that makes istiod look as if an earlier run had placed it", "ClusterNetworkPolicy x-istio-system1: decides for Pods of the whole cluster", nil,
		map[string]string{
			"kustomization.yaml": "resources: [../../bases/istio/control-plane, m.yaml]\ntransformers: [tenant.yaml]\npatches:\n- target: {kind: Deployment, name: istiod}\n  patch: |-\n" +
				"    - {op: replace, path: /metadata/namespace, value: istio-system1}\n    - {op: add, path: /metadata/labels/istio-tenancy.dev~1tenant, value: taking}\n",
			"m.yaml": "apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {name: x-istio-system1, labels: {istio-tenancy.dev/tenant: taking}}\n" +
				"spec: {tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: [{name: all, action: Deny, from: [{namespaces: {}}]}]}\n",
		},
	},
	{
		"a control plane's namespace in which cluster-admin ends", `spec.controlPlane.namespace: "admin" is the end of names of other objects`, []string{"istio-system1", "admin"},
		map[string]string{
			"kustomization.yaml": "resources: [../../bases/istio/control-plane, m.yaml]\ntransformers: [tenant.yaml]\n",
			"m.yaml":             rbacOf + "ClusterRole\nmetadata: {name: cluster-admin}\nrules: []\n",
		},
	},
	{
		"a schema by which a GatewayClass has a namespace", `GatewayClass a: metadata.name: found "a"`, nil,
		map[string]string{
			"kustomization.yaml":     "resources: [../../bases/istio/control-plane, app]\ntransformers: [tenant.yaml]\n",
			"app/kustomization.yaml": "resources: [m.yaml]\nopenapi: {path: s.json}\n",
			"app/m.yaml":             "apiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata: {name: a}\n",
			"app/s.json": `{"definitions": {}, "paths": {"/apis/gateway.networking.k8s.io/v1/namespaces/{namespace}/gatewayclasses/{name}": {"get": {"x-kubernetes-action": "get", ` +
				`"x-kubernetes-group-version-kind": {"group": "gateway.networking.k8s.io", "version": "v1", "kind": "GatewayClass"}}}}}`,
		},
	},
}

// TestNoOverlayTakesWhatIsTheClusters has both commands build each.
func TestNoOverlayTakesWhatIsTheClusters(t *testing.T) {
	c := claims(t, "No overlay takes over cluster-wide objects by its patches, its schemas or its tenant.yaml, with kustomize build and with render")
	program, err := filepath.Abs(filepath.Join(tools, "istio-tenancy"))
	require.NoError(t, err)
	for _, attack := range taking {
		source, err := newCheckout(t.TempDir())
		require.NoError(t, err)
		require.NoError(t, source.CopyTenant("sales", "taking", append([]string{"name: sales #", "name: taking #"}, attack.words...)...))
		require.NoError(t, os.RemoveAll(filepath.Join(source.Dir, "overlays/sales"))) // render refuses two tenants of one namespace
		for file, text := range attack.files {
			path := filepath.Join(source.Dir, "overlays/taking", file)
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
			require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		}
		_, err = source.Build("overlays/taking", "--enable-alpha-plugins", "--enable-exec")
		c.verify(err != nil && strings.Contains(err.Error(), attack.message), "%s: kustomize build: %v, must say %s", attack.name, err, attack.message)
		cmd := exec.Command(program, "render", "overlays/taking", "-o", "-", "-q")
		cmd.Dir = source.Dir
		out, err := cmd.CombinedOutput()
		c.verify(err != nil && strings.Contains(string(out), attack.message), "%s: render: %v, must say %s", attack.name, err, attack.message)
	}
}
