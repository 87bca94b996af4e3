package jsontext_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/jsontext"
)

func TestReplace(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{`{"a": {"b": "c"}}`, `{"a": {"b": "x"}}`},
		{`{ "z":1, "a" : {"c": [ {"b": 1} ],"b"  :{"a": null}} }`, `{ "z":1, "a" : {"c": [ {"b": 1} ],"b"  :"x"} }`},
		{`{"b": "c"}`, ""},
		{`{"a": {"c": "b"}}`, ""},
		{`{"a": "b"}`, ""},
		{`{"a": ["b"]}`, ""},
		{`{"a": null}`, ""},
	} {
		got, found, err := jsontext.Replace(test.text, "x", "a", "b")
		require.NoError(t, err, test.text)
		require.Equal(t, test.want != "", found, test.text)
		if !found {
			test.want = test.text
		}
		require.Equal(t, test.want, got)
	}
	got, _, err := jsontext.Replace(`{"a": 1}`, "\"\n", "a")
	require.NoError(t, err)
	require.Equal(t, `{"a": "\"\n"}`, got)
	for _, text := range []string{"", "[]", "a: b", `{"a": `, `{"a": {]}`} {
		_, _, err := jsontext.Replace(text, "x", "a")
		require.ErrorContains(t, err, "want a JSON object: ", text)
	}
}

func TestString(t *testing.T) {
	for text, want := range map[string]string{
		`{"a": {"b": "c\"d"}}`: `c"d`,
		`{"a": {"b": 1}}`:      "",
		`{"a": {}}`:            "",
	} {
		got, err := jsontext.String(text, "a", "b")
		require.NoError(t, err)
		require.Equal(t, want, got, text)
	}
	_, err := jsontext.String("x", "a")
	require.Error(t, err)
}

func TestIsTrue(t *testing.T) {
	for text, want := range map[string]bool{
		`{"a": {"b": true}}`:   true,
		`{"a": {"b": false}}`:  false,
		`{"a": {"b": "true"}}`: false,
		`{"a": {}}`:            false,
	} {
		got, err := jsontext.IsTrue(text, "a", "b")
		require.NoError(t, err)
		require.Equal(t, want, got, text)
	}
	_, err := jsontext.IsTrue("x", "a")
	require.Error(t, err)
}
