package strictyaml_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/strictyaml"
)

func TestCheck(t *testing.T) {
	var many strings.Builder
	for i := range 40 {
		fmt.Fprintf(&many, "k%d: 1\n", i)
	}
	for text, want := range map[string][]strictyaml.Problem{
		"a: {b: [1, {c.d: e}]}\n": nil,
		"a: 1\na: 2\nb: 1\na: 3\n": {
			{"a", "is given twice, again in line 2: give it once"}, {"a", "is given twice, again in line 4: give it once"},
		},
		"a: [b, {x/y: {c: 1, c: 1}}]\n": {{`a[1]["x/y"].c`, "is given twice, again in line 1: give it once"}},
		many.String() + "k7: 2\n":       {{"k7", "is given twice, again in line 41: give it once"}},
		"a: &a {b: c}\nd: *a\n":         {{"d", "is a YAML alias (*a): write the value itself"}},
		"a: &a [*a]\n":                  {{"a[0]", "is a YAML alias (*a): write the value itself"}},
		"a: &a {}\nb: {<<: *a}\n":       {{"b", "has a key that is no string in line 2: keys are plain names"}},
		"a: {b: !!binary aGk=}\n":       {{"a.b", "has the YAML tag !!binary: must be a plain value"}},
		"a: [!thing b, !!str c]\n":      {{"a[0]", "has the YAML tag !thing: must be a plain value"}},
		"!!binary aGk=: a\nhi: b\n":     {{"", "has a key that is no string in line 1: keys are plain names"}},
		"a: !!set {b: null}\n":          {{"a", "has the YAML tag !!set: must be a plain value"}},
		"? [a]\n: b\n":                  {{"", "has a key that is no string in line 1: keys are plain names"}},
	} {
		node, err := strictyaml.Document([]byte(text), "")
		require.NoError(t, err)
		require.Equal(t, want, strictyaml.Check(node), text)
		_, problems := strictyaml.Value(node)
		require.Equal(t, want, problems, text)
	}
}

func TestValue(t *testing.T) {
	for text, want := range map[string]string{
		"{a: [1, 1.30, '1', true, null, 2024-01-01], b: {c: -0.5}}": `{"a":[1,1.30,"1",true,null,"2024-01-01"],"b":{"c":-0.5}}`,
		"1e3": "1000",
	} {
		node, err := strictyaml.Document([]byte(text), "")
		require.NoError(t, err)
		value, problems := strictyaml.Value(node)
		require.Empty(t, problems)
		got, err := json.Marshal(value)
		require.NoError(t, err)
		require.Equal(t, want, string(got))
	}
	for text, want := range map[string]strictyaml.Problem{
		"a: [.inf]":       {Path: "a[0]", Message: "is no number that JSON knows: .inf"},
		"a: !!binary aGk": {Path: "a", Message: "has the YAML tag !!binary: must be a plain value"},
	} {
		node, err := strictyaml.Document([]byte(text), "")
		require.NoError(t, err)
		_, problems := strictyaml.Value(node)
		require.Equal(t, []strictyaml.Problem{want}, problems)
	}
}
