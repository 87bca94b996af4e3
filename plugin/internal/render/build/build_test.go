package build

import (
	"bytes"
	"encoding/gob"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render/build/allow"
)

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
}

func serve(t *testing.T, r Request) Result {
	t.Helper()
	var in, out bytes.Buffer
	require.NoError(t, gob.NewEncoder(&in).Encode([]Request{r}))
	require.NoError(t, Serve(&in, &out, nil))
	var results []Result
	require.NoError(t, gob.NewDecoder(&out).Decode(&results))
	require.Len(t, results, 1)
	return results[0]
}

const role = "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: "

func TestABuildSaysWhatItRead(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"overlay/kustomization.yaml": "resources: [../base, own.yaml]\n", "overlay/own.yaml": role + "own\n",
		"base/kustomization.yaml": "resources: [b.yaml]\n", "base/b.yaml": role + "b\n", "base/unused.yaml": role + "c\n",
	})
	result := serve(t, Request{Dir: filepath.Join(dir, "overlay"), Replace: map[string][]byte{"own.yaml": []byte(role + "other\n")}})
	require.Equal(t, role+"b\n---\n"+role+"other\n", string(result.YAML))
	require.Empty(t, result.Opaque)
	inputs := map[string]string{}
	for _, i := range result.Inputs {
		inputs[i.Path] = i.Digest
	}
	require.Equal(t, Digest([]byte(role+"b\n")), inputs["../base/b.yaml"])
	require.Equal(t, Digest([]byte(role+"other\n")), inputs["own.yaml"])
	require.Equal(t, Absent, inputs["kustomization.yml"], "were it there, the build would fail")
	require.Equal(t, Absent, inputs["../base/Kustomization"])
	require.NotContains(t, inputs, "../base/unused.yaml")
}

func TestWhatABuildMayDependOnBesideItsInputs(t *testing.T) {
	const own = "apiVersion: istio-tenancy.dev/v1alpha1\nkind: IstioTenant\nmetadata: {name: a, annotations: {config.kubernetes.io/function: 'exec: {path: istio-tenancy}'}}\n"
	for kustomization, want := range map[string]string{
		"resources: [a.yaml]":                                    "",
		"transformers: [own.yaml]":                               "",
		"transformers: [label.yaml]":                             "",
		"transformers: [cat.yaml]":                               "transformers: cat.yaml",
		"validators: [container.yaml]":                           "validators: container.yaml",
		"generators: [gone]":                                     "generators: gone",
		"generators: [charts.yaml]":                              "generators: charts.yaml",
		"helmCharts: [{name: x}]":                                "helmCharts",
		"resources: ['https://example.com/x']":                   "https://example.com/x",
		"components: ['git@example.com:x']":                      "git@example.com:x",
		"secretGenerator: [{name: x, envs: [x.env]}]":            "secretGenerator: envs",
		"configMapGenerator: [{name: x, literals: [a=b]}]":       "",
		"configMapGenerator: [{name: x, files: [a.yaml]}]\nx: y": "",
	} {
		r := newRecorder(nil, allow.List{})
		for name, text := range map[string]string{
			"kustomization.yaml": kustomization, "own.yaml": own,
			"label.yaml":     "apiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: a}\n",
			"charts.yaml":    "apiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: {name: a}\n",
			"cat.yaml":       "apiVersion: x/v1\nkind: Cat\nmetadata: {name: a, annotations: {config.kubernetes.io/function: 'exec: {path: cat}'}}\n",
			"container.yaml": "apiVersion: istio-tenancy.dev/v1alpha1\nkind: IstioTenant\nmetadata: {name: a, annotations: {config.kubernetes.io/function: 'container: {image: x}'}}\n",
		} {
			r.read[filepath.Join("/overlay", name)] = []byte(text)
		}
		require.Equal(t, want, r.opaque(), kustomization)
	}
}

func TestErrorsAreTheFunctionsOwn(t *testing.T) {
	require.EqualError(t, explain("istio-tenancy: warning: a\nistio-tenancy: b: c\nistio-tenancy: d\n", "long\nstory"), "b: c\nd")
	require.EqualError(t, explain("# Warning: deprecated\n", "long\n  story"), "long story")
}
