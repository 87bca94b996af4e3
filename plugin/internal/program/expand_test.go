package program_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/program"
)

func TestWords(t *testing.T) {
	const env = "{env: [{name: A, value: --kube}, {name: B, value: $(A)config}, {name: C, valueFrom: {fieldRef: {fieldPath: metadata.name}}}, {name: D, value: --d=$(C)}, " +
		"{name: E, value: $(F)}, {name: F, value: f}, {name: G}], args: ["
	for word, want := range map[string]struct {
		text string
		name bool
	}{
		"discovery":      {"discovery", false},
		"$(B)":           {"--kubeconfig", false},
		"$(B)=/$(F)":     {"--kubeconfig=/f", false},
		"--$(A)":         {"----kube", false},
		"$(C)":           {"$(C)", true},
		"--$(C)=1":       {"--$(C)=1", true},
		"$(G)--$(C)":     {"--$(C)", true},
		"--log=$(C)":     {"--log=$(C)", false},
		"$(D)":           {"--d=$(C)", false},
		"$(C)$(B)":       {"$(C)--kubeconfig", true},
		"$(E)":           {"$(F)", true}, // F is not there yet
		"$(NONE)":        {"$(NONE)", true},
		"$$(B)":          {"$(B)", false},
		"$$$(B)":         {"$--kubeconfig", false},
		"pod.$(C).local": {"pod.$(C).local", false},
		"$(B":            {"$(B", false},
	} {
		words := program.Words(yaml.MustParse(env + "'" + word + "']}"))
		require.Len(t, words, 1)
		require.Equal(t, word, words[0].Written)
		require.Equal(t, want.text, words[0].Text, word)
		require.Equal(t, want.name, words[0].MayName(), word)
	}
	require.Len(t, program.Words(yaml.MustParse("{command: [a, b], args: [c]}")), 3)
}
