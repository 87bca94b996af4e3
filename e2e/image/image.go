package image

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

// Image is a root filesystem, and what a container has of its image.
type Image struct {
	// Root is the folder with the files of the image, and with no other.
	Root string `json:"-"`
	// User and Group are numbers: a name would need a file that says whose it is.
	User, Group int
	// Env are NAME=VALUE.
	Env []string
	// Entrypoint is the program, which may have to be looked for on PATH, and what
	// stands before a container's own arguments.
	Entrypoint []string
}

const (
	made   = "layout" // the image, as OCI has it
	files  = "rootfs"
	config = "config.json"
)

// Build makes the image for this machine's platform from the sources in a folder, and
// keeps it below another one, in the place of an older image.
func Build(ctx context.Context, folder, into string) (Image, error) {
	into, err := filepath.Abs(into)
	if err != nil {
		return Image{}, err
	}
	if err := os.RemoveAll(into); err != nil {
		return Image{}, err
	}
	at := filepath.Join(into, made)
	cmd := exec.CommandContext(ctx, "go", "run", "./plugin/internal/image/make", "-o", at, "-platforms", "linux/"+runtime.GOARCH)
	cmd.Dir = folder
	if out, err := cmd.CombinedOutput(); err != nil {
		return Image{}, fmt.Errorf("%w\n%s", err, out)
	}
	image, err := Unpack(at, v1.Platform{OS: "linux", Architecture: runtime.GOARCH}, filepath.Join(into, files))
	if err != nil {
		return Image{}, fmt.Errorf("%s: %w", at, err)
	}
	text, err := json.Marshal(image)
	if err != nil {
		return Image{}, err
	}
	return image, os.WriteFile(filepath.Join(into, config), text, 0o644)
}

// Open returns the image that Build has kept in a folder.
func Open(folder string) (Image, error) {
	text, err := os.ReadFile(filepath.Join(folder, config))
	if err != nil {
		return Image{}, err
	}
	image := Image{Root: filepath.Join(folder, files)}
	return image, json.Unmarshal(text, &image)
}

// Unpack lays out the files of an image for a platform, which a folder in OCI's layout
// has, in a folder that is not there.
func Unpack(from string, platform v1.Platform, into string) (Image, error) {
	image, err := find(from, platform)
	if err != nil {
		return Image{}, err
	}
	described, err := image.ConfigFile()
	if err != nil {
		return Image{}, err
	}
	laid := Image{Root: into, Env: described.Config.Env, Entrypoint: described.Config.Entrypoint}
	if laid.User, laid.Group, err = numbers(described.Config.User); err != nil {
		return Image{}, err
	}
	content := mutate.Extract(image)
	defer content.Close()
	if err := os.Mkdir(into, 0o755); err != nil {
		return Image{}, err
	}
	return laid, lay(tar.NewReader(content), into)
}

// find returns the one image of a layout that is for a platform.
func find(from string, platform v1.Platform) (v1.Image, error) {
	index, err := layout.ImageIndexFromPath(from)
	if err != nil {
		return nil, err
	}
	list, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	if len(list.Manifests) != 1 || !list.Manifests[0].MediaType.IsIndex() {
		return nil, errors.New("index.json: must have one image, for all platforms")
	}
	if index, err = index.ImageIndex(list.Manifests[0].Digest); err != nil {
		return nil, err
	}
	if list, err = index.IndexManifest(); err != nil {
		return nil, err
	}
	for _, entry := range list.Manifests {
		if entry.Platform != nil && entry.Platform.Satisfies(platform) {
			return index.Image(entry.Digest)
		}
	}
	return nil, fmt.Errorf("has no image for %s", platform)
}

// lay writes the folders and files of an archive, with the modes that they have there,
// whatever the umask. Another kind of file is an error, so that none is passed over.
func lay(content *tar.Reader, into string) error {
	root, err := os.OpenRoot(into)
	if err != nil {
		return err
	}
	defer root.Close()
	for {
		header, err := content.Next()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		name, mode := filepath.Clean(header.Name), header.FileInfo().Mode().Perm()
		switch header.Typeflag {
		case tar.TypeDir:
			err = root.Mkdir(name, mode)
		case tar.TypeReg:
			err = write(root, name, content)
		default:
			err = fmt.Errorf("%s: found the type %q; this package knows files and folders", name, header.Typeflag)
		}
		if err := errors.Join(err, root.Chmod(name, mode)); err != nil {
			return err
		}
	}
}

func write(root *os.Root, name string, content io.Reader) error {
	file, err := root.Create(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}

// numbers are those of an image's user; without one, a container is root.
func numbers(user string) (uid, gid int, err error) {
	if user == "" {
		return 0, 0, nil
	}
	name, group, stated := strings.Cut(user, ":")
	if !stated {
		group = "0"
	}
	uid, err = strconv.Atoi(name)
	if err == nil {
		gid, err = strconv.Atoi(group)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("the user of the image: found %q, which is not UID:GID in numbers: %w", user, err)
	}
	return uid, gid, nil
}
