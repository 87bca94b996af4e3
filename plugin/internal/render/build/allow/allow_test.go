package allow

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

const (
	head     = "apiVersion: x/v1\nkind: Fn\n"
	function = head + "metadata: {name: f, annotations: {config.kubernetes.io/function: '"
	evil     = function + "exec: {path: ./evil}'}}\n"
	tenant   = "apiVersion: istio-tenancy.dev/v1alpha1\nkind: IstioTenant\nmetadata: {name: f, annotations: {config.kubernetes.io/function: '"
	label    = "apiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: l}\n"
	charts   = "apiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: {name: c}\n"

	otherProgram = `is another program, and none is run that is not allowed: remove it, or allow it with --allow-exec `
	isEvil       = `Fn f: exec.path: "./evil" ` + otherProgram + `./evil`
	ownPath      = `metadata.annotations: config.kubernetes.io/function is missing, so that kustomize takes it for a plugin of its own and looks for that in directories of this machine: must be "exec: {path: istio-tenancy}", or what runs another program`
	morePath     = `exec: has more than the path of istio-tenancy, whose commands could run other programs: must be "exec: {path: istio-tenancy}"`
	dynamic      = `changes or generates what is to run, so that it is not known before what runs: must have resources only, or list the files instead of the directory`
)

// files are written below a directory; "name -> target" is a link.
type files map[string]string

func (f files) problems(t *testing.T, l List, kustomization string) []string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	for name, text := range f {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		if target, isLink := strings.CutPrefix(text, "-> "); isLink {
			require.NoError(t, os.Symlink(target, path))
			continue
		}
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return l.Kustomization(filesys.MakeFsOnDisk(), filepath.Join(dir, "o"), []byte(kustomization))
}

// What does not run another program, or what the list names, is no problem.
func TestAllowed(t *testing.T) {
	l := List{Exec: []string{"./evil", "helm", "img:1"}, Remote: []string{"https://example.com/org", "git@example.com:org/repo"}}
	for name, c := range map[string]struct {
		list          List
		kustomization string
		files         files
	}{
		"nothing":                {List{}, "resources: [a.yaml, ../base]", nil},
		"a tenant":               {List{}, "transformers: [f.yaml]", files{"o/f.yaml": tenant + "exec: {path: istio-tenancy}'}}\n"}},
		"in place":               {List{}, "transformers:\n- |-\n  " + strings.ReplaceAll(tenant, "\n", "\n  ") + "exec: {path: istio-tenancy}'}}\n", nil},
		"built in":               {List{}, "transformers: [f.yaml]", files{"o/f.yaml": label}},
		"a directory":            {List{}, "transformers: [t]", files{"o/t/kustomization.yaml": "resources: [f.yaml, ../u]", "o/t/f.yaml": label, "o/u/Kustomization": "kind: Kustomization\nresources: [f.yaml]", "o/u/f.yaml": label}},
		"in a circle":            {List{}, "transformers: [t]", files{"o/t/kustomization.yaml": "resources: [../t]"}},
		"gone":                   {List{}, "transformers: [gone.yaml]\ngenerators: [gone]", nil},
		"no kustomization":       {List{}, "transformers: {}", nil},
		"no objects":             {List{}, "transformers: [f.yaml]", files{"o/f.yaml": "a"}},
		"an object with one":     {List{}, "resources: [f.yaml]", files{"o/f.yaml": evil}},
		"exec, by name":          {l, "transformers: [f.yaml]", files{"o/f.yaml": evil}},
		"exec, with arguments":   {l, "transformers: [f.yaml]", files{"o/f.yaml": function + "exec: {path: ./evil, args: [a]}'}}\n"}},
		"container, by name":     {l, "transformers: [f.yaml]", files{"o/f.yaml": function + `container: {image: "img:1", envs: [A=b]}'}}` + "\n"}},
		"charts, by name":        {l, "helmCharts: [{name: c}]\ngenerators: [f.yaml]", files{"o/f.yaml": charts}},
		"hosts":                  {l, "resources: ['https://example.com/org', 'https://example.com/org/repo//x?ref=v1', 'https://example.com/org?ref=a-b']\ncomponents: ['git@example.com:org/repo']", nil},
		"looks like a host":      {List{}, "resources: [github.community/x, gitops, ./github.com/x, http, 'a:b']", nil},
		"Kubernetes' own, local": {List{}, "transformers: [f.yaml]", files{"o/f.yaml": "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: builtin, kind: LabelTransformer, metadata: {name: l}}\n"}},
	} {
		t.Run(name, func(t *testing.T) { require.Empty(t, c.files.problems(t, c.list, c.kustomization)) })
	}
}

func TestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		kustomization string
		files         files
		want          []string
	}{
		"transformer":    {"transformers: [f.yaml]", files{"o/f.yaml": evil}, []string{"transformers[0]: f.yaml: " + isEvil}},
		"generator":      {"generators: [f.yaml]", files{"o/f.yaml": evil}, []string{"generators[0]: f.yaml: " + isEvil}},
		"validator":      {"validators: [f.yaml]", files{"o/f.yaml": evil}, []string{"validators[0]: f.yaml: " + isEvil}},
		"capitals":       {"tRansFormers: [f.yaml]", files{"o/f.yaml": evil}, []string{"transformers[0]: f.yaml: " + isEvil}},
		"in place":       {"transformers:\n- |-\n  " + strings.ReplaceAll(evil, "\n", "\n  "), nil, []string{"transformers[0]: " + isEvil}},
		"all":            {"generators: [f.yaml]\ntransformers: [a.yaml, f.yaml]\nhelmCharts: [{name: c}]\nresources: ['ssh://h/x']", files{"o/f.yaml": evil, "o/a.yaml": label}, []string{`resources[0]: "ssh://h/x" is on another host, and nothing is fetched that is not allowed: keep a copy in this repository, or allow it with --allow-remote ssh://h/x`, `helmCharts[0]: "helm" ` + otherProgram + "helm", "generators[0]: f.yaml: " + isEvil, "transformers[1]: f.yaml: " + isEvil}},
		"second of two":  {"transformers: [f.yaml]", files{"o/f.yaml": label + "---\n" + evil}, []string{"transformers[0]: f.yaml: " + isEvil}},
		"in a list":      {"transformers: [f.yaml]", files{"o/f.yaml": "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: x/v1, kind: Fn, metadata: {name: f, annotations: {config.kubernetes.io/function: 'exec: {path: ./evil}'}}}\n"}, []string{"transformers[0]: f.yaml: " + isEvil}},
		"a link":         {"transformers: [f.yaml]", files{"o/f.yaml": "-> ../p.yaml", "p.yaml": evil}, []string{"transformers[0]: f.yaml: " + isEvil}},
		"old annotation": {"transformers: [f.yaml]", files{"o/f.yaml": strings.Replace(evil, "kubernetes.io/", "k8s.io/", 1)}, []string{"transformers[0]: f.yaml: " + isEvil}},
		"older field":    {"transformers: [f.yaml]", files{"o/f.yaml": head + "metadata: {name: f, configFn: {exec: {path: ./evil}}}\n"}, []string{"transformers[0]: f.yaml: " + isEvil}},
		"old container":  {"transformers: [f.yaml]", files{"o/f.yaml": head + "metadata: {name: f, annotations: {config.kubernetes.io/container: img}}\n"}, []string{`transformers[0]: f.yaml: Fn f: container.image: "img" ` + otherProgram + "img"}},
		"container":      {"transformers: [f.yaml]", files{"o/f.yaml": tenant + "container: {image: img}'}}\n"}, []string{`transformers[0]: f.yaml: IstioTenant f: container.image: "img" ` + otherProgram + "img"}},
		"a container, too": {"transformers: [f.yaml]", files{"o/f.yaml": tenant + "{container: {image: img}, exec: {path: istio-tenancy}}'}}\n"}, []string{
			"transformers[0]: f.yaml: IstioTenant f: " + morePath, `transformers[0]: f.yaml: IstioTenant f: container.image: "img" ` + otherProgram + "img"}},
		"a variable of the machine": {"transformers: [f.yaml]", files{"o/f.yaml": tenant + "container: {image: img, envs: [TOKEN]}'}}\n"}, []string{
			`transformers[0]: f.yaml: IstioTenant f: container.image: "img" ` + otherProgram + "img", `transformers[0]: f.yaml: IstioTenant f: container.envs: "TOKEN" passes on a variable of this machine: must state the value, TOKEN=...`}},
		"own kind, another path": {"transformers: [f.yaml]", files{"o/f.yaml": tenant + "exec: {path: ./istio-tenancy}'}}\n"}, []string{`transformers[0]: f.yaml: IstioTenant f: exec.path: "./istio-tenancy" is another program; did you mean "istio-tenancy"? If not, remove it, or allow it with --allow-exec ./istio-tenancy`}},
		"own, misspelt":          {"transformers: [f.yaml]", files{"o/f.yaml": tenant + "exec: {path: istio-tenency}'}}\n"}, []string{`transformers[0]: f.yaml: IstioTenant f: exec.path: "istio-tenency" is another program; did you mean "istio-tenancy"? If not, remove it, or allow it with --allow-exec istio-tenency`}},
		"own, a command":         {"transformers: [f.yaml]", files{"o/f.yaml": tenant + "exec: {path: istio-tenancy, args: [render]}'}}\n"}, []string{"transformers[0]: f.yaml: IstioTenant f: " + morePath}},
		"own, a variable": {"transformers: [f.yaml]", files{"o/f.yaml": tenant + `exec: {path: istio-tenancy, envs: ["LD_PRELOAD=./x"]}'}}` + "\n"}, []string{"transformers[0]: f.yaml: IstioTenant f: " + morePath,
			"transformers[0]: f.yaml: IstioTenant f: exec.envs: variables such as PATH and LD_PRELOAD make a program run another: must be left out"}},
		"nothing":              {"transformers: [f.yaml]", files{"o/f.yaml": function + "{}'}}\n"}, []string{"transformers[0]: f.yaml: Fn f: names no program, and kustomize ignores it: must have exec.path, such as istio-tenancy"}},
		"unknown":              {"transformers: [f.yaml]", files{"o/f.yaml": function + "starlark: {path: x}'}}\n"}, []string{`transformers[0]: f.yaml: Fn f: config.kubernetes.io/function unmarshal error: error unmarshaling JSON: while decoding JSON: json: unknown field "starlark"`}},
		"a plugin":             {"generators: [f.yaml]", files{"o/f.yaml": head + "metadata: {name: f}\n"}, []string{"generators[0]: f.yaml: Fn f: " + ownPath}},
		"no annotation":        {"transformers: [f.yaml]", files{"o/f.yaml": "apiVersion: istio-tenancy.dev/v1alpha1\nkind: IstioTenant\nmetadata: {name: sales}\n"}, []string{"transformers[0]: f.yaml: IstioTenant sales: " + ownPath}},
		"a group like the own": {"transformers: [f.yaml]", files{"o/f.yaml": "apiVersion: builtin/v1\nkind: LabelTransformer\nmetadata: {name: l}\n"}, []string{"transformers[0]: f.yaml: LabelTransformer l: " + ownPath}},
		"a chart":              {"helmChartInflationGenerator: [{chartName: c}]", nil, []string{`helmCharts[0]: "helm" ` + otherProgram + "helm"}},
		"a chart, by plugin":   {"generators: [f.yaml]", files{"o/f.yaml": charts}, []string{`generators[0]: f.yaml: HelmChartInflationGenerator c: "helm" ` + otherProgram + "helm"}},

		"directory":               {"transformers: [t]", files{"o/t/kustomization.yaml": "resources: [f.yaml]", "o/t/f.yaml": evil}, []string{"transformers[0]: t/kustomization.yaml: f.yaml: " + isEvil}},
		"directory in another":    {"transformers: [t]", files{"o/t/kustomization.yaml": "resources: [../u]", "o/u/Kustomization": "resources: [f.yaml]", "o/u/f.yaml": evil}, []string{"transformers[0]: t/kustomization.yaml: ../u/Kustomization: f.yaml: " + isEvil}},
		"directory, by a link":    {"transformers: [t]", files{"o/t": "-> ../deep/t", "deep/t/kustomization.yaml": "resources: [../u]", "deep/u/kustomization.yaml": "resources: [f.yaml]", "deep/u/f.yaml": evil, "o/u/kustomization.yaml": "resources: [f.yaml]", "o/u/f.yaml": label}, []string{"transformers[0]: t/kustomization.yaml: ../u/kustomization.yaml: f.yaml: " + isEvil}},
		"directory with a patch":  {"transformers: [t]", files{"o/t/kustomization.yaml": "resources: [f.yaml]\npatches: [{patch: x}]", "o/t/f.yaml": label}, []string{"transformers[0]: t/kustomization.yaml: " + dynamic}},
		"directory, generating":   {"generators: [t]", files{"o/t/kustomization.yml": "configMapGenerator: [{name: a, literals: [a=b]}]"}, []string{"generators[0]: t/kustomization.yml: " + dynamic}},
		"directory, with plugins": {"generators: [t]", files{"o/t/kustomization.yml": "Generators: [f.yaml]"}, []string{"generators[0]: t/kustomization.yml: " + dynamic}},
		"another host's":          {"transformers: ['https://example.com/f.yaml']", nil, []string{`transformers[0]: "https://example.com/f.yaml" is on another host, which would decide what program runs: must be a file of this repository`}},
		"another host's, below":   {"transformers: [t]", files{"o/t/kustomization.yaml": "resources: ['git@h:o/r']"}, []string{`transformers[0]: t/kustomization.yaml: "git@h:o/r" is on another host, which would decide what program runs: must be a file of this repository`}},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, c.files.problems(t, List{}, c.kustomization)) })
	}
}
