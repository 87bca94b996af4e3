package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// cgroups is where the kernel's cgroups are mounted, by hierarchy.
const cgroups = "/sys/fs/cgroup"

// cgroupPrefix stands before the number of the process that Isolate was called in.
const cgroupPrefix = "istio-tenancy-node-"

// holderEnv tells the process inside which number the one outside has.
const holderEnv = "ISTIO_TENANCY_NODE_HOLDER"

// newCgroup makes a cgroup for the node's Pods in every hierarchy, and returns
// its name.
func newCgroup() (string, error) {
	name := cgroupPrefix + os.Getenv(holderEnv)
	hierarchies, err := os.ReadDir(cgroups)
	if err != nil {
		return "", err
	}
	for _, h := range hierarchies {
		folder := filepath.Join(cgroups, h.Name(), name)
		if err := os.Mkdir(folder, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return "", err
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

// Clean removes what no namespace holds, of nodes that have ended, however they did:
// their cgroups. It is for the process outside.
func Clean() error {
	left, err := filepath.Glob(filepath.Join(cgroups, "*", cgroupPrefix+"*"))
	failed := []error{err}
	for _, folder := range left {
		_, holder, _ := strings.Cut(filepath.Base(folder), cgroupPrefix)
		if _, err := os.Stat("/proc/" + holder); err == nil && holder != fmt.Sprint(os.Getpid()) {
			continue // it is running
		}
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
