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

// prefix stands before the number of the process that Isolate was called in, in the
// names of what it leaves if it is killed.
const prefix = "istio-tenancy-node-"

// holderEnv tells the process inside which number the one outside has.
const holderEnv = "ISTIO_TENANCY_NODE_HOLDER"

// newCgroup makes a cgroup for the node's Pods in every hierarchy, and returns
// its name.
func newCgroup() (string, error) {
	name := prefix + os.Getenv(holderEnv)
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

// newData makes a folder for the data of a node, which clean removes.
func newData() (string, error) { return os.MkdirTemp("", fmt.Sprintf("%s%d-", prefix, os.Getpid())) }

// clean removes what no namespace holds, of nodes that have ended, however they did:
// data and cgroups. It is for the process outside.
func clean() error {
	var failed []error
	data, err := ended(os.TempDir())
	failed = append(failed, err)
	for _, folder := range data {
		failed = append(failed, os.RemoveAll(folder))
	}
	groups, err := ended(filepath.Join(cgroups, "*"))
	failed = append(failed, err)
	for _, folder := range groups {
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

// ended are the folders below others, which are a pattern, whose holder has ended or
// is this process.
func ended(below string) ([]string, error) {
	all, err := filepath.Glob(filepath.Join(below, prefix+"*"))
	var left []string
	for _, folder := range all {
		holder, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(folder), prefix), "-")
		if _, err := os.Stat("/proc/" + holder); err != nil || holder == fmt.Sprint(os.Getpid()) {
			left = append(left, folder)
		}
	}
	return left, err
}
