package render

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"sigs.k8s.io/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/atomicwrite"
)

const (
	kustomizationFile = "kustomization.yaml"
	manifestsFile     = "manifests.yaml"
	// marker begins the kustomization of every directory that is ours.
	marker = "# Rendered by istio-tenancy from "
)

// file is a file of a tenant's output.
type file struct {
	name    string
	content []byte
}

// output is a directory with one directory per tenant.
type output struct {
	dir   string
	temp  string // on the same file system; "": nothing is written
	split bool
}

// files are a tenant's output: the objects, and the kustomization that lists them.
func (o output) files(overlayDir, name string, text []byte) ([]file, error) {
	files := []file{{manifestsFile, text}}
	if o.split {
		var err error
		if files, err = split(text); err != nil {
			return nil, err
		}
	}
	var names []string
	for _, f := range files {
		names = append(names, f.name)
	}
	k, err := o.kustomization(overlayDir, name, names)
	return append(files, file{kustomizationFile, k}), err
}

// kustomization lists files. It keeps the order of the objects: they are sorted
// already, in the way that the overlay asks for.
func (o output) kustomization(overlayDir, name string, files []string) ([]byte, error) {
	abs, err := filepath.Abs(filepath.Join(o.dir, name))
	if err != nil {
		return nil, err
	}
	from, err := filepath.Rel(resolve(abs), overlayDir)
	if err != nil {
		return nil, err
	}
	list, err := yaml.Marshal(map[string][]string{"resources": files})
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "%s%s: change that, not this.\n"+
		"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n%ssortOptions:\n  order: fifo\n",
		marker, filepath.ToSlash(from), list), nil
}

// resolve follows the links of a path whose end may not exist yet.
func resolve(path string) string {
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		return resolved
	}
	if parent := filepath.Dir(path); parent != path {
		return filepath.Join(resolve(parent), filepath.Base(path))
	}
	return path
}

// source is the overlay that a tenant's directory says it is rendered from;
// !ours: it says nothing.
func (o output) source(name string) (dir string, ours bool) {
	text, err := os.ReadFile(filepath.Join(o.dir, name, kustomizationFile))
	if err != nil {
		return "", false
	}
	line, _, _ := strings.Cut(string(text), "\n")
	from, ours := strings.CutPrefix(line, marker)
	from = strings.TrimSuffix(from, ": change that, not this.")
	return filepath.Join(resolve(filepath.Join(o.dir, name)), filepath.FromSlash(from)), ours
}

// listed are the files that a tenant's kustomization lists.
func (o output) listed(name string) []string {
	text, err := os.ReadFile(filepath.Join(o.dir, name, kustomizationFile))
	if err != nil {
		return nil
	}
	var k struct {
		Resources []string `json:"resources"`
	}
	if yaml.Unmarshal(text, &k) != nil {
		return nil
	}
	return k.Resources
}

// change is what the files of a tenant become: nil content is no file.
type change struct {
	name     string
	old, new []byte
}

// changes compares a tenant's files with what is there.
func (o output) changes(name string, files []file) ([]change, error) {
	var changes []change
	var names []string
	for _, f := range files {
		names = append(names, f.name)
		old, err := os.ReadFile(filepath.Join(o.dir, name, f.name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if f.name == kustomizationFile && err == nil && !bytes.HasPrefix(old, []byte(marker)) {
			return nil, fmt.Errorf("%s: is somebody else's: remove it, or name another output directory",
				filepath.Join(o.dir, name, f.name))
		}
		if err != nil || !bytes.Equal(old, f.content) {
			changes = append(changes, change{f.name, old, f.content})
		}
	}
	if _, ours := o.source(name); ours {
		for _, gone := range o.listed(name) {
			if filepath.Base(gone) != gone || slices.Contains(names, gone) {
				continue
			}
			if old, err := os.ReadFile(filepath.Join(o.dir, name, gone)); err == nil {
				changes = append(changes, change{gone, old, nil})
			}
		}
	}
	return changes, nil
}

// apply makes changes. The kustomization is the last file of a tenant, so that
// it never lists what is not there yet; what it no longer lists is removed then.
func (o output) apply(name string, changes []change) error {
	dir := filepath.Join(o.dir, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, c := range changes {
		if c.new == nil {
			if err := os.Remove(filepath.Join(dir, c.name)); err != nil {
				return err
			}
		} else if err := writeFile(o.temp, filepath.Join(dir, c.name), c.new); err != nil {
			return err
		}
	}
	return nil
}

// writeFile replaces a file as a whole: readers see the old or the new one.
func writeFile(temp, path string, content []byte) error {
	if err := atomicwrite.File(path, temp, 0o644, bytes.NewReader(content)); err != nil {
		return fmt.Errorf("%s: %w", path, cause(err))
	}
	return nil
}

// orphans are the directories of ours whose overlays are gone. present are the
// names of overlays that are there.
func (o output) orphans(present map[string]bool) ([]string, error) {
	entries, err := os.ReadDir(o.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() || e.Name() == cacheDir || present[e.Name()] {
			continue
		}
		if from, ours := o.source(e.Name()); ours && !hasKustomization(from) {
			names = append(names, e.Name())
		}
	}
	return names, err
}

// remove removes a tenant's directory: at once, since it is renamed first.
func (o output) remove(name string) error {
	gone, err := os.MkdirTemp(o.temp, "*")
	if err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(o.dir, name), filepath.Join(gone, name)); err != nil {
		return err
	}
	return os.RemoveAll(gone)
}

// state is what the cache remembers of a tenant's files.
func (o output) state(name string, files []file) ([]outputFile, error) {
	var all []outputFile
	for _, f := range files {
		info, err := os.Stat(filepath.Join(o.dir, name, f.name))
		if err != nil {
			return nil, err
		}
		all = append(all, outputFile{f.name, info.Size(), info.ModTime().UnixNano()})
	}
	return all, nil
}

// unified returns changes as a diff.
func (o output) unified(name string, changes []change) []byte {
	var all []byte
	for _, c := range changes {
		path := filepath.Join(o.dir, name, c.name)
		before, after := path, path
		if c.old == nil {
			before = os.DevNull
		}
		if c.new == nil {
			after = os.DevNull
		}
		all = append(all, diff.Diff(before, c.old, after, c.new)...)
	}
	return all
}
