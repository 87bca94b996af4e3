// Package objecttest lets tests write objects as YAML.
package objecttest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// Parse reads a stream of objects.
func Parse(t testing.TB, text string) []*yaml.RNode {
	t.Helper()
	objects, err := kio.FromBytes([]byte(text))
	require.NoError(t, err)
	return objects
}

// String writes objects as a stream.
func String(t testing.TB, objects []*yaml.RNode) string {
	t.Helper()
	text, err := kio.StringAll(objects)
	require.NoError(t, err)
	return text
}

// Run filters text, and returns the result as text.
func Run(t testing.TB, f kio.Filter, text string) string {
	t.Helper()
	objects, err := f.Filter(Parse(t, text))
	require.NoError(t, err)
	return String(t, objects)
}

// RunError filters text, and returns the error's message.
func RunError(t testing.TB, f kio.Filter, text string) string {
	t.Helper()
	_, err := f.Filter(Parse(t, text))
	require.Error(t, err)
	return err.Error()
}

// Print filters text, and prints the result, or the error: for examples, which
// have no test that could fail.
func Print(f kio.Filter, text string) {
	objects, err := kio.FromBytes([]byte(text))
	if err == nil {
		objects, err = f.Filter(objects)
	}
	if err != nil {
		fmt.Println("error:", err)
		return
	}
	out, err := kio.StringAll(objects)
	if err != nil {
		fmt.Println("error:", err)
		return
	}
	fmt.Print(out)
}
