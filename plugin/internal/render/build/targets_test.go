package build

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	kustomize "sigs.k8s.io/kustomize/kustomize/v5/commands/build"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render/build/allow"
)

// base is what overlays of these tests build on.
const base = `apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod, namespace: ISTIO_TENANT_NAMESPACE, labels: {app: istiod}}
---
apiVersion: v1
kind: Service
metadata: {name: istiod, namespace: ISTIO_TENANT_NAMESPACE}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: ISTIO_TENANT_NAMESPACE}
`

func TestTargetsThatMatchNothing(t *testing.T) {
	const (
		from = "resources: [../base]\n"
		add  = `patch: '[{"op": "add", "path": "/metadata/labels", "value": {"x": "1"}}]'`
		none = "kustomization.yaml: patches[0].target: "
		hint = " matches no object, so that the patch changes nothing: patches are applied before the tenant is laid over the base, and name objects as the base does; "
		own  = "to change what the tenant adds, list the overlay as a resource of another kustomization, and patch there"
	)
	for name, c := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"no target":                      {map[string]string{"kustomization.yaml": from}, nil},
		"one that matches":               {map[string]string{"kustomization.yaml": from + "patches: [{target: {kind: Deployment, name: isti.*}, " + add + "}]"}, nil},
		"the final name":                 {map[string]string{"kustomization.yaml": from + "patches: [{target: {kind: Deployment, name: istiod-sales}, " + add + "}]"}, []string{none + "Deployment istiod-sales" + hint + "did you mean Deployment ISTIO_TENANT_NAMESPACE/istiod?"}},
		"the final name, merged":         {map[string]string{"kustomization.yaml": from + "patches: [{target: {kind: Deployment, name: istiod-sales}, patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: any, labels: {a: b}}}'}]"}, []string{none + "Deployment istiod-sales" + hint + "did you mean Deployment ISTIO_TENANT_NAMESPACE/istiod?"}},
		"the final namespace":            {map[string]string{"kustomization.yaml": from + "patches: [{target: {name: istiod, namespace: istio-sales}, " + add + "}]"}, []string{none + "any kind istio-sales/istiod" + hint + "did you mean Deployment ISTIO_TENANT_NAMESPACE/istiod or Service ISTIO_TENANT_NAMESPACE/istiod?"}},
		"another version":                {map[string]string{"kustomization.yaml": from + "patches: [{target: {group: apps, version: v1beta1, kind: Deployment}, " + add + "}]"}, []string{none + "Deployment of apps/v1beta1" + hint + "did you mean Deployment ISTIO_TENANT_NAMESPACE/istiod?"}},
		"a misspelt kind and name":       {map[string]string{"kustomization.yaml": from + "patches: [{target: {kind: Deploymnet, name: isitod}, " + add + "}]"}, []string{none + "Deploymnet isitod" + hint + "did you mean Deployment ISTIO_TENANT_NAMESPACE/istiod or Service ISTIO_TENANT_NAMESPACE/istiod?"}},
		"a label":                        {map[string]string{"kustomization.yaml": from + "patches: [{target: {kind: Deployment, labelSelector: app=pilot}, " + add + "}]"}, []string{none + "Deployment with labels app=pilot" + hint + "did you mean Deployment ISTIO_TENANT_NAMESPACE/istiod?"}},
		"what the tenant adds":           {map[string]string{"kustomization.yaml": from + "patches: [{target: {kind: NetworkPolicy, name: allow-tenant}, " + add + "}]"}, []string{none + "NetworkPolicy allow-tenant" + hint + own}},
		"the label of a patch":           {map[string]string{"kustomization.yaml": from + "patches: [{target: {kind: Deployment}, " + add + "}, {target: {labelSelector: x=1}, " + add + "}]"}, nil},
		"all that are wrong":             {map[string]string{"kustomization.yaml": from + "patches: [{target: {kind: A}, " + add + "}, {target: {kind: Deployment}, " + add + "}, {target: {kind: B}, " + add + "}]"}, []string{none + "A" + hint + own, "kustomization.yaml: patches[2].target: B" + hint + own}},
		"the old field":                  {map[string]string{"kustomization.yaml": from + "namePrefix: a-\npatchesJson6902: [{target: {version: v1, kind: ConfigMap, name: b-istio}, " + add + "}, {target: {version: v1, kind: ConfigMap, name: a-istio}, " + add + "}]"}, []string{"kustomization.yaml: patchesJson6902[0].target: ConfigMap of v1 b-istio" + hint + "did you mean ConfigMap ISTIO_TENANT_NAMESPACE/a-istio?"}},
		"a base of its own":              {map[string]string{"kustomization.yaml": "resources: [mid]", "mid/kustomization.yaml": "resources: [../../base]\npatches: [{target: {kind: Deployment, name: isitod}, " + add + "}]"}, []string{"mid/" + none + "Deployment isitod" + hint + "did you mean Deployment ISTIO_TENANT_NAMESPACE/istiod?"}},
		"a component":                    {map[string]string{"kustomization.yaml": from + "components: [fine, wrong]\n", "fine/kustomization.yaml": component + "patches: [{target: {kind: Service}, " + add + "}]", "wrong/kustomization.yaml": component + "patches: [{target: {kind: Servcie}, " + add + "}]"}, []string{"wrong/" + none + "Servcie" + hint + "did you mean Service ISTIO_TENANT_NAMESPACE/istiod?"}},
		"a component of a component":     {map[string]string{"kustomization.yaml": from + "components: [outer]\n", "outer/kustomization.yaml": component + "components: [../inner]\nresources: [own.yaml]\n", "outer/own.yaml": role + "reviews\n", "inner/kustomization.yaml": component + "patches: [{target: {kind: ServiceAccount, name: reviews}, " + add + "}, {target: {kind: ServiceAccount, name: reveiws}, " + add + "}]"}, []string{"inner/kustomization.yaml: patches[1].target: ServiceAccount reveiws" + hint + "did you mean ServiceAccount reviews?"}},
		"a patch among the transformers": {map[string]string{"kustomization.yaml": from + "namePrefix: a-\ntransformers: [fine.yaml, wrong.yaml]", "fine.yaml": transformer + add + "\ntarget: {kind: Service, name: a-istiod}\n", "wrong.yaml": strings.Replace(transformer, "name: a", "name: b", 1) + add + "\ntarget: {kind: ConfigMap, name: a-istoi}\n"}, []string{"kustomization.yaml: transformers[1].target: ConfigMap a-istoi" + hint + "did you mean ConfigMap ISTIO_TENANT_NAMESPACE/a-istio?"}},
		"an image that matches":          {map[string]string{"kustomization.yaml": "resources: [pod.yaml]\nimages: [{name: a/istio, newTag: x}, {name: a/istio, newName: b/istio}, {name: b/istio, newTag: z}]", "pod.yaml": pod}, nil},
		"images that match nothing": {map[string]string{"kustomization.yaml": "resources: [pod.yaml]\nimages: [{name: istio, newTag: x}, {name: a/isto, newTag: x}, {name: other, newTag: x}]", "pod.yaml": pod}, []string{
			"kustomization.yaml: images[0].name: no container has image istio, so that the entry changes nothing; did you mean \"a/istio\"?",
			"kustomization.yaml: images[1].name: no container has image a/isto, so that the entry changes nothing; did you mean \"a/istio\"?",
			"kustomization.yaml: images[2].name: no container has image other, so that the entry changes nothing",
		}},
		"an image of a component": {map[string]string{"kustomization.yaml": "resources: [pod.yaml]\ncomponents: [wrong]\n", "pod.yaml": pod, "wrong/kustomization.yaml": component + "images: [{name: a/istio, newTag: x}, {name: b/ist, newTag: x}]"}, []string{
			"wrong/kustomization.yaml: images[1].name: no container has image b/ist, so that the entry changes nothing",
		}},
		"no base at all": {map[string]string{"kustomization.yaml": "resources: [own.yaml]\npatches: [{target: {kind: ServiceAccount, name: reveiws}, " + add + "}]", "own.yaml": role + "reviews\n"}, []string{none + "ServiceAccount reveiws matches no object, so that the patch changes nothing; did you mean ServiceAccount reviews?"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir, err := filepath.EvalSymlinks(t.TempDir())
			require.NoError(t, err)
			write(t, dir, map[string]string{"base/kustomization.yaml": "resources: [all.yaml]\n", "base/all.yaml": base})
			root := filepath.Join(dir, "overlay")
			write(t, root, c.files)
			files := newRecorder(filesys.MakeFsOnDisk(), allow.List{})
			cmd := kustomize.NewCmdBuild(files, kustomize.MakeHelp("kustomize", "build"), t.Output())
			cmd.SetArgs([]string{root})
			require.NoError(t, cmd.Execute())
			read := len(files.read)
			require.Equal(t, c.want, files.unmatched(root))
			require.Len(t, files.read, read, "what is built twice is no further input")
		})
	}
}

const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {initContainers: [{name: a, image: 'a/istio:1.2@sha256:0123456789012345678901234567890123456789012345678901234567890123'}]}\n"

const component = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"

const transformer = "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: a}\n"
