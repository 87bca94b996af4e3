// Package servers builds the real servers that the claims are tested on, from
// the Go module proxy alone: one Go module per family (their dependencies
// disagree), each beside this file and listed in families.
//
//	etcd/go.mod        etcd
//	kubernetes/go.mod  kube-apiserver, kube-controller-manager, kubectl; kubelet, kube-proxy, kube-scheduler
//	istio/go.mod       pilot-discovery; pilot-agent
//	istio-1.30/go.mod  pilot-discovery of the release before
//	prometheus/go.mod  Prometheus
//	istioctl/go.mod    istioctl
//	crds/go.mod        nothing: its modules hold CustomResourceDefinitions
//	network/go.mod     CoreDNS, kube-router
//	flux/go.mod        Flux' kustomize-controller and source-controller
//	argocd/go.mod      Argo CD's components, and the kustomize of its image
//
// A family is built once per content of its go.mod and go.sum, into the user's
// cache directory; of runs side by side one builds it, and the others wait.
package servers

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Binaries is where each server's executable is, by the name of its command,
// and each copied folder.
type Binaries map[string]string

// Build builds every family that the cache does not hold, one after the other,
// and says on log what it does and how long it took. only names the families.
func Build(ctx context.Context, log io.Writer, only ...string) (Binaries, error) {
	here, err := folder(ctx)
	if err != nil {
		return nil, err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("find the folder that caches the servers: %w", err)
	}
	binaries := Binaries{}
	for _, family := range families {
		if !slices.Contains(only, family.Name) {
			continue
		}
		dir := filepath.Join(here, family.Dir)
		into := filepath.Join(cache, "istio-tenancy-e2e")
		if err := family.build(ctx, dir, into, log, binaries); err != nil {
			return nil, fmt.Errorf("build %s: %w", family.Name, err)
		}
	}
	return binaries, nil
}

// folder is where this package's source is. go is asked, since a test that was
// built with -trimpath does not hold the path.
func folder(ctx context.Context) (string, error) {
	return goCommand(ctx, ".", "list", "-find", "-f", "{{.Dir}}", reflect.TypeFor[Family]().PkgPath())
}

// Built says whether the cache holds these families, which Build would build otherwise.
func Built(only ...string) (bool, error) {
	here, err := folder(context.Background())
	if err != nil {
		return false, err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return false, err
	}
	for _, family := range families {
		key, err := family.key(filepath.Join(here, family.Dir))
		if err != nil {
			return false, err
		}
		if _, err := os.Stat(filepath.Join(cache, "istio-tenancy-e2e", family.Name+"-"+key)); err != nil && slices.Contains(only, family.Name) {
			return false, nil
		}
	}
	return true, nil
}

func (f Family) build(ctx context.Context, dir, cache string, log io.Writer, binaries Binaries) error {
	key, err := f.key(dir)
	if err != nil {
		return err
	}
	into := filepath.Join(cache, f.Name+"-"+key)
	for _, name := range f.Names {
		binaries[name] = filepath.Join(into, name)
	}
	for name := range f.Files {
		binaries[name] = filepath.Join(into, name)
	}
	if _, err := os.Stat(into); err == nil {
		return nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return err
	}
	unlock, err := lock(into + ".lock")
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := os.Stat(into); err == nil {
		return nil // by a run beside this one
	}
	fresh, err := os.MkdirTemp(cache, f.Name+"-building-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(fresh)
	for i, pkg := range f.Packages {
		start := time.Now()
		fmt.Fprintf(log, "building %s (once, into %s) ...\n", f.Names[i], into)
		if _, err := goCommand(ctx, dir, "build", "-mod=readonly", "-buildvcs=false",
			"-tags", f.Tags, "-ldflags", "-s -w "+f.LDFlags, "-o", filepath.Join(fresh, f.Names[i]), pkg); err != nil {
			return err
		}
		fmt.Fprintf(log, "built %s in %s\n", f.Names[i], time.Since(start).Round(time.Second))
	}
	for name, source := range f.Files {
		module, folder, _ := strings.Cut(source, "//")
		if _, err := goCommand(ctx, dir, "mod", "download", module); err != nil {
			return err
		}
		where, err := goCommand(ctx, dir, "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", module)
		if err != nil {
			return err
		}
		if err := os.CopyFS(filepath.Join(fresh, name), os.DirFS(filepath.Join(where, folder))); err != nil {
			return err
		}
		fmt.Fprintf(log, "copied %s (once, into %s)\n", name, into)
	}
	return os.Rename(fresh, into)
}

// lock waits until no other process holds the file's lock. The kernel gives it up
// for a process that ends.
func lock(file string) (unlock func(), err error) {
	held, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(held.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", file, err), held.Close())
	}
	return func() { held.Close() }, nil
}

// goCommand runs go in a folder and returns what it printed.
func goCommand(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, tail(problems.Bytes(), 4000))
	}
	return strings.TrimSpace(out.String()), nil
}

// key is a digest of what decides the binaries: the module's files, the flags,
// the toolchain.
func (f Family) key(dir string) (string, error) {
	sum := sha256.New()
	for _, name := range []string{"go.mod", "go.sum"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return "", err
		}
		sum.Write(data)
	}
	fmt.Fprint(sum, f.LDFlags, f.Packages, f.Files, runtime.Version())
	fmt.Fprint(sum, f.Tags) // last, so that the others keep what is built
	return fmt.Sprintf("%x", sum.Sum(nil)[:8]), nil
}

func tail(text []byte, size int) []byte {
	if len(text) > size {
		return text[len(text)-size:]
	}
	return text
}
