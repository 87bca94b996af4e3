package split

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// target is the directory to write.
type target struct {
	dir   string // absolute
	empty bool   // exists, and holds nothing
}

// openTarget refuses a directory that holds anything: files of another split
// beside the new ones would be parts of no kustomization.
func openTarget(dir string) (target, error) {
	if dir == "" {
		return target{}, errors.New("no directory to write to; name a new one")
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return target{}, err
	}
	entries, err := os.ReadDir(abs)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return target{dir: abs}, nil
	case err != nil:
		return target{}, err
	case len(entries) > 0:
		return target{}, fmt.Errorf("%s: is not empty (%s); name a new directory", dir, entries[0].Name())
	}
	if wd, err := os.Getwd(); err == nil && wd == abs {
		return target{}, fmt.Errorf("%s: is the working directory, which is replaced as a whole; name a new directory", dir)
	}
	return target{dir: abs, empty: true}, nil
}

// write makes the directory, with files by slash-separated path. They are
// written beside it and moved as a whole.
func (t target) write(files map[string][]byte) (err error) {
	parent := filepath.Dir(t.dir)
	if err := os.MkdirAll(parent, 0o777); err != nil {
		return err
	}
	temporary, err := os.MkdirTemp(parent, "."+filepath.Base(t.dir)+"-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temporary)) }()
	made := filepath.Join(temporary, "made") // with the permissions of any new directory
	for name, text := range files {
		file := filepath.Join(made, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(file, text, 0o666); err != nil {
			return err
		}
	}
	if t.empty {
		if err := os.Remove(t.dir); err != nil {
			return err
		}
	}
	return os.Rename(made, t.dir)
}
