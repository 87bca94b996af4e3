// Package atomicwrite writes files and directories as a whole: who reads one
// sees the old or the new, and never a part. What cannot be written leaves
// nothing behind.
//
// It does not wait for the disk: after a crash of the machine, a file may be
// empty.
package atomicwrite

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// File replaces the file at path, or makes it, with permissions mode. It is
// written in the directory temp, which is on the same file system, and renamed;
// "" is the directory of path. A program that runs from the old file goes on.
func File(path, temp string, mode fs.FileMode, content io.Reader) (err error) {
	if temp == "" {
		temp = filepath.Dir(path)
	}
	f, err := os.CreateTemp(temp, "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // the first error says more
		}
	}()
	_, err = io.Copy(f, content)
	if err = errors.Join(err, f.Chmod(mode), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// Dir makes the directory at path, and those that it is in, with files by
// slash-separated path below it. It has the permissions of any new directory.
// What is at path already must be an empty directory: [fs.ErrExist].
func Dir(path string, files map[string][]byte) (err error) {
	parent := filepath.Dir(path)
	if err := os.MkdirAll(parent, 0o777); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(parent, "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	made := filepath.Join(temp, "made") // temp itself is for nobody else to read
	if err := os.Mkdir(made, 0o777); err != nil {
		return err
	}
	for name, content := range files {
		file := filepath.Join(made, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(file, content, 0o666); err != nil {
			return err
		}
	}
	if info, err := os.Lstat(path); err == nil && (!info.IsDir() || os.Remove(path) != nil) {
		return fmt.Errorf("%s: %w", path, fs.ErrExist)
	}
	return os.Rename(made, path)
}
