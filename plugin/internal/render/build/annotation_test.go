package build

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAMissingFunctionAnnotationIsNamed(t *testing.T) {
	const tenant = "apiVersion: istio-tenancy.dev/v1alpha1\nkind: IstioTenant\nmetadata:\n  name: sales\n"
	const release = "apiVersion: istio-tenancy.dev/v1alpha1\nkind: IstioRelease\nmetadata:\n  name: istio\n"
	const message = `metadata.annotations: config.kubernetes.io/function is missing, so that kustomize does not know the program: must be "exec: {path: istio-tenancy}"`
	t.Setenv("KUSTOMIZE_PLUGIN_HOME", "")
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"a tenant": {map[string]string{
			"overlay/kustomization.yaml": "resources: [own.yaml]\ntransformers: [tenant.yaml]\n", "overlay/own.yaml": role + "own\n",
			"overlay/tenant.yaml": tenant,
		}, "tenant.yaml: IstioTenant sales: " + message},
		"a base": {map[string]string{
			"overlay/kustomization.yaml": "resources: [../base]\n",
			"base/kustomization.yaml":    "generators: [release.yaml]\n", "base/release.yaml": release,
		}, "../base/release.yaml: IstioRelease istio: " + message},
		"another plugin": {map[string]string{
			"overlay/kustomization.yaml": "generators: [cat.yaml]\n", "overlay/cat.yaml": "apiVersion: x/v1\nkind: Cat\nmetadata: {name: a}\n",
		}, "unable to find plugin root"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, c.files)
			require.Contains(t, serve(t, Request{Dir: filepath.Join(dir, "overlay")}).Failure, c.want)
		})
	}
}
