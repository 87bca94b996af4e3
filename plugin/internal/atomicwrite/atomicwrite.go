// Package atomicwrite writes files and directories as a whole: who reads one
// sees the old or the new, and never a part. What cannot be written leaves
// nothing behind.
//
// Errors name what was to be written, not where it was built.
//
// It does not wait for the disk: after a crash of the machine, a file may be
// empty.
package atomicwrite

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// File replaces the file at path, or makes it, with permissions mode. It is
// written in the directory temp, which is on the same file system, and renamed;
// "" is the directory of path. A program that runs from the old file goes on.
func File(path, temp string, mode fs.FileMode, content io.Reader) error {
	if temp == "" {
		temp = filepath.Dir(path)
	}
	f, err := os.CreateTemp(temp, "."+filepath.Base(path)+"-*")
	if err != nil {
		return at(path, err)
	}
	_, err = io.Copy(f, content)
	if err = errors.Join(err, f.Chmod(mode), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the first error says more
	}
	return at(path, err)
}

// Dir makes the directory at path, and those that it is in, with files by
// slash-separated path below it. It has the permissions of any new directory.
// What is at path already must be an empty directory: [fs.ErrExist]. It is
// written in temp, as by [File].
func Dir(path, temp string, files map[string][]byte) error {
	parent := filepath.Dir(path)
	if err := os.MkdirAll(parent, 0o777); err != nil {
		return at(parent, err)
	}
	if temp == "" {
		temp = parent
	}
	building, err := os.MkdirTemp(temp, "."+filepath.Base(path)+"-*")
	if err != nil {
		return at(path, err)
	}
	made := filepath.Join(building, "made") // building itself is for nobody else to read
	return errors.Join(dir(path, made, files), at(path, os.RemoveAll(building)))
}

// Fill adds files, by slash-separated path, to the directory at path, which stays as it
// is otherwise: it may be the working directory, or have others' files. It has no file
// or directory of their names yet: [fs.ErrExist]. After an error, it has none of them.
func Fill(path string, files map[string][]byte) error {
	building, err := os.MkdirTemp(path, ".new-*")
	if err != nil {
		return at(path, err)
	}
	made := filepath.Join(building, "made")
	return errors.Join(fill(path, made, files), at(path, os.RemoveAll(building)))
}

// fill makes a directory at made, and moves what is in it to path.
func fill(path, made string, files map[string][]byte) error {
	if err := write(path, made, files); err != nil {
		return err
	}
	entries, err := os.ReadDir(made)
	if err != nil {
		return at(path, err)
	}
	for i, e := range entries {
		to := filepath.Join(path, e.Name())
		if _, err = os.Lstat(to); err == nil {
			err = fs.ErrExist
		} else {
			err = os.Rename(filepath.Join(made, e.Name()), to)
		}
		if err != nil {
			for _, moved := range entries[:i] {
				_ = os.RemoveAll(filepath.Join(path, moved.Name())) // the first error says more
			}
			return at(to, err)
		}
	}
	return nil
}

// dir makes a directory at made, and renames it to path.
func dir(path, made string, files map[string][]byte) error {
	if err := write(path, made, files); err != nil {
		return err
	}
	if info, err := os.Lstat(path); err == nil && (!info.IsDir() || os.Remove(path) != nil) {
		return at(path, fs.ErrExist)
	}
	return at(path, os.Rename(made, path))
}

// write makes a directory at made, which is to be at path.
func write(path, made string, files map[string][]byte) error {
	if err := os.Mkdir(made, 0o777); err != nil {
		return at(path, err)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		file := filepath.Join(made, filepath.FromSlash(name))
		err := os.MkdirAll(filepath.Dir(file), 0o777)
		if err == nil {
			err = os.WriteFile(file, files[name], 0o666)
		}
		if err != nil {
			return at(filepath.Join(path, filepath.FromSlash(name)), err)
		}
	}
	return nil
}

// at is an error about path, whatever temporary path the error is about.
func at(path string, err error) error {
	if err == nil {
		return nil
	}
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		err = p.Err
	} else if l := (*os.LinkError)(nil); errors.As(err, &l) {
		err = l.Err
	}
	return fmt.Errorf("%s: %w", path, err)
}
