package setting_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/program"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/setting"
)

func TestResolve(t *testing.T) {
	for name, c := range map[string]struct{ container, value, unknown string }{
		"env alone":                {"env: [{name: A, value: x}]", "x", ""},
		"a ConfigMap":              {"envFrom: [{configMapRef: {name: first}}]", "one", ""},
		"the last of two":          {"envFrom: [{configMapRef: {name: first}}, {configMapRef: {name: second}}]", "two", ""},
		"env before a ConfigMap":   {"{envFrom: [{configMapRef: {name: first}}], env: [{name: A, value: x}]}", "x", ""},
		"a prefix":                 {"envFrom: [{prefix: B_, configMapRef: {name: first}}]", "", ""},
		"a Secret":                 {"envFrom: [{secretRef: {name: s}}]", "", "Secret s (envFrom[0])"},
		"a Secret after":           {"envFrom: [{configMapRef: {name: first}}, {secretRef: {name: s}}]", "one", "Secret s (envFrom[1])"},
		"a Secret before":          {"envFrom: [{secretRef: {name: s}}, {configMapRef: {name: first}}]", "one", ""},
		"a Secret, and env":        {"{envFrom: [{secretRef: {name: s}}], env: [{name: A, value: x}]}", "x", ""},
		"no ConfigMap":             {"envFrom: [{configMapRef: {name: third}}]", "", "ConfigMap third (envFrom[0])"},
		"a key":                    {"env: [{name: A, valueFrom: {configMapKeyRef: {name: second, key: A}}}]", "two", ""},
		"a key of a Secret":        {"env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: A}}}]", "", "Secret s (env)"},
		"a key of no ConfigMap":    {"env: [{name: A, valueFrom: {configMapKeyRef: {name: third, key: A}}}]", "", "ConfigMap third (env)"},
		"a key that is replaced":   {"env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: A}}}, {name: A, value: x}]", "x", ""},
		"a variable in a variable": {"{envFrom: [{configMapRef: {name: first}}], env: [{name: A, value: $(A)-$(C)}]}", "one-$(A)", ""},
	} {
		container := yaml.MustParse(c.container)
		unknown := setting.Resolve(container, func(name string) (map[string]string, bool) {
			data, found := map[string]map[string]string{"first": {"A": "one", "C": "$(A)"}, "second": {"A": "two"}}[name]
			return data, found
		})
		require.Equal(t, c.unknown, unknown.Of("A"), name)
		require.Equal(t, c.value, program.Variables(container)["A"].Text, name)
	}
}
