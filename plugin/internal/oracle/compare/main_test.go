package main

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/oracle"
)

func TestWithoutManifestsTheChartsAreCompared(t *testing.T) {
	t.Setenv("CI", "")
	dir := filepath.Join(t.TempDir(), "gone")
	var out, notes strings.Builder
	require.NoError(t, run(oracle.Manifests{dir}, &out, &notes))
	require.Regexp(t, `charts of \d+\.\d+\.\d+ +\d+ `, out.String())
	for _, version := range oracle.Versions {
		require.NotRegexp(t, `(?m)^ *`+regexp.QuoteMeta(version)+` `, out.String())
		require.Contains(t, notes.String(), "  "+version+": "+filepath.Join(version, "istio.yaml")+"\n")
	}
	require.Contains(t, notes.String(), "make compare MANIFESTS=DIR")

	t.Setenv("CI", "true")
	require.ErrorContains(t, run(oracle.Manifests{dir}, &out, &notes), fmt.Sprintf("the manifests of %d versions are missing", len(oracle.Versions)))
}
