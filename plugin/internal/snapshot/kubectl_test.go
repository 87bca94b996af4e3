package snapshot_test

import (
	"errors"
	"io"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

const aPod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: x\n"

// written are texts that kubectl's reader of YAML and others take for different objects.
func written() []string {
	long := strings.Repeat("   # padding\n", 500)
	return []string{
		aPod + "  annotations: &a {namespace: ns-0}\n  namespace: ns-1\n  <<: *a\n",
		aPod + "  annotations: &a {namespace: ns-0}\n  <<: *a\n  namespace: ns-1\n",
		aPod + "  <<: {namespace: ns-0}\n  namespace: ns-1\n  namespace: ns-2\n",
		aPod + "  <<: [{namespace: ns-0}, {namespace: ns-1, a: b}]\n",
		aPod + "  \"<<\": {namespace: ns-0}\n",
		aPod + "  !!str <<: {namespace: ns-0}\n",
		aPod + "  !!merge <<: {namespace: ns-0}\n",
		aPod + "  labels: {on: a, y: b, 'n': c}\nspec: {hostNetwork: yes, hostPID: 'yes', hostIPC: On}\n",
		aPod + "  labels: {1: a, 0x2: b, 1.50: c, true: d, True: e, ~: f}\n",
		aPod + "spec: {a: 010, b: 0o10, c: 0b11, d: 1_0, e: 1__0, f: +1, g: -0, h: 1e3, i: 1., j: .5, k: 1:30, l: 2001-01-01, m: 9223372036854775808, n: 0x7fffffffffffffff, o: .inf}\n",
		aPod + "spec: {a: !!str 1, b: !!int \"1\", c: !!float 1, d: !!binary YQ==, e: ! 1, f: !!null x, g: !!bool yes, h: !x y, i: !!timestamp 2001-01-01}\n",
		aPod + "spec: {a: !!str 1, b: !!str yes, c: &c yes, d: *c}\n",
		aPod + "spec: {a: b, a: c, d: {e: f}, d: {g: h}}\n",
		aPod + "spec: {1: a, '1': b}\n",
		aPod + "kind: Secret\n", aPod + "metadata: {name: y}\n",
		aPod + "...\n" + aPod, aPod + "...\n---\n" + aPod, aPod + "... # end\n", aPod + "...\nno: [\n",
		aPod + "---#\n" + aPod, aPod + "---x\n" + aPod, aPod + "--- # x\n" + aPod, aPod + "---\t\n" + aPod, aPod + "---\u00a0\n" + aPod,
		aPod + "--- {apiVersion: v1, kind: Pod, metadata: {name: y}}\n", "--- |\n  " + aPod,
		aPod + "spec:\n  a: \"\n---\n  \"\n", aPod + "spec:\n  a: \"\n\n  b\\\n  c\u2028d\u0085e\"\n  f: 'a\n\n  b'\n  g: a\n\n    b\n  h: >-\n    a\n     b\n    c\n",
		aPod + "spec: a\rkind: b\n", aPod + "#\rkind: Secret\n", aPod + "#\u0085kind: Secret\n", aPod + "#\u2028---\u2028" + aPod,
		strings.ReplaceAll(aPod+"---\n"+aPod, "\n", "\r"), strings.ReplaceAll(aPod+"---\n"+aPod, "\n", "\r\n"),
		"%YAML 1.1\n---\n" + aPod, "\ufeff" + aPod, "# x\n\n---\n---\n" + aPod + "---\n# y\n",
		`{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "namespace": "a` + "\u2028" + `b"}}`,
		`{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "namespace": "a", "namespace": "b"}, "spec": {"a": 1.0, "b": 1e3, "c": "\/\u00e9\ud83d\ude00", "d": 12345678901234567890123}}`,
		`{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}} {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "y"}}`,
		"---\n" + `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}} {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "y"}}`,
		// Lines within a quoted text that look like those of a ConfigMap with a long text.
		"apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec:\n   - a: [\"\nkind: ConfigMap\ndata:\n  a: |\n   \"]\n   - b: c\n" + long,
		"apiVersion: v1\nmetadata: {name: x}\nspec: \"\ndata:\n  a: |\n   \"\n" + long + "kind: ConfigMap\n",
		"apiVersion: v1\nmetadata: {name: x}\ndata:\n  b: \"\n  a: |\n   \"\n" + long + "kind: ConfigMap\n",
		"apiVersion: v1\nmetadata:\n  name: x\n  labels:\n    a: '\ndata:\n  a: |\n      '\n    b: c\n" + long + "\nkind: ConfigMap\n",
		"apiVersion: v1\nmetadata: {name: x}\ndata:\n  a: |\n   x\u0085kind: Pod\u0085spec: {a: b}\n" + long + "\nkind: ConfigMap\n",
		"apiVersion: v1\nmetadata: {name: x}\ndata:\n  a: |\n      x\n" + long + "   b: c\nkind: ConfigMap\n",
		"apiVersion: v1\nmetadata: {name: x}\ndata:\n  a: |\n\n" + long + "\n   b: c\n  d: e\nkind: ConfigMap\n",
	}
}

// What is read is what kubectl reads, or there is an error.
func TestReadsAsKubectl(t *testing.T) {
	for _, text := range written() {
		asKubectl(t, text)
	}
}

func FuzzReadsAsKubectl(f *testing.F) {
	for _, text := range written() {
		f.Add(text)
	}
	f.Fuzz(asKubectl)
}

func asKubectl(t *testing.T, text string) {
	r, err := snapshot.Read(t.Context(), snapshot.Options{Paths: []string{"-"}, In: strings.NewReader(text), Warn: func(string) {}})
	if err != nil {
		return
	}
	var read []unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(text), 4096)
	for {
		var o unstructured.Unstructured
		if err := decoder.Decode(&o.Object); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return // kubectl says so, and applies none of it
		}
		if o.Object == nil {
			continue
		}
		if items, is := o.Object["items"].([]any); is {
			for _, item := range items {
				o, _ := item.(map[string]any)
				read = append(read, unstructured.Unstructured{Object: o})
			}
			continue
		}
		read = append(read, o)
	}
	require.Len(t, r.Objects, len(read), "%q", text)
	for i, o := range r.Objects {
		require.Equal(t, read[i].GetName(), o.ID.Name, "%q", text)
		require.Equal(t, read[i].GetKind(), o.ID.Kind, "%q", text)
		require.Equal(t, whole(read[i].Object), whole(o.Content), "%q", text)
	}
}

// whole is an object without what a snapshot leaves out.
func whole(o map[string]any) any {
	o = maps.Clone(o)
	if o["kind"] == "ConfigMap" || o["kind"] == "Secret" || o["kind"] == "CustomResourceDefinition" {
		for _, field := range []string{"data", "stringData", "binaryData", "spec"} {
			delete(o, field)
		}
	}
	if metadata, is := o["metadata"].(map[string]any); is {
		metadata = maps.Clone(metadata)
		delete(metadata, "managedFields")
		o["metadata"] = metadata
	}
	return numbers(o)
}

// numbers makes numbers of one type of those in a value.
func numbers(value any) any {
	switch value := value.(type) {
	case int64:
		return float64(value)
	case []any:
		list := make([]any, len(value))
		for i, element := range value {
			list[i] = numbers(element)
		}
		return list
	case map[string]any:
		fields := map[string]any{}
		for key, field := range value {
			fields[key] = numbers(field)
		}
		return fields
	}
	return value
}
