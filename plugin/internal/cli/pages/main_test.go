package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/cli"
)

func TestEachCommandHasAPage(t *testing.T) {
	into := filepath.Join(t.TempDir(), "pages")
	require.NoError(t, run(into, "2026-01-31"))
	commands := 0
	for _, cmd := range cli.New(cli.Streams{}).Commands() {
		if !cmd.IsAvailableCommand() || cmd.Name() == "completion" {
			continue
		}
		commands++
		text, err := os.ReadFile(filepath.Join(into, "man", "istio-tenancy-"+cmd.Name()+".1"))
		require.NoError(t, err)
		require.Contains(t, string(text), "Jan 2026")
		require.Contains(t, string(text), cmd.Short)
		require.Contains(t, string(text), "EXAMPLE", "%s shows how it is used", cmd.Name())
	}
	require.Greater(t, commands, 8)
	for _, name := range []string{"istio-tenancy.bash", "_istio-tenancy", "istio-tenancy.fish", "istio-tenancy.ps1"} {
		text, err := os.ReadFile(filepath.Join(into, "completions", name))
		require.NoError(t, err)
		require.Contains(t, strings.ToLower(string(text)), "completion", name)
	}
}

func TestWithoutAPlaceNothingIsWritten(t *testing.T) {
	require.ErrorContains(t, run("", "2026-01-31"), "-o: found \"\". Write the folder for the pages")
	into := filepath.Join(t.TempDir(), "pages")
	require.ErrorContains(t, run(into, "soon"), "-date:")
	require.NoDirExists(t, into)
}
