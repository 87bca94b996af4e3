package build

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

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

func TestABuildEndsAtItsBounds(t *testing.T) {
	executable, err := os.Executable() // which serves builds, in TestMain
	require.NoError(t, err)
	for name, c := range map[string]struct {
		files   map[string]string
		allowed allow.List
		want    string
	}{
		"a patch that doubles a value": {
			map[string]string{"kustomization.yaml": "resources: [own.yaml]\npatches: [{target: {kind: ServiceAccount}, patch: '[" + doublings() + "]'}]\n", "own.yaml": role + "own\n  labels: {b0: " + strings.Repeat("x", 100) + "}\n"},
			allow.List{Memory: 256 << 20}, `^its build uses \d+(Mi|Gi) of memory: must use at most 256Mi; make what it lists or repeats smaller, or allow more with --allow-memory$`,
		},
		"a base that is listed again and again": {
			nested(), allow.List{Time: allow.Duration(500 * time.Millisecond)},
			`^its build has not ended after 500ms: must take no longer; make what it lists or repeats smaller, or allow more with --allow-time$`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, c.files)
			b, err := New(executable, c.allowed)
			require.NoError(t, err)
			defer func() { require.NoError(t, b.Close()) }()
			_, err = b.Build(t.Context(), Request{Dir: dir})
			require.ErrorIs(t, err, ErrExceeds)
			require.Regexp(t, c.want, err.Error())

			write(t, dir, map[string]string{"kustomization.yaml": "resources: [own.yaml]\n", "own.yaml": role + "own\n"})
			_, err = b.Build(t.Context(), Request{Dir: dir})
			require.ErrorIs(t, err, ErrExceeds, "what exceeds is not built again")
			other := t.TempDir()
			write(t, other, map[string]string{"kustomization.yaml": "resources: [own.yaml]\n", "own.yaml": role + "own\n"})
			_, err = b.Build(t.Context(), Request{Dir: other})
			require.NoError(t, err, "others are built")
		})
	}
}

// doublings are operations of a patch, each of which doubles a value.
func doublings() string {
	var all []string
	for i := range 30 {
		all = append(all, fmt.Sprintf(`{"op": "copy", "from": "/metadata", "path": "/metadata/labels/b%d"}`, i+1))
	}
	return strings.Join(all, ", ")
}

// nested is an overlay of 2^20 objects.
func nested() map[string]string {
	files := map[string]string{"kustomization.yaml": "resources: [d20]\n", "d0/kustomization.yaml": "resources: [own.yaml]\n", "d0/own.yaml": role + "own\n"}
	for i := 1; i <= 20; i++ {
		for _, side := range []string{"a", "b"} {
			files[fmt.Sprintf("d%d/%s/kustomization.yaml", i, side)] = fmt.Sprintf("namePrefix: %s\nresources: [../../d%d]\n", side, i-1)
		}
		files[fmt.Sprintf("d%d/kustomization.yaml", i)] = "resources: [a, b]\n"
	}
	return files
}

func TestABuildEndsWithTheProcessThatAskedForIt(t *testing.T) {
	executable, err := os.Executable()
	require.NoError(t, err)
	dir := t.TempDir()
	write(t, dir, nested())
	var in bytes.Buffer
	require.NoError(t, gob.NewEncoder(&in).Encode([]Request{{Dir: dir}}))
	cmd := exec.Command(executable, Command)
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	_, err = stdin.Write(in.Bytes())
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		t.Fatal("must still build", err)
	case <-time.After(500 * time.Millisecond):
	}
	require.NoError(t, stdin.Close())
	select {
	case err := <-ended:
		require.EqualError(t, err, "exit status 1")
	case <-time.After(time.Minute):
		_ = cmd.Process.Kill()
		t.Fatal("builds for nobody")
	}
}

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == Command {
		if err := Serve(os.Stdin, os.Stdout, nil); err != nil {
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}
