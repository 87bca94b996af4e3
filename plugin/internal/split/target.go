package split

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// target is the absolute path of the directory to write. One that holds
// anything is refused: files of another split beside the new ones would be parts
// of no kustomization.
func target(dir string) (string, error) {
	if dir == "" {
		return "", errors.New("no directory to write to; name a new one")
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	entries, err := os.ReadDir(abs)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return abs, nil
	case err != nil:
		return "", err
	case len(entries) > 0:
		return "", fmt.Errorf("%s: is not empty (%s); name a new directory", dir, entries[0].Name())
	}
	if wd, err := os.Getwd(); err == nil && wd == abs {
		return "", fmt.Errorf("%s: is the working directory, which is replaced as a whole; name a new directory", dir)
	}
	return abs, nil
}
