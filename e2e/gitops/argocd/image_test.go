package argocd_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/e2e/node"
)

const (
	argoCDImage = "quay.io/argoproj/argocd:v3.2.11"
	redisImage  = "public.ecr.aws/docker/library/redis:8.2.2-alpine"
	// pluginImage is that of this program.
	pluginImage = "e2e.local/istio-tenancy:1"
)

// components are the names by which Argo CD's manifests call its one program.
var components = []string{
	"argocd-application-controller", "argocd-applicationset-controller", "argocd-cmp-server", "argocd-git-ask-pass", "argocd-repo-server",
}

// packages are Debian's that the images are made of, by a program of each: what Argo
// CD's own image has from its distribution and its components or its manifests call,
// and Redis, which is one program under several names.
var packages = map[string]string{
	"/bin/cp":            "coreutils",
	"/bin/sh":            "dash",
	"/usr/bin/git":       "git",
	"/usr/bin/gpg":       "gpg",
	"/usr/bin/gpg-agent": "gpg-agent",
	"/usr/bin/gpgconf":   "gpgconf",
	"/usr/bin/tini":      "tini",
	redis:                "redis-tools",
}

const redis = "/usr/bin/redis-check-rdb"

// images makes those that Argo CD's manifests name, below a folder.
func images(folder string) ([]node.Image, error) {
	argoCD, cache := root(filepath.Join(folder, "argocd")), root(filepath.Join(folder, "redis"))
	if err := errors.Join(argoCD.fill(), cache.add("/usr/local/bin/redis-server", redis)); err != nil {
		return nil, err
	}
	return []node.Image{
		{Name: argoCDImage, Root: string(argoCD), Entrypoint: []string{"/usr/bin/tini", "--"}, User: "999"},
		{Name: redisImage, Root: string(cache), Entrypoint: []string{"/usr/local/bin/redis-server"}, User: "999"},
	}, nil
}

// root is a folder that becomes the root file system of an image.
type root string

func (r root) at(path string) string { return filepath.Join(string(r), path) }

// fill adds what Argo CD's Dockerfile puts into its image, without Helm.
func (r root) fill() error {
	files := map[string]string{
		"/usr/local/bin/argocd":    binaries["argocd"],
		"/usr/local/bin/kustomize": binaries["argocd-kustomize"],
	}
	for _, script := range []string{"gpg-wrapper.sh", "git-verify-wrapper.sh"} {
		files["/usr/local/bin/"+script] = filepath.Join(binaries["argocd-scripts"], script)
	}
	for program := range packages {
		files[program] = program
	}
	for to, from := range files {
		if err := r.add(to, from); err != nil {
			return err
		}
	}
	if err := r.addGit(); err != nil {
		return err
	}
	for _, name := range components {
		if err := os.Symlink("argocd", r.at("/usr/local/bin/"+name)); err != nil {
			return err
		}
	}
	for _, folder := range []string{"/etc", "/tmp", "/home/argocd", "/app/config"} {
		if err := os.MkdirAll(r.at(folder), 0o755); err != nil {
			return err
		}
	}
	return os.WriteFile(r.at("/etc/passwd"), []byte("root:x:0:0::/:/bin/sh\nargocd:x:999:999::/home/argocd:/bin/sh\n"), 0o644)
}

// add copies a program of this machine, and the libraries that it asks for.
func (r root) add(to, from string) error {
	files, err := node.LibrariesOf(from)
	if err != nil {
		return err
	}
	files[to] = from
	for to, from := range files {
		text, err := os.ReadFile(from)
		if err := errors.Join(err, os.MkdirAll(filepath.Dir(r.at(to)), 0o755)); err != nil {
			return err
		}
		if err := os.WriteFile(r.at(to), text, 0o755); err != nil {
			return err
		}
	}
	return nil
}

// addGit adds git's own programs, of which most are links to one.
func (r root) addGit() error {
	out, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		return fmt.Errorf("git --exec-path: %w", err)
	}
	return filepath.WalkDir(strings.TrimSpace(string(out)), func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			return os.MkdirAll(r.at(path), 0o755)
		case entry.Type() == fs.ModeSymlink:
			to, err := os.Readlink(path)
			return errors.Join(err, os.Symlink(to, r.at(path)))
		}
		return r.add(path, path)
	})
}
