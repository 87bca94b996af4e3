// Package image makes the container image of this program, without Docker, as a folder
// in the layout of OCI, for several platforms:
//
//	index, err := image.New([]image.Program{{File: "istio-tenancy", Platform: image.Platform{OS: "linux", Architecture: "arm64"}}}, facts)
//	err = image.Write("dist/image", index)
//
// The same programs and facts give the same bytes.
package image

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	registry "github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const (
	// name is what probes, functions and Argo CD call the program by, from PATH.
	name   = "istio-tenancy"
	folder = "usr/local/bin"

	// user is a number, which proves to Kubernetes that it is not root. Argo CD asks for
	// 999, and the API proxy runs as 65532: any user will do.
	user = "999:999"
)

// Platform is what a program runs on, such as linux and arm64.
type Platform = v1.Platform

// Program is a program for a platform, which needs no other file: it is linked statically.
type Program struct {
	File     string
	Platform Platform
}

// Facts are what an image says of itself.
type Facts struct {
	// Made is the time of the commit.
	Made     time.Time
	Version  string
	Revision string
}

// labels are those that OCI has names for.
func (f Facts) labels() map[string]string {
	return map[string]string{
		"org.opencontainers.image.title":       name,
		"org.opencontainers.image.description": "One Istio control plane per tenant of a cluster",
		"org.opencontainers.image.licenses":    "Apache-2.0",
		"org.opencontainers.image.source":      "https://github.com/istio-tenancy/istio-tenancy",
		"org.opencontainers.image.created":     f.Made.UTC().Format(time.RFC3339),
		"org.opencontainers.image.version":     f.Version,
		"org.opencontainers.image.revision":    f.Revision,
	}
}

// New is the image of programs, one for each platform. It has the program and no other
// file: no shell, no libraries, no certificates. As the API proxy the program trusts the
// API server's own CA, which Kubernetes mounts, and as a function it connects to nothing.
func New(programs []Program, facts Facts) (v1.ImageIndex, error) {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, program := range programs {
		image, err := program.image(facts)
		if err != nil {
			return nil, fmt.Errorf("the image for %s: %w", program.Platform, err)
		}
		platform := program.Platform
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: &platform}})
	}
	return mutate.Annotations(index, facts.labels()).(v1.ImageIndex), nil
}

// Write puts an image into a folder that is not there, or is empty.
func Write(into string, index v1.ImageIndex) error {
	entries, err := os.ReadDir(into)
	switch {
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return err
	case len(entries) > 0:
		return fmt.Errorf("%s: found %s and others; must be a folder that is not there, or is empty", into, entries[0].Name())
	}
	path, err := layout.Write(into, empty.Index)
	if err != nil {
		return err
	}
	return path.AppendIndex(index)
}

// Push copies an image to a registry, with the credentials that Docker and Podman keep.
func Push(ctx context.Context, to string, index v1.ImageIndex) error {
	reference, err := registry.ParseReference(to)
	if err != nil {
		return err
	}
	return remote.WriteIndex(reference, index, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain))
}

// List prints the image's digest, and for each platform its layers, with their compressed
// sizes:
//
//	sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
//	linux/amd64, user 999:999
//	  sha256:60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752  24.8 MB
func List(w io.Writer, index v1.ImageIndex) error {
	digest, err := index.Digest()
	if err != nil {
		return err
	}
	list, err := index.IndexManifest()
	if err != nil {
		return err
	}
	text := digest.String() + "\n"
	for _, entry := range list.Manifests {
		image, err := index.Image(entry.Digest)
		if err != nil {
			return err
		}
		config, err := image.ConfigFile()
		if err != nil {
			return err
		}
		manifest, err := image.Manifest()
		if err != nil {
			return err
		}
		text += fmt.Sprintf("%s, user %s\n", entry.Platform, config.Config.User)
		for _, layer := range manifest.Layers {
			text += fmt.Sprintf("  %s  %.1f MB\n", layer.Digest, float64(layer.Size)/1e6)
		}
	}
	_, err = io.WriteString(w, text)
	return err
}

func (p Program) image(facts Facts) (v1.Image, error) {
	files, err := p.files(facts.Made)
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(files)), nil
	}, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, err
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err := mutate.Append(base, mutate.Addendum{
		Layer:   layer,
		History: v1.History{Created: v1.Time{Time: facts.Made}, CreatedBy: name, Comment: folder + "/" + name},
	})
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Variant = p.Platform.OS, p.Platform.Architecture, p.Platform.Variant
	config.Created = v1.Time{Time: facts.Made}
	config.Config = v1.Config{
		User:       user,
		Env:        []string{"PATH=/" + folder},
		Entrypoint: []string{name},
		Labels:     facts.labels(),
	}
	return mutate.ConfigFile(image, config)
}

// files are those of the image, as tar has them.
func (p Program) files(made time.Time) ([]byte, error) {
	program, err := os.ReadFile(p.File)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	archive := tar.NewWriter(&out)
	for _, header := range []tar.Header{
		{Name: "usr/", Typeflag: tar.TypeDir, Mode: 0o755},
		{Name: "usr/local/", Typeflag: tar.TypeDir, Mode: 0o755},
		{Name: folder + "/", Typeflag: tar.TypeDir, Mode: 0o755},
		{Name: folder + "/" + name, Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(program))},
	} {
		header.ModTime = made
		if err := archive.WriteHeader(&header); err != nil {
			return nil, err
		}
	}
	_, err = archive.Write(program)
	err = errors.Join(err, archive.Close())
	return out.Bytes(), err
}
