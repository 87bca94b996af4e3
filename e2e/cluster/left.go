package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// holderEnv tells the process inside of Isolate which number the one outside has.
const holderEnv = "ISTIO_TENANCY_E2E_HOLDER"

// Holder is the number of the process that called Isolate, as it is outside. What it
// leaves, if it is killed, has the number in its name; see LeftBehind.
func Holder() string {
	if Isolated() {
		return os.Getenv(holderEnv)
	}
	return strconv.Itoa(os.Getpid())
}

// LeftBehind are the files whose paths begin with a prefix, which may be a pattern,
// and the number of a holder that has ended or is this process.
func LeftBehind(prefix string) ([]string, error) {
	all, err := filepath.Glob(prefix + "*")
	var left []string
	for _, path := range all {
		holder, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(path), filepath.Base(prefix)), "-")
		if _, err := os.Stat("/proc/" + holder); err != nil || holder == Holder() {
			left = append(left, path)
		}
	}
	return left, err
}

// dataPrefix begins the names of folders for what a run keeps in files, below the
// folder for temporary ones.
const dataPrefix = "istio-tenancy-e2e-data-"

// newData removes such folders of runs that were killed, and makes one.
func newData() (string, error) {
	left, err := LeftBehind(filepath.Join(os.TempDir(), dataPrefix))
	failed := []error{err}
	for _, folder := range left {
		failed = append(failed, os.RemoveAll(folder))
	}
	folder, err := os.MkdirTemp("", fmt.Sprintf("%s%s-", dataPrefix, Holder()))
	return folder, errors.Join(append(failed, err)...)
}
