package node

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Image is one that the node has, under a name as a Pod states it. No registry
// is asked for any.
type Image struct {
	Name string
	// Also are further names of the same image.
	Also []string
	// Program is a file of this machine, which the image has in /usr/local/bin and
	// runs, with the libraries that it asks for.
	Program string
	// Files are more files of the image, by their paths in it, beside a Program.
	Files map[string]string
	// Root is a folder with the files of the image, in the place of Program.
	Root       string
	Entrypoint []string
	// User is a number; without one, it is root.
	User string
	// Later is for an image that no Pod asks for before Start returns: the node starts without it.
	Later bool
}

// write writes the image as `docker save` does.
func (i Image) write(file string) error {
	var layer bytes.Buffer
	out := tar.NewWriter(&layer)
	config := v1.Config{User: i.User, Entrypoint: i.Entrypoint, Env: []string{"PATH=/usr/local/bin:/usr/bin:/bin"}}
	if i.Root != "" {
		if err := out.AddFS(os.DirFS(i.Root)); err != nil {
			return err
		}
	} else {
		target := "/usr/local/bin/" + filepath.Base(i.Program)
		config.Entrypoint = []string{target}
		libraries, err := LibrariesOf(i.Program)
		if err != nil {
			return err
		}
		libraries[target] = i.Program
		maps.Copy(libraries, i.Files)
		if err := makeRoom(&layer, libraries); err != nil {
			return err
		}
		for to, from := range libraries {
			if err := add(out, to, from); err != nil {
				return err
			}
		}
		for _, folder := range []string{"tmp", "var/run"} {
			if err := out.WriteHeader(&tar.Header{Name: folder + "/", Mode: 0o1777, Typeflag: tar.TypeDir}); err != nil {
				return err
			}
		}
	}
	if err := out.Close(); err != nil {
		return err
	}
	// To compress it would take longer than all else, and so would the opposite.
	image, err := mutate.AppendLayers(empty.Image, static.NewLayer(layer.Bytes(), types.DockerUncompressedLayer))
	if err != nil {
		return err
	}
	described, err := image.ConfigFile()
	if err != nil {
		return err
	}
	described.Config, described.OS, described.Architecture = config, "linux", "amd64"
	if image, err = mutate.ConfigFile(image, described); err != nil {
		return err
	}
	images := map[name.Tag]v1.Image{}
	for _, text := range append([]string{i.Name}, i.Also...) {
		tag, err := name.NewTag(text)
		if err != nil {
			return err
		}
		images[tag] = image
	}
	return tarball.MultiWriteToFile(file, images)
}

// makeRoom is for files, by their sizes: to make room while they are read would take
// longer than all else.
func makeRoom(layer *bytes.Buffer, files map[string]string) error {
	size := int64(64 << 10) // of headers and folders
	for _, from := range files {
		info, err := os.Stat(from)
		if err != nil {
			return err
		}
		size += info.Size()
	}
	layer.Grow(int(size))
	return nil
}

func add(out *tar.Writer, to, from string) error {
	file, err := os.Open(from)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if err := out.WriteHeader(&tar.Header{Name: path.Clean(to)[1:], Mode: 0o755, Size: info.Size()}); err != nil {
		return err
	}
	_, err = io.Copy(out, file)
	return err
}

var library = regexp.MustCompile(`(?:=> |^\s+)(/\S+) \(`)

// LibrariesOf are the shared libraries that a program needs, by their paths;
// ldd fails for one that needs none.
func LibrariesOf(program string) (map[string]string, error) {
	found := map[string]string{}
	out, err := exec.Command("ldd", program).CombinedOutput()
	if bytes.Contains(out, []byte("not a dynamic executable")) {
		return found, nil
	}
	if err != nil {
		return nil, fmt.Errorf("ldd %s: %w: %s", program, err, out)
	}
	for _, line := range bytes.Split(out, []byte("\n")) {
		if m := library.FindSubmatch(line); m != nil {
			found[string(m[1])] = string(m[1])
		}
	}
	return found, nil
}
