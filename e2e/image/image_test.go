package image_test

import (
	"debug/buildinfo"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/e2e/image"
)

// The image that a release has: what it holds, and that its program, which is linked
// statically, runs as the function of a container without any other file.
func TestBuild(t *testing.T) {
	into := filepath.Join(t.TempDir(), "image")
	made, err := image.Build(t.Context(), "../..", into)
	require.NoError(t, err)
	require.Equal(t, image.Image{
		Root: filepath.Join(into, "rootfs"), User: 999, Group: 999, Env: []string{"PATH=/usr/local/bin"}, Entrypoint: []string{"istio-tenancy"},
	}, made)
	opened, err := image.Open(into)
	require.NoError(t, err)
	require.Equal(t, made, opened)

	modes := map[string]string{}
	require.NoError(t, filepath.WalkDir(made.Root, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if name, _ := filepath.Rel(made.Root, path); name != "." {
			modes[name] = info.Mode().String()
		}
		return err
	}))
	require.Equal(t, map[string]string{
		"usr": "drwxr-xr-x", "usr/local": "drwxr-xr-x", "usr/local/bin": "drwxr-xr-x", "usr/local/bin/istio-tenancy": "-rwxr-xr-x",
	}, modes)

	program := filepath.Join(made.Root, "usr/local/bin/istio-tenancy")
	info, err := buildinfo.ReadFile(program)
	require.NoError(t, err)
	settings := map[string]string{}
	for _, setting := range info.Settings {
		settings[setting.Key] = setting.Value
	}
	require.Equal(t, "0", settings["CGO_ENABLED"])
	function := exec.Command(program)
	function.Env = []string{}
	function.Stdin = strings.NewReader("{apiVersion: config.kubernetes.io/v1, kind: ResourceList, items: []}")
	out, err := function.CombinedOutput()
	require.Error(t, err, "a list without a function's configuration is a mistake")
	require.Contains(t, string(out), "functionConfig")

	labels := labelsOf(t, filepath.Join(into, "layout"))
	require.Equal(t, "Apache-2.0", labels["org.opencontainers.image.licenses"])
	require.Equal(t, info.Main.Version, labels["org.opencontainers.image.version"])
	require.Equal(t, settings["vcs.revision"], labels["org.opencontainers.image.revision"], "a commit, where Go finds one")
}

func labelsOf(t *testing.T, folder string) map[string]string {
	outer, err := layout.ImageIndexFromPath(folder)
	require.NoError(t, err)
	list, err := outer.IndexManifest()
	require.NoError(t, err)
	index, err := outer.ImageIndex(list.Manifests[0].Digest)
	require.NoError(t, err)
	list, err = index.IndexManifest()
	require.NoError(t, err)
	require.Len(t, list.Manifests, 1)
	require.Equal(t, &v1.Platform{OS: "linux", Architecture: runtime.GOARCH}, list.Manifests[0].Platform)
	made, err := index.Image(list.Manifests[0].Digest)
	require.NoError(t, err)
	config, err := made.ConfigFile()
	require.NoError(t, err)
	require.Len(t, config.RootFS.DiffIDs, 1)
	return config.Config.Labels
}
