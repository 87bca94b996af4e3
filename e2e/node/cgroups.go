package node

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
)

// cgroups is where the kernel's cgroups are mounted, by hierarchy.
const cgroups = "/sys/fs/cgroup"

// prefix stands before the holder's number in the names of cgroups, which no
// namespace ends.
const prefix = "istio-tenancy-node-"

// newCgroup makes a cgroup for the node's Pods in every hierarchy, and returns
// its name.
func newCgroup() (string, error) {
	name := prefix + cluster.Holder()
	hierarchies, err := os.ReadDir(cgroups)
	if err != nil {
		return "", err
	}
	for _, h := range hierarchies {
		folder := filepath.Join(cgroups, h.Name(), name)
		if err := os.Mkdir(folder, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return "", err
		}
		// All Pods together would get as much of a busy machine as one process beside them.
		if h.Name() == "cpu" {
			if err := os.WriteFile(filepath.Join(folder, "cpu.shares"), []byte("16384"), 0o644); err != nil {
				return "", err
			}
		}
		if h.Name() != "cpuset" {
			continue
		}
		for _, file := range []string{"cpuset.cpus", "cpuset.mems"} { // a new one may use none
			text, err := os.ReadFile(filepath.Join(cgroups, h.Name(), file))
			if err == nil {
				err = os.WriteFile(filepath.Join(folder, file), text, 0o644)
			}
			if err != nil {
				return "", err
			}
		}
	}
	return "/" + name, nil
}

// removeCgroups removes those of nodes that have ended. It is for the process outside.
func removeCgroups() error {
	left, err := cluster.LeftBehind(filepath.Join(cgroups, "*", prefix))
	failed := []error{err}
	for _, folder := range left {
		var all []string // the innermost first
		failed = append(failed, filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				all = append([]string{path}, all...)
			}
			return err
		}))
		for _, path := range all {
			failed = append(failed, os.Remove(path))
		}
	}
	return errors.Join(failed...)
}
