package image_test

import (
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
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

func TestListHasEachLayerOfEachPlatform(t *testing.T) {
	index, err := image.New(programs(t), facts)
	require.NoError(t, err)
	var out strings.Builder
	require.NoError(t, image.List(&out, index))
	digest, err := index.Digest()
	require.NoError(t, err)
	require.Regexp(t, `^`+digest.String()+`
linux/amd64, user 999:999
  sha256:[0-9a-f]{64}  0.0 MB
linux/arm64, user 999:999
  sha256:[0-9a-f]{64}  0.0 MB
$`, out.String())
}

func TestPushCopiesAllOfIt(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	index, err := image.New(programs(t), facts)
	require.NoError(t, err)
	to := strings.TrimPrefix(server.URL, "http://") + "/platform/istio-tenancy:v1.2.3"
	require.NoError(t, image.Push(t.Context(), to, index))
	reference, err := name.ParseReference(to)
	require.NoError(t, err)
	pulled, err := remote.Index(reference)
	require.NoError(t, err)
	require.NoError(t, validate.Index(pulled))
	want, err := index.Digest()
	require.NoError(t, err)
	got, err := pulled.Digest()
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.ErrorContains(t, image.Push(t.Context(), "Not A Name", index), "Not A Name")
}

func TestWriteTouchesNoFolderThatHasSomething(t *testing.T) {
	index, err := image.New(programs(t), facts)
	require.NoError(t, err)
	into := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(into, "mine"), nil, 0o600))
	require.ErrorContains(t, image.Write(into, index), "found mine and others; must be a folder that is not there, or is empty")
}
