package build

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatIsNotThereIsNamedWhereItIsListed(t *testing.T) {
	const gone = `: no such file or directory`
	for name, c := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"a transformer": {map[string]string{"kustomization.yaml": "resources: [../base]\ntransformers: [tenants.yaml]\n", "tenant.yaml": role + "a\n"},
			[]string{`kustomization.yaml: transformers[0]: found "tenants.yaml"` + gone + `; did you mean "tenant.yaml"?`}},
		"a base":          {map[string]string{"kustomization.yaml": "resources: [own.yaml, ../bsae]\n", "own.yaml": role + "a\n"}, []string{`kustomization.yaml: resources[1]: found "../bsae"` + gone + `; did you mean "../base"?`}},
		"an old base":     {map[string]string{"kustomization.yaml": "bases: [../gone]\n"}, []string{`kustomization.yaml: bases[0]: found "../gone"` + gone}},
		"part of a path":  {map[string]string{"kustomization.yaml": "resources: [../baze/all.yaml]\n"}, []string{`kustomization.yaml: resources[0]: found "../baze/all.yaml"` + gone + `; did you mean "../base/all.yaml"?`}},
		"in another file": {map[string]string{"kustomization.yaml": "resources: [mid]\n", "mid/kustomization.yml": "resources: [gone.yaml]\n"}, []string{`mid/kustomization.yml: resources[0]: found "gone.yaml"` + gone}},
		"patches": {map[string]string{"kustomization.yaml": "resources: [../base]\npatches: [{patch: '{}'}, {path: p.yaml}]\npatchesStrategicMerge: [q.yaml]\npatchesJson6902: [{path: r.yaml}]\n"}, []string{
			`kustomization.yaml: patchesStrategicMerge[0]: found "q.yaml"` + gone, `kustomization.yaml: patchesJson6902[0].path: found "r.yaml"` + gone, `kustomization.yaml: patches[1].path: found "p.yaml"` + gone}},
		"generators": {map[string]string{"kustomization.yaml": "configMapGenerator: [{name: a, files: [own.yaml, key=oen.yaml], envs: [e]}]\nsecretGenerator: [{name: a, files: [s]}]\nopenapi: {path: o}\n", "own.yaml": role + "a\n"}, []string{
			`kustomization.yaml: configMapGenerator[0].files[1]: found "oen.yaml"` + gone + `; did you mean "own.yaml"?`, `kustomization.yaml: configMapGenerator[0].envs[0]: found "e"` + gone,
			`kustomization.yaml: secretGenerator[0].files[0]: found "s"` + gone, `kustomization.yaml: openapi.path: found "o"` + gone}},
		"a link to nowhere": {map[string]string{"kustomization.yaml": "resources: [nowhere]\n"}, []string{`kustomization.yaml: resources[0]: found "nowhere"` + gone}},
		"an empty base":     {map[string]string{"kustomization.yaml": "resources: [sub]\n", "sub/own.yaml": role + "a\n"}, []string{`kustomization.yaml: resources[0]: found "sub": is a directory without a kustomization.yaml`}},

		"all there":     {map[string]string{"kustomization.yaml": "resources: [own.yaml, ../base]\nconfigMapGenerator: [{name: a, files: [k=own.yaml]}]\npatches: [{path: own.yaml}]\n", "own.yaml": role + "a\n"}, nil},
		"in place":      {map[string]string{"kustomization.yaml": "resources: [../base]\ntransformers:\n- '{apiVersion: builtin, kind: LabelTransformer, metadata: {name: l}}'\npatchesStrategicMerge:\n- |-\n  apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: istio, namespace: ISTIO_TENANT_NAMESPACE}\n"}, nil},
		"behind a link": {map[string]string{"linked/sub/kustomization.yml": "resources: [own.yaml]\n", "kustomization.yaml": "resources: [linked]\n", "linked/own.yaml": role + "b\n"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, map[string]string{"base/kustomization.yaml": "resources: [all.yaml]\n", "base/all.yaml": base})
			root := filepath.Join(dir, "overlay")
			write(t, root, c.files)
			require.NoError(t, os.Symlink("gone", filepath.Join(root, "nowhere")))
			if name == "behind a link" { // what it lists is beside the link
				require.NoError(t, os.Symlink("sub/kustomization.yml", filepath.Join(root, "linked/kustomization.yaml")))
			}
			result, err := buildOne(Request{Dir: root})
			require.NoError(t, err)
			require.Equal(t, c.want, result.Refused)
			require.Empty(t, result.Failure)
		})
	}
}
