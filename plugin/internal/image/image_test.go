package image_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/image"
)

func programs(t *testing.T) (all []image.Program) {
	for _, architecture := range []string{"amd64", "arm64"} {
		file := filepath.Join(t.TempDir(), architecture)
		require.NoError(t, os.WriteFile(file, []byte("a program for "+architecture), 0o600))
		all = append(all, image.Program{File: file, Platform: image.Platform{OS: "linux", Architecture: architecture}})
	}
	return all
}

var facts = image.Facts{Made: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Version: "v1.2.3", Revision: "0123abc"}

func TestTheSameProgramsMakeTheSameImage(t *testing.T) {
	var digests []string
	for range 2 {
		index, err := image.New(programs(t), facts)
		require.NoError(t, err)
		into := filepath.Join(t.TempDir(), "image")
		require.NoError(t, image.Write(into, index))
		written, err := layout.ImageIndexFromPath(into)
		require.NoError(t, err)
		require.NoError(t, validate.Index(written))
		digest, err := written.Digest()
		require.NoError(t, err)
		digests = append(digests, digest.String())
	}
	require.Equal(t, digests[0], digests[1])
}

func TestEachPlatformHasItsProgram(t *testing.T) {
	index, err := image.New(programs(t), facts)
	require.NoError(t, err)
	list, err := index.IndexManifest()
	require.NoError(t, err)
	require.Len(t, list.Manifests, 2)
	require.Equal(t, "v1.2.3", list.Annotations["org.opencontainers.image.version"])
	for i, architecture := range []string{"amd64", "arm64"} {
		entry := list.Manifests[i]
		require.Equal(t, &v1.Platform{OS: "linux", Architecture: architecture}, entry.Platform)
		one, err := index.Image(entry.Digest)
		require.NoError(t, err)
		config, err := one.ConfigFile()
		require.NoError(t, err)
		require.Equal(t, architecture, config.Architecture)
		require.Equal(t, "999:999", config.Config.User)
		require.Equal(t, facts.Made, config.Created.Time)
		require.Equal(t, "0123abc", config.Config.Labels["org.opencontainers.image.revision"])
	}
}

func TestWriteTouchesNoFolderThatHasSomething(t *testing.T) {
	index, err := image.New(programs(t), facts)
	require.NoError(t, err)
	into := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(into, "mine"), nil, 0o600))
	require.ErrorContains(t, image.Write(into, index), "found mine and others; must be a folder that is not there, or is empty")
}
