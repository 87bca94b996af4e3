package manifest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/manifest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

const configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"

func TestRead(t *testing.T) {
	for name, test := range map[string]struct {
		in      string
		ids     []string
		repairs []string
		out     string // what Write makes of it; not compared where empty
	}{
		"documents, empty ones and comments": {
			in:  "# licence\n---\n---\n# nothing\n---\n" + configMap + "--- # next\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: b, namespace: m}\n...\n---",
			ids: []string{"ConfigMap a", "Deployment m/b"},
		},
		"a name of two lines": {
			in:      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \"a\\n::error::b\\e\"}\ndata: {a: x, a: x}\n",
			ids:     []string{"ConfigMap a\n::error::b\x1b"},
			repairs: []string{`f.yaml:4: ConfigMap a\n::error::b\x1b: data.a is given twice, with the same value; kept one`},
		},
		"windows line ends and a byte order mark": {
			in:  "\ufeff" + strings.ReplaceAll(configMap+"---\n"+strings.Replace(configMap, "a}", "b}", 1), "\n", "\r\n"),
			ids: []string{"ConfigMap a", "ConfigMap b"},
		},
		"--- in a text": {
			in:  configMap + "data:\n  x: |\n    ---\n    w\n",
			ids: []string{"ConfigMap a"},
			out: configMap + "data:\n  x: |\n    ---\n    w\n",
		},
		"lists": {
			in: "apiVersion: v1\nkind: List\nmetadata: {resourceVersion: ''}\nitems:\n- apiVersion: v1\n  kind: ConfigMapList\n  items:\n" +
				"  - {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n- {apiVersion: v1, kind: Secret, metadata: {name: b}}\n---\n{kind: List, items: }",
			ids: []string{"ConfigMap a", "Secret b"},
		},
		"json": {
			in:  "{\"apiVersion\": \"v1\",\n\t\"kind\": \"ConfigMap\", \"metadata\": {\"name\": \"a\"}, \"data\": {\"on\": \"off\"}, \"binaryData\": {}}",
			ids: []string{"ConfigMap a"},
			out: "\"apiVersion\": \"v1\"\n\"kind\": \"ConfigMap\"\n\"metadata\":\n  \"name\": \"a\"\n\"data\":\n  \"on\": \"off\"\n\"binaryData\": {}\n",
		},
		"comments stay": {
			in:  "# of the object\n\n# of the key\n" + configMap + "# at the end\n",
			ids: []string{"ConfigMap a"},
			out: "# of the object\n# of the key\n" + configMap + "# at the end\n",
		},
		"a repeated key, the last wins": {
			in:      "# head\napiVersion: v1\nkind: Deployment\napiVersion: extensions/v1beta1\nmetadata: {name: istio-ca, namespace: m}\n",
			ids:     []string{"Deployment m/istio-ca"},
			repairs: []string{"f.yaml:4: Deployment m/istio-ca: apiVersion is given twice; kept this value, the last, as kubectl did; dropped that of line 2"},
			out:     "# head\napiVersion: extensions/v1beta1\nkind: Deployment\nmetadata: {name: istio-ca, namespace: m}\n",
		},
		"repeated keys below": {
			in: "---\napiVersion: v1\nkind: Service\nmetadata: {name: a, labels: {istio.io/rev: x, istio.io/rev: x}}\n" +
				"spec:\n  ports:\n  - {containerPort: 1, containerPort: 2}\n  ports: &p\n  - containerPort: 3\n    containerPort: 4\n    containerPort: 5\n",
			ids: []string{"Service a"},
			repairs: []string{
				"f.yaml:4: Service a: metadata.labels[\"istio.io/rev\"] is given twice, with the same value; kept one",
				"f.yaml:8: Service a: spec.ports is given twice; kept this value, the last, as kubectl did; dropped that of line 7",
				"f.yaml:10: Service a: spec.ports[0].containerPort is given twice; kept this value, the last, as kubectl did; dropped that of line 9",
				"f.yaml:11: Service a: spec.ports[0].containerPort is given twice; kept this value, the last, as kubectl did; dropped that of line 10",
			},
			out: "apiVersion: v1\nkind: Service\nmetadata: {name: a, labels: {istio.io/rev: x}}\nspec:\n  ports:\n  - containerPort: 5\n",
		},
		"a repeated key in a list": {
			in:      "kind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {x: a, x: z}}\n",
			ids:     []string{"ConfigMap a"},
			repairs: []string{"f.yaml:3: ConfigMap a: data.x is given twice; kept this value, the last, as kubectl did; dropped that of line 3"},
		},
		"folded text": {
			in:  configMap + "data:\n  x: >\n    a\n    b\n     c\n  w: >-\n    d\n    e\n",
			ids: []string{"ConfigMap a"},
			out: configMap + "data:\n  x: |\n    a b\n     c\n  w: d e\n",
		},
		"anchors, aliases and merge keys": {
			in:  configMap + "x: &x {a: 1, b: [2]}\nw: *x\nz:\n  <<: [*x, {a: 4, c: 5}]\n  b: 3\n",
			ids: []string{"ConfigMap a"},
			out: configMap + "x: {a: 1, b: [2]}\nw: {a: 1, b: [2]}\nz:\n  b: 3\n  a: 1\n  c: 5\n",
		},
		"merge keys that have one reading": {
			in:      configMap + "x: &x {a: 1, b: 2}\nw: &w {a: 1, <<: *x}\nz: {<<: [*w, *x], b: 3, b: 4}\n",
			ids:     []string{"ConfigMap a"},
			repairs: []string{"f.yaml:6: ConfigMap a: z.b is given twice; kept this value, the last, as kubectl did; dropped that of line 6"},
		},
		"words that are true or false to kubectl": {
			in:  configMap + "x: {a: yes, b: 'yes', c: [Off, \"n\", ~, 0x10, 010, 1_000, 0b11, 1e3, .5, 2001-01-01]}\nw: {on: x, 'off': v, 1: z}\n",
			ids: []string{"ConfigMap a"},
			out: configMap + "x: {a: true, b: 'yes', c: [false, \"n\", ~, 0x10, 010, 1_000, 0b11, 1e3, .5, 2001-01-01]}\nw: {true: x, 'off': v, 1: z}\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			objects, repairs, err := manifest.Read(strings.NewReader(test.in), "f.yaml")
			require.NoError(t, err)
			require.Equal(t, test.ids, ids(objects))
			require.Equal(t, test.repairs, repairs)
			out, err := manifest.Write(objects)
			require.NoError(t, err)
			if test.out != "" {
				require.Equal(t, test.out, string(out))
			}
		})
	}
}

func ids(objects []*yaml.RNode) (ids []string) {
	for _, o := range objects {
		ids = append(ids, object.IDOf(o).String())
	}
	return ids
}

func TestReadErrors(t *testing.T) {
	bomb := "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c < 'k'; c++ {
		bomb += string(c) + ": &" + string(c) + " [" + strings.Repeat("*"+string(c-1)+", ", 9) + "*" + string(c-1) + "]\n"
	}
	for name, test := range map[string]struct{ in, err string }{
		"empty":                              {"", "f.yaml: has no objects: must have at least one"},
		"comments only":                      {"# a\n---\n# b\n", "f.yaml: has no objects: must have at least one"},
		"not UTF-8":                          {configMap + "data:\n  x: \xff\n", "f.yaml:5: not UTF-8"},
		"UTF-16":                             {"\xff\xfea\x00", "f.yaml:1: not UTF-8"},
		"truncated":                          {configMap + "---\nkind: \"Conf", "f.yaml:5: document 2: found unexpected end of stream"},
		"tab":                                {configMap + "---\nkind: x\nmetadata:\n\tname: a\n", "f.yaml:7: document 2: found character that cannot start any token"},
		"unknown alias":                      {configMap + "x: *w\n", "f.yaml:1: document 1: unknown anchor 'w' referenced"},
		"alias bomb":                         {configMap + bomb, "aliases expand to more than 4 MiB"},
		"alias cycle":                        {configMap + "x: &x [*x]\n", "f.yaml:4: alias *x contains itself"},
		"merge of text":                      {configMap + "x:\n  <<: w\n", "f.yaml:5: merge key <<: found text; must be a mapping"},
		"two merge keys":                     {configMap + "x:\n  <<: {}\n  <<: {}\n", "f.yaml:6: merge key << is given twice"},
		"key of many":                        {configMap + "? [a]\n: b\n", "f.yaml:4: found a sequence as a key; must be a string"},
		"tag":                                {configMap + "x: !secret w\n", "f.yaml:4: tag !secret has no meaning to Kubernetes"},
		"infinity":                           {configMap + "x: -.Inf\n", "f.yaml:4: -.Inf has no meaning to Kubernetes"},
		"depth":                              {configMap + "x: " + strings.Repeat("[", 600) + strings.Repeat("]", 600), "nested more than 500 deep"},
		"a sequence":                         {configMap + "---\n- a\n", "f.yaml:5: document 2: found a sequence; must be an object: a mapping with apiVersion, kind and metadata"},
		"a text":                             {"Error: chart not found", "f.yaml:1: document 1: apiVersion is missing\nf.yaml:1: document 1: kind is missing\nf.yaml:1: document 1: metadata.name is missing"},
		"a word":                             {"oops", "f.yaml:1: document 1: found text; must be"},
		"no name":                            {"\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {}\n", "f.yaml:3: document 2: metadata.name is missing"},
		"number as name":                     {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: 1, namespace: true}\n", "f.yaml:1: document 1: metadata.name: found an integer; must be a string\nf.yaml:1: document 1: metadata.namespace: found a boolean; must be a string"},
		"kind as path":                       {"apiVersion: v1\nkind: ../x\nmetadata: {name: a}\n", "f.yaml:1: document 1: kind: found \"../x\"; must be letters and digits"},
		"twice":                              {configMap + "---\n" + configMap, "f.yaml:5: ConfigMap a: is in the input twice, first on line 1"},
		"missing ---":                        {configMap + "apiVersion: v1\nkind: Secret\nmetadata: {name: b}\n", "f.yaml:5: ConfigMap a: kind is given twice, with different values, first on line 2; is a `---` missing between two objects?\nf.yaml:6: ConfigMap a: metadata is given twice"},
		"two names":                          {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, name: b}\n", "f.yaml:3: ConfigMap a: metadata.name is given twice, with different values"},
		"list of more":                       {"kind: ResourceList\nitems: []\nfunctionConfig: {}\n", "f.yaml:3: document 1: functionConfig: found in a ResourceList, which holds items only"},
		"items of a list":                    {"kind: List\nitems: {}\n", "f.yaml:2: document 1: items: found a mapping; must be a list of objects"},
		"item of a list":                     {"kind: List\nitems:\n- apiVersion: v1\n", "f.yaml:3: document 1, items[0]: kind is missing"},
		"all at once":                        {"kind: a: b\n---\n- x\n---\n" + configMap, "f.yaml:1: document 1: mapping values are not allowed in this context\nf.yaml:3: document 2: found a sequence"},
		"a merge key that replaces":          {configMap + "x:\n  a: &x {b: 1}\n  b: 2\n  <<: *x\n", "f.yaml:7: merge key <<: has another value of b than line 6; kubectl uses the value of << here"},
		"a merge key of a list":              {configMap + "x: &x [{a: 1}]\ny: {<<: *x}\n", "f.yaml:5: merge key <<: found an alias of a sequence; must be an alias of a mapping"},
		"a key that kubectl reads otherwise": {configMap + "data:\n  0x10: a\n", "f.yaml:5: data[\"0x10\"]: kubectl reads this differently from what YAML says"},
		"a key of two kinds":                 {configMap + "data:\n  1: a\n  \"1\": b\n", "f.yaml:6: data[\"1\"]: kubectl reads this differently"},
		"text after a separator":             {"--- " + "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}", "f.yaml:1: document 1: found \"{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\" after ---; kubectl allows only a comment there"},
		"a separator that is none":           {configMap + "data:\n  a: \"\n---\u00a0\n\"\n", "f.yaml:6: document 1: found \"\" after ---"},
		"a document after the end":           {configMap + "...\n" + configMap, "f.yaml:4: document 1: did not find expected <document start>"},
		"a document after another":           {strings.ReplaceAll(configMap+"---\n"+configMap, "\n", "\r"), "f.yaml:4: document 1: follows the end of another document, where kubectl ignores it"},
		"more after a doc":                   {configMap + "...\n}\n", "f.yaml:4: document 1: did not find expected <document start>"},
	} {
		t.Run(name, func(t *testing.T) {
			objects, _, err := manifest.Read(strings.NewReader(test.in), "f.yaml")
			require.ErrorContains(t, err, test.err)
			require.Nil(t, objects)
		})
	}
}

func TestReadTooLong(t *testing.T) {
	_, _, err := manifest.Read(zeros{}, "f.yaml")
	require.EqualError(t, err, "f.yaml: longer than 64 MiB")
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// FuzzRead holds that nothing panics, and that what reads is written and reads
// as the same again.
func FuzzRead(f *testing.F) {
	f.Add(configMap)
	f.Add(configMap + "data:\n  x: |\n    ---\n\n     y\n  z: >-\n    a\n\n    b\n  \"<<\": 'on'\n")
	f.Add("# a\n---\n{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [" +
		"{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {\"name\": \"a\", \"name\": \"a\"}}]}\n# b\n")
	f.Add(configMap + "x: &x {a: 1, b: [~, 0x1, 1e3, 2001-01-01]}\nw: *x # c\nz:\n  # d\n  g: 3\n  <<: [*x]\n")
	f.Fuzz(func(t *testing.T, in string) {
		objects, _, err := manifest.Read(strings.NewReader(in), "f")
		if err != nil {
			return
		}
		written, err := manifest.Write(objects)
		require.NoError(t, err)
		again, repairs, err := manifest.Read(strings.NewReader(string(written)), "f")
		require.NoError(t, err)
		require.Empty(t, repairs)
		require.Equal(t, ids(objects), ids(again))
		for i := range objects {
			var a, b any
			require.NoError(t, objects[i].YNode().Decode(&a))
			require.NoError(t, again[i].YNode().Decode(&b))
			require.Equal(t, a, b)
		}
	})
}
