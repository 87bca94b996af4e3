package build

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAKustomizationThatCannotBeReadIsNamed(t *testing.T) {
	for text, want := range map[string]string{
		"resourcse: [a.yaml]\n":                           `unknown field "resourcse"; did you mean "resources"?`,
		"resources: [own.yaml]\npatches: [{targt: {}}]\n": `unknown field "targt"; did you mean "target"?`,
		"resources: [own.yaml]\nsomething: 1\n":           `unknown field "something"`,
		"resources: own.yaml\n":                           "resources: found a string: must be a list",
		"resources: [own.yaml]\ncommonLabels: [a]\n":      "commonLabels: found a list: must be a mapping",
		"resources: [\n":                                  "is not YAML: line 1: did not find expected node content",
		"":                                                "is empty: must list something, such as resources",
		"# later\n":                                       "is empty: must list something, such as resources",
		"kind: Kustomization\n":                           "is empty: must list something, such as resources",
		"apiVersion: kustomize.config.k8s.io/v1beta1\nbases:\n": "is empty: must list something, such as resources",
	} {
		dir := t.TempDir()
		write(t, dir, map[string]string{"overlay/kustomization.yaml": "resources: [../base]\n", "base/kustomization.yaml": text, "base/own.yaml": role + "a\n"})
		result, err := buildOne(Request{Dir: filepath.Join(dir, "overlay")})
		require.NoError(t, err)
		require.Equal(t, []string{"../base/kustomization.yaml: " + want}, result.Refused, text)
	}
}

func TestAFileThatCannotBeReadIsNamed(t *testing.T) {
	const function = "apiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: f}\nlabels: {a: b}\n"
	for name, c := range map[string]struct{ kustomization, file, want string }{
		"no YAML":      {"resources: [own.yaml]\ntransformers: [f.yaml]\n", "a: b: c\n", `kustomization.yaml: transformers[0]: found "f.yaml": is not YAML: mapping values are not allowed in this context`},
		"the second":   {"resources: [own.yaml, f.yaml]\n", role + "b\n---\n[\n", `kustomization.yaml: resources[1]: found "f.yaml": is not YAML: line 6: did not find expected node content`},
		"twice":        {"resources: [own.yaml]\ntransformers: [f.yaml]\n", function + "---\n" + function, "f.yaml: has LabelTransformer f 2 times: must have it once"},
		"in two files": {"resources: [own.yaml, f.yaml]\n", role + "a\n", "ServiceAccount a: is in f.yaml and own.yaml: must be in one of them"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, map[string]string{"kustomization.yaml": c.kustomization, "own.yaml": role + "a\n", "f.yaml": c.file})
			result, err := buildOne(Request{Dir: dir})
			require.NoError(t, err)
			require.Equal(t, c.want, result.Failure)
		})
	}
}

// What has no end is not read, and a directory is none of the files that cannot be.
func TestAFileThatIsNoneIsNamed(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"kustomization.yaml": "resources: [own.yaml, base]\ntransformers: [device.yaml]\n", "own.yaml": role + "a\n", "base/kustomization.yaml": "resources: [own.yaml]\n", "base/own.yaml": role + "b\n"})
	require.NoError(t, os.Symlink(os.DevNull, filepath.Join(dir, "device.yaml")))
	result, err := buildOne(Request{Dir: dir})
	require.NoError(t, err)
	require.Equal(t, `kustomization.yaml: transformers[0]: found "device.yaml": is not a regular file: must be one`, result.Failure)
}
