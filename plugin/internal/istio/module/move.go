package module

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
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

// Move lets the go.mod in dir name another version, and everything still
// build. If anything fails, or ctx ends, go.mod and go.sum are as they were.
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
	for _, args := range [][]string{
		{"get", Path + "@" + to.Version},
		{"mod", "tidy"},
		{"build", "./..."},
	} {
		if _, err := goCommand(ctx, dir, args...); err != nil {
			return fmt.Errorf("go.mod and go.sum are as they were: %w", err)
		}
	}
	return nil
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
