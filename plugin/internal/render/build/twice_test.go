package build

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAKeyThatStandsTwiceIsFoundInItsFile(t *testing.T) {
	const twice = role + "a\n---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: b}\nkind: Secret\n"
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"a resource":  {map[string]string{"own.yaml": twice}, `own.yaml: line 9: mapping key "kind" already defined at line 7`},
		"of the base": {map[string]string{"../base/own.yaml": twice, "../base/kustomization.yaml": "resources: [own.yaml]\n", "kustomization.yaml": "resources: [../base]\n"}, `../base/own.yaml: line 9: mapping key "kind" already defined at line 7`},
		"a patch": {map[string]string{"own.yaml": role + "a\n", "p.yaml": role + "a\n  labels: {x: y, x: z}\n", "kustomization.yaml": "resources: [own.yaml]\npatches: [{path: p.yaml}]\n"},
			`p.yaml: line 5: mapping key "x" already defined at line 5`},
		"a tenant": {map[string]string{"own.yaml": role + "a\n", "tenant.yaml": "apiVersion: istio-tenancy.dev/v1alpha1\nkind: IstioTenant\nmetadata:\n  name: a\n  annotations:\n    config.kubernetes.io/function: 'exec: {path: istio-tenancy}'\nspec: {mtls: a, mtls: b}\n", "kustomization.yaml": "resources: [own.yaml]\ntransformers: [tenant.yaml]\n"},
			`tenant.yaml: line 7: mapping key "mtls" already defined at line 7`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "overlay")
			write(t, dir, map[string]string{"kustomization.yaml": "resources: [own.yaml]\n"})
			write(t, dir, c.files)
			result, err := buildOne(Request{Dir: dir})
			require.NoError(t, err)
			require.Equal(t, c.want, result.Failure)
		})
	}
}
