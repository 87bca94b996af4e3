package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestKindsAreThoseOfTheModules: the file says in its head what it was read from.
func TestKindsAreThoseOfTheModules(t *testing.T) {
	text, err := os.ReadFile("../kinds.txt")
	require.NoError(t, err)
	for _, d := range definitions {
		require.Regexp(t, `(?m)^# `+d.module+`@`+d.version+`.* `+d.folders+`$`, string(text), "make kinds")
	}
}

func TestAKindWithBothScopesIsTheClusters(t *testing.T) {
	const definition = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec: {group: a.example, names: {kind: Thing}, scope: "
	read := scopes{}
	for _, scope := range []string{"Namespaced", "Cluster", "Namespaced"} {
		added, err := read.add([]byte(definition + scope + "}"))
		require.NoError(t, err)
		require.Equal(t, 1, added)
	}
	require.Equal(t, "a.example cluster Thing\n", read.String())
	_, err := read.add([]byte(definition + "Both}"))
	require.ErrorContains(t, err, `a CustomResourceDefinition has the group "a.example", the kind "Thing" and the scope "Both"`)
	added, err := read.add([]byte("kind: Kustomization\n# kind: CustomResourceDefinition"))
	require.NoError(t, err)
	require.Zero(t, added)
}
