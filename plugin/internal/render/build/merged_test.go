package build

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAPatchWithoutATargetIsFoundInItsKustomization(t *testing.T) {
	const (
		deployment = "{apiVersion: apps/v1, kind: Deployment, metadata: {"
		from       = "resources: [../base]\n"
		fine       = "{patch: '" + deployment + "name: istiod, namespace: ISTIO_TENANT_NAMESPACE, labels: {a: b}}}'}"
		moved      = "patch: '" + deployment + "name: istiod, namespace: istio-sales, labels: {a: b}}}'"
		hint       = ": patches are applied before the tenant is laid over the base, and name objects as the base does; did you mean Deployment ISTIO_TENANT_NAMESPACE/istiod?"
		wrong      = "Deployment of apps/v1 istio-sales/istiod matches no object" + hint
	)
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"the final namespace": {map[string]string{"kustomization.yaml": from + "patches: [" + fine + ", {" + moved + "}]"}, "kustomization.yaml: patches[1]: " + wrong},
		"in a file":           {map[string]string{"kustomization.yaml": from + "patches: [{path: p.yaml}]", "p.yaml": deployment + "name: istiod, namespace: istio-sales}}"}, "kustomization.yaml: patches[0]: " + wrong},
		"the second of two": {map[string]string{"kustomization.yaml": from + "patches: [{path: p.yaml}]",
			"p.yaml": deployment + "name: istiod, namespace: ISTIO_TENANT_NAMESPACE}}\n---\n" + deployment + "name: istiod, namespace: istio-sales}}"}, "kustomization.yaml: patches[0]: " + wrong},
		"no namespace":    {map[string]string{"kustomization.yaml": from + "patches: [{patch: '" + deployment + "name: istiod}}'}]"}, "kustomization.yaml: patches[0]: Deployment of apps/v1 istiod matches no object" + hint},
		"the old field":   {map[string]string{"kustomization.yaml": from + "patchesStrategicMerge: [p.yaml]", "p.yaml": deployment + "name: istiod, namespace: istio-sales}}"}, "kustomization.yaml: patchesStrategicMerge[0]: " + wrong},
		"a base":          {map[string]string{"kustomization.yaml": "resources: [mid]", "mid/kustomization.yaml": "resources: [../../base]\npatches: [{" + moved + "}]"}, "mid/kustomization.yaml: patches[0]: " + wrong},
		"a component":     {map[string]string{"kustomization.yaml": from + "components: [c]", "c/kustomization.yaml": component + "patches: [{" + moved + "}]"}, "c/kustomization.yaml: patches[0]: " + wrong},
		"beside a target": {map[string]string{"kustomization.yaml": from + "patches: [{target: {kind: Service}, " + moved + "}, {" + moved + "}]"}, "kustomization.yaml: patches[1]: " + wrong},
	} {
		t.Run(name, func(t *testing.T) {
			dir, err := filepath.EvalSymlinks(t.TempDir())
			require.NoError(t, err)
			write(t, dir, map[string]string{"base/kustomization.yaml": "resources: [all.yaml]\n", "base/all.yaml": base})
			root := filepath.Join(dir, "overlay")
			write(t, root, c.files)
			result, err := buildOne(Request{Dir: root})
			require.NoError(t, err)
			require.Equal(t, c.want, result.Failure)
		})
	}
}
