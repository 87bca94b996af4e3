package image

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// copyContext copies what .dockerignore leaves of a folder: the build context.
func copyContext(folder, into string) error {
	ignored, err := ignoredBy(filepath.Join(folder, ".dockerignore"))
	if err != nil {
		return err
	}
	if err := makeFolder(into); err != nil {
		return err
	}
	return filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || name == folder {
			return err
		}
		relative, err := filepath.Rel(folder, name)
		if err != nil {
			return err
		}
		switch ignore, err := ignored.MatchesOrParentMatches(filepath.ToSlash(relative)); {
		case err != nil:
			return err
		case ignore && entry.IsDir() && !ignored.Exclusions():
			return fs.SkipDir
		case ignore:
			return nil // something below it may be taken in again
		}
		if entry.IsDir() {
			return makeFolder(filepath.Join(into, relative))
		}
		return copyFile(name, filepath.Join(into, relative))
	})
}

func ignoredBy(file string) (*patternmatcher.PatternMatcher, error) {
	text, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return patternmatcher.New(nil)
	} else if err != nil {
		return nil, err
	}
	defer text.Close()
	patterns, err := ignorefile.ReadAll(text)
	if err != nil {
		return nil, err
	}
	return patternmatcher.New(patterns)
}

// copyTree copies a file, or what is in a folder, to a path whose folders are
// made.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return makeFolder(filepath.Join(to, relative))
		}
		return copyFile(name, filepath.Join(to, relative))
	})
}

// copyFile copies a file with its mode, which umask does not change.
func copyFile(from, to string) error {
	info, err := os.Lstat(from)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s: found %s; this package knows files and folders", from, info.Mode().Type())
	}
	if err := makeFolder(filepath.Dir(to)); err != nil {
		return err
	}
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Chmod(info.Mode().Perm()), target.Close())
}

// makeFolder makes a folder, and those above it, as a builder does: everybody
// may go in, whatever the umask.
func makeFolder(name string) error {
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return nil
	}
	if err := makeFolder(filepath.Dir(name)); err != nil {
		return err
	}
	if err := os.Mkdir(name, 0o755); err != nil {
		return err
	}
	return os.Chmod(name, 0o755)
}
