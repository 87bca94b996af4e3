// Command make makes the manifests that the tests compare with, of those
// versions of Istio that the Go module proxy has:
//
//	go run ./plugin/internal/oracle/upstream/make -o .manifests -else ../shared/manifests
//
// A version that the proxy lacks is named, with where it is instead. It fails if
// the checksum of a file is not the committed one.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio/module"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/oracle/upstream"
)

const sumsFile = "plugin/internal/oracle/upstream/manifests.sum"

func main() {
	var m maker
	flag.StringVar(&m.out, "o", ".manifests", "`directory` for the manifests. It gets one directory for each version")
	flag.StringVar(&m.other, "else", "", "`directory` of the same layout, with the versions that the proxy does not have")
	flag.StringVar(&m.from, "from", "", "`directory` with the files of Istio's module, one directory for each version. It replaces the proxy")
	flag.BoolVar(&m.accept, "accept", false, "record the checksums of the manifests")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := m.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "manifests:", err)
		os.Exit(1)
	}
}

type maker struct {
	out, other, from string
	accept           bool
}

func (m maker) run(ctx context.Context) error {
	var errs []error
	sums := upstream.Committed()
	for _, origin := range upstream.Origins {
		if err := m.one(ctx, origin, sums); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", origin.Name, err))
		}
	}
	if m.accept && len(errs) == 0 {
		return os.WriteFile(sumsFile, []byte(sums.String()), 0o644)
	}
	return errors.Join(errs...)
}

func (m maker) one(ctx context.Context, origin upstream.Origin, sums upstream.Sums) error {
	if !m.accept && m.isMade(origin, sums) {
		fmt.Printf("%s: exists already\n", origin.Name)
		return nil
	}
	files, err := m.module(ctx, origin)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		where := "exists only in " + m.other
		if _, err := os.Stat(filepath.Join(m.other, origin.Name)); m.other == "" || err != nil {
			where = "does not exist, so its tests are skipped, and fail in CI"
		}
		fmt.Printf("%s: %s: %v\n", origin.Name, where, err)
		return nil
	}
	made, err := origin.Make(files)
	if err != nil {
		return err
	}
	if m.accept {
		for name, text := range made {
			sums[origin.Name+"/"+name] = upstream.Sum(text)
		}
	} else if err := sums.Check(origin.Name, made); err != nil {
		return err
	}
	fmt.Printf("%s: created from %s@%s\n", origin.Name, module.Path, origin.Module)
	return m.write(origin.Name, made)
}

// module is the files of the origin's module.
func (m maker) module(ctx context.Context, origin upstream.Origin) (fs.FS, error) {
	dir := filepath.Join(m.from, origin.Name)
	if m.from != "" {
		_, err := os.Stat(dir)
		return os.DirFS(dir), err
	}
	found, err := module.Find(ctx, origin.Module)
	return os.DirFS(found.Dir), err
}

// isMade says whether all of an origin's files are there already.
func (m maker) isMade(origin upstream.Origin, sums upstream.Sums) bool {
	found := false
	for name, want := range sums {
		if inside, ok := strings.CutPrefix(name, origin.Name+"/"); ok {
			text, err := os.ReadFile(filepath.Join(m.out, origin.Name, inside))
			if err != nil || upstream.Sum(string(text)) != want {
				return false
			}
			found = true
		}
	}
	return found
}

// write replaces an origin's directory as a whole.
func (m maker) write(name string, files map[string]string) error {
	if err := os.MkdirAll(m.out, 0o755); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(m.out, ".new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for file, text := range files {
		at := filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			return err
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	to := filepath.Join(m.out, name)
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	return os.Rename(dir, to)
}
