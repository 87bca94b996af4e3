package module

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Current is the version that the go.mod in dir names.
func Current(ctx context.Context, dir string) (Version, error) {
	out, err := goCommand(ctx, dir, "list", "-m", "-json", Path)
	if err != nil {
		return Version{}, err
	}
	var current Version
	if err := json.Unmarshal(out, &current); err != nil {
		return Version{}, fmt.Errorf("go list -m %s: %w", Path, err)
	}
	if current.Dir == "" {
		return Find(ctx, current.Version) // not downloaded yet
	}
	return current, nil
}

// APIPath is the module of Istio's kinds and of its mesh configuration, which
// has versions of its own, one or more for each minor version of Istio.
const APIPath = "istio.io/api"

// Move lets the go.mod in dir name another version, and of APIPath one of the
// same minor version, if it names that. Everything must still build: if anything
// fails, or ctx ends, go.mod and go.sum are as they were.
func Move(ctx context.Context, dir string, to Version) (err error) {
	restore, err := keep(filepath.Join(dir, "go.mod"), filepath.Join(dir, "go.sum"))
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, restore())
		}
	}()
	modules := []string{Path + "@" + to.Version}
	if minor := to.Minor(); minor != "" && !sameMinor(ctx, dir, minor) {
		modules = append(modules, APIPath+"@v"+minor)
	}
	for _, args := range [][]string{
		append([]string{"get"}, modules...),
		{"mod", "tidy"},
		{"build", "./..."},
	} {
		if _, err := goCommand(ctx, dir, args...); err != nil {
			return fmt.Errorf("go.mod and go.sum are unchanged: %w", err)
		}
	}
	return nil
}

// sameMinor says whether go.mod's version of APIPath, if it has one, is of a
// minor version of Istio.
func sameMinor(ctx context.Context, dir, minor string) bool {
	out, err := goCommand(ctx, dir, "list", "-m", "-f", "{{.Version}}", APIPath)
	return err != nil || strings.HasPrefix(string(out), "v"+minor+".")
}

// keep reads files, and returns what writes them back.
func keep(names ...string) (restore func() error, err error) {
	before := map[string][]byte{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		before[name] = text
	}
	return func() error {
		var errs []error
		for name, text := range before {
			errs = append(errs, os.WriteFile(name, text, 0o644))
		}
		return errors.Join(errs...)
	}, nil
}
