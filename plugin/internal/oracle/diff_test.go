package oracle_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/oracle"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

func TestDiff(t *testing.T) {
	const base = `apiVersion: v1
kind: ConfigMap
metadata:
  name: istio
  namespace: a
`
	for name, test := range map[string]struct {
		want, got string
		diff      []string
	}{
		"equal but for style": {
			want: base + "data: {x: \"a\"} # a comment\n",
			got:  "metadata: {namespace: a, name: istio}\nkind: ConfigMap\ndata:\n  x: a\napiVersion: v1\n",
		},
		"a string is no boolean": {
			want: base + "x: \"true\"\n", got: base + "x: true\n",
			diff: []string{`ConfigMap a/istio x: want "true", got "true"`},
		},
		"missing, superfluous and changed fields": {
			want: base + "x: [1, 2]\ny: 1\n", got: base + "x: [1, 3, 4]\nz: 1\n",
			diff: []string{
				`ConfigMap a/istio x.1: want "2", got "3"`,
				`ConfigMap a/istio x.2: want "<nil>", got "4"`,
				`ConfigMap a/istio y: want "1", got "<nil>"`,
				`ConfigMap a/istio z: want "<nil>", got "1"`,
			},
		},
		"text that is YAML": {
			want: base + "data:\n  mesh: |\n    a: {b: 1}\n    c: 2\n", got: base + "data:\n  mesh: |\n    c:   2\n    a:\n      b: 3\n",
			diff: []string{`ConfigMap a/istio data.mesh.a.b: want "1", got "3"`},
		},
		"other text": {
			want: base + "data:\n  x: |\n    a\n    b\n", got: base + "data:\n  x: |\n    a\n    c\n",
			diff: []string{`ConfigMap a/istio data.x: want "a\nb\n", got "a\nc\n"`},
		},
		"another name": {
			want: base, got: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other, namespace: a}\n",
			diff: []string{`ConfigMap a/istio metadata.name: want "istio", got "other"`},
		},
		"another object": {
			want: base, got: "apiVersion: v1\nkind: Service\nmetadata: {name: istio, namespace: a}\n",
			diff: []string{
				`ConfigMap a/istio : want "the object", got "<nil>"`,
				`Service a/istio : want "<nil>", got "the object"`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var diff []string
			for _, d := range oracle.Diff(objecttest.Parse(t, test.want), objecttest.Parse(t, test.got)) {
				diff = append(diff, d.String())
			}
			require.Equal(t, test.diff, diff)
		})
	}
}
