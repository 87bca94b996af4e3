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
	"unicode"

	"github.com/rogpeppe/go-internal/diff"
	"sigs.k8s.io/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/atomicwrite"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/printable"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/regular"
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
	adopt bool // takes over what another overlay's is

	unfinished map[string][]string // see unfinished
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
	if strings.ContainsFunc(from, breaksLine) { // the rest would be fields of the kustomization
		return nil, fmt.Errorf("%s: the path has a line break or another control character: rename the directory", printable.Text(from))
	}
	list, err := yaml.Marshal(map[string][]string{"resources": files})
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "%s%s: change that, not this.\n"+
		"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n%ssortOptions:\n  order: fifo\n",
		marker, filepath.ToSlash(from), list), nil
}

// breaksLine says whether a character may not be in a comment of YAML.
func breaksLine(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }

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

// source is the overlay that a directory says it is rendered from; !ours: it
// says nothing.
func (o output) source(name string) (dir string, ours bool) {
	text, err := readRegular(filepath.Join(o.dir, name, kustomizationFile))
	if err != nil || noLinks(filepath.Join(o.dir, name)) != nil {
		return "", false
	}
	line, _, _ := strings.Cut(string(text), "\n")
	from, ours := strings.CutPrefix(line, marker)
	abs, err := filepath.Abs(filepath.Join(o.dir, name))
	if !ours || err != nil {
		return "", false
	}
	from = strings.TrimSuffix(from, ": change that, not this.")
	return filepath.Join(resolve(abs), filepath.FromSlash(from)), true
}

// IsOutput says whether a directory is the output of an overlay.
func IsOutput(dir string) bool {
	_, ours := output{dir: filepath.Dir(dir)}.source(filepath.Base(dir))
	return ours
}

// listed are the files that a tenant's kustomization lists, and those that a run
// which did not finish left beside them.
func (o output) listed(name string) []string {
	left := slices.Clone(o.unfinished[name])
	text, err := readRegular(filepath.Join(o.dir, name, kustomizationFile))
	if err != nil {
		return left
	}
	var k struct {
		Resources []string `json:"resources"`
	}
	if yaml.Unmarshal(text, &k) != nil {
		return left
	}
	left = slices.DeleteFunc(left, func(file string) bool { return slices.Contains(k.Resources, file) })
	return append(k.Resources, left...)
}

// change is what the files of a tenant become: nil content is no file.
type change struct {
	name     string
	old, new []byte
}

// changes compares an overlay's files with what is there. It refuses what
// somebody else, or another overlay, put there.
func (o output) changes(overlayDir, name string, files []file) ([]change, error) {
	if err := noLinks(filepath.Join(o.dir, name)); err != nil {
		return nil, err
	}
	from, ours := o.source(name)
	if ours && from != overlayDir && !o.adopt {
		return nil, o.taken(overlayDir, name, from)
	}
	var changes []change
	var names []string
	for _, f := range files {
		names = append(names, f.name)
		if problem := regular.TooLarge(int64(len(f.content)), regular.LargestFile); problem != "" {
			return nil, fmt.Errorf("%s: %s", filepath.Join(o.dir, name, f.name), problem) // which no run would read again
		}
		old, err := readRegular(filepath.Join(o.dir, name, f.name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err != nil || !bytes.Equal(old, f.content) {
			changes = append(changes, change{f.name, old, f.content})
		}
	}
	if !ours {
		return changes, o.free(name, changes)
	}
	for _, gone := range o.listed(name) {
		if filepath.Base(gone) != gone || slices.Contains(names, gone) {
			continue
		}
		old, err := readRegular(filepath.Join(o.dir, name, gone))
		switch {
		case err == nil:
			changes = append(changes, change{gone, old, nil})
		case !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
	}
	return changes, nil
}

// taken is the error of an overlay whose directory another overlay's output
// has. Two teams may both have an overlay of one name.
func (o output) taken(overlayDir, name, from string) error {
	what := "another directory"
	if isGone(from) {
		what = "a directory that is gone"
	}
	return fmt.Errorf("%s is rendered from %s, %s: give this overlay a name or an output directory of its own; "+
		"or, if it is the same overlay, which has moved to %s, say so with --adopt", filepath.Join(o.dir, name), from, what, overlayDir)
}

// free says whether files can be written to a directory that is not ours: no
// file of the same name may be there, and no kustomization.
func (o output) free(name string, changes []change) error {
	if theirs := kustomizationIn(filepath.Join(o.dir, name)); theirs != "" {
		return notOurs(filepath.Join(o.dir, name, theirs))
	}
	for _, c := range changes {
		if c.old != nil && !slices.Contains(o.unfinished[name], c.name) {
			return notOurs(filepath.Join(o.dir, name, c.name))
		}
	}
	return nil
}

func notOurs(path string) error {
	return fmt.Errorf("%s: was not written by render: remove it, or name another output directory", path)
}

// apply makes changes. A new directory appears as a whole. In one that is there,
// the kustomization is the last file, so that it never lists what is not there
// yet; what it no longer lists is removed then.
func (o output) apply(name string, changes []change) error {
	dir := filepath.Join(o.dir, name)
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		return o.create(dir, changes)
	}
	if err := o.begin(name, changes); err != nil {
		return err
	}
	for i, c := range changes {
		if c.new == nil {
			if err := os.Remove(filepath.Join(dir, c.name)); err != nil {
				return err
			}
		} else if err := writeFile(o.temp, filepath.Join(dir, c.name), c.new); err != nil {
			return errors.Join(err, o.undo(name, changes[:i]))
		}
	}
	return o.end(name)
}

// create makes a directory of files as a whole.
func (o output) create(dir string, files []change) error {
	contents := make(map[string][]byte, len(files))
	for _, f := range files {
		contents[f.name] = f.new
	}
	return atomicwrite.Dir(dir, o.temp, contents)
}

// writeFile replaces a file as a whole: readers see the old or the new one.
func writeFile(temp, path string, content []byte) error {
	return atomicwrite.File(path, temp, 0o644, bytes.NewReader(content))
}

// state is what the cache remembers of a tenant's files.
func (o output) state(name string, files []file) ([]outputFile, error) {
	var all []outputFile
	for _, f := range files {
		info, err := os.Lstat(filepath.Join(o.dir, name, f.name))
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
	return shown(all)
}

// shown is a text without what a terminal obeys: names may have it, and so may files that
// are replaced.
func shown(text []byte) []byte {
	obeyed := func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }
	if !bytes.ContainsFunc(text, obeyed) {
		return text
	}
	var b bytes.Buffer
	for _, r := range string(text) {
		if obeyed(r) {
			b.WriteString(printable.Text(string(r)))
		} else {
			b.WriteRune(r)
		}
	}
	return b.Bytes()
}
