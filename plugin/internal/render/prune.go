package render

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// prune deals with the output of overlays that are gone.
func (r *run) prune(overlays []overlay, old orphans) (err error) {
	for _, name := range old.without {
		from, _ := r.output.source(name)
		err = errors.Join(err, fmt.Errorf("%s: is rendered from %s, which still exists, and stays: %s %w",
			filepath.Join(r.Output, name), from, from, withoutKustomization(from)))
	}
	for _, name := range old.gone {
		if !r.Prune {
			r.Warn(fmt.Sprintf("%s: its overlay is gone; --prune removes it", filepath.Join(r.Output, name)))
			continue
		}
		if !r.moves(overlays, name) {
			continue
		}
		gone, theirs, e := r.output.removal(name)
		if e != nil {
			err = errors.Join(err, e)
			continue
		}
		if len(theirs) > 0 {
			r.Warn(fmt.Sprintf("%s: its overlay is gone, and what render did not write stays: %s",
				filepath.Join(r.Output, name), strings.Join(theirs, ", ")))
		}
		for _, line := range abandoned(gone, r.stay(overlays, name)) {
			r.Warn(filepath.Join(r.Output, name) + ": " + line)
		}
		if r.Diff {
			r.diffs[name] = r.output.unified(name, gone)
		}
		if !r.readOnly() {
			if len(theirs) > 0 {
				e = r.output.apply(name, gone)
			} else {
				e = errors.Join(r.output.remove(name), r.output.end(name))
			}
			r.cache.forget(name)
		}
		err = errors.Join(err, e)
		r.differs(name, removed)
	}
	return err
}

// orphans are the directories of ours whose overlays are gone, and those whose
// overlays' directories are there without a kustomization, which may have got
// another name by mistake.
type orphans struct{ gone, without []string }

// orphans are looked for among all outputs but those of present, the names of the
// overlays of this run.
func (o output) orphans(present map[string]bool) (found orphans, err error) {
	entries, err := os.ReadDir(o.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return orphans{}, nil
	}
	for _, e := range entries {
		if !e.IsDir() || e.Name() == cacheDir || present[e.Name()] {
			continue
		}
		switch from, ours := o.source(e.Name()); {
		case !ours || hasKustomization(from):
		case isGone(from):
			found.gone = append(found.gone, e.Name())
		default:
			found.without = append(found.without, e.Name())
		}
	}
	return found, err
}

// removal are the files to remove of a directory of ours, the kustomization
// last, and the names of all that is somebody else's.
func (o output) removal(name string) (ours []change, theirs []string, err error) {
	entries, err := os.ReadDir(filepath.Join(o.dir, name))
	listed := append(o.listed(name), kustomizationFile)
	var last change
	for _, e := range entries {
		if e.IsDir() || !slices.Contains(listed, e.Name()) {
			theirs = append(theirs, e.Name())
			continue
		}
		old, unread := readRegular(filepath.Join(o.dir, name, e.Name()))
		err = errors.Join(err, unread)
		if c := (change{e.Name(), old, nil}); c.name == kustomizationFile {
			last = c
		} else {
			ours = append(ours, c)
		}
	}
	return append(ours, last), theirs, err
}

// remove removes a directory: at once, since it is renamed first.
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
