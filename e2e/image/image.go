package image

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
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
	files  = "rootfs"
	config = "config.json"
)

// Build makes the image of the Dockerfile in a folder, which is also the build
// context, and keeps it below another one, in the place of an older image.
func Build(ctx context.Context, folder, into string) (Image, error) {
	text, err := os.Open(filepath.Join(folder, "Dockerfile"))
	if err != nil {
		return Image{}, err
	}
	defer text.Close()
	parsed, err := parser.Parse(text)
	if err != nil {
		return Image{}, err
	}
	stages, args, err := instructions.Parse(parsed.AST, nil)
	switch {
	case err != nil:
		return Image{}, fmt.Errorf("Dockerfile: %w", err)
	case len(args) > 0:
		return Image{}, errors.New("Dockerfile: found ARG before FROM, which this package does not know")
	}
	// Not below the repository: what is built there would be stamped with its commit.
	work, err := os.MkdirTemp("", "image-")
	if err != nil {
		return Image{}, err
	}
	defer os.RemoveAll(work)
	left := filepath.Join(work, "context")
	if err := copyContext(folder, left); err != nil {
		return Image{}, fmt.Errorf("build context: %w", err)
	}
	build := build{context: left, stages: map[string]*stage{}}
	var last *stage
	for i, parsed := range stages {
		if last, err = build.stage(ctx, parsed, filepath.Join(work, strconv.Itoa(i))); err != nil {
			return Image{}, fmt.Errorf("Dockerfile: %w", err)
		}
	}
	return last.keep(into)
}

// Open returns the image that Build has kept in a folder.
func Open(folder string) (Image, error) {
	text, err := os.ReadFile(filepath.Join(folder, config))
	if err != nil {
		return Image{}, err
	}
	made := Image{Root: filepath.Join(folder, files)}
	return made, json.Unmarshal(text, &made)
}

// keep writes what the stage is where Open finds it.
func (s *stage) keep(into string) (Image, error) {
	if s.base != scratch {
		return Image{}, fmt.Errorf("Dockerfile: the last stage is FROM %s; this package knows the files of %s alone", s.base, scratch)
	}
	made := Image{Root: filepath.Join(into, files), Env: s.env, Entrypoint: s.entrypoint}
	var err error
	if made.User, made.Group, err = numbers(s.user); err != nil {
		return Image{}, err
	}
	text, err := json.Marshal(made)
	if err != nil {
		return Image{}, err
	}
	if err := os.RemoveAll(into); err != nil {
		return Image{}, err
	}
	if err := copyTree(s.folder, made.Root); err != nil {
		return Image{}, err
	}
	return made, os.WriteFile(filepath.Join(into, config), text, 0o644)
}

// numbers are those of USER; without one, a container is root.
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
		return 0, 0, fmt.Errorf("Dockerfile: USER: found %q, which is not UID:GID in numbers: %w", user, err)
	}
	return uid, gid, nil
}
