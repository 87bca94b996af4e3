package render

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/atomicwrite"
)

// unfinishedDir is in the directory of the cache. It has a file for each tenant
// whose directory a run began to change, with the names of files that are to
// appear or to go. A run that is killed, or whose disk is full, may leave them
// beside what the kustomization lists, where kubectl apply -f takes them, too.
const unfinishedDir = "unfinished"

// readUnfinished are the names of such files, by tenant.
func readUnfinished(output string) map[string][]string {
	left := map[string][]string{}
	dir := filepath.Join(output, cacheDir, unfinishedDir)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return left // there is none
	}
	for _, e := range entries {
		if text, err := readRegular(filepath.Join(dir, e.Name())); err == nil {
			left[e.Name()] = strings.Fields(string(text))
		}
	}
	return left
}

// begin notes which files are to appear and to go.
func (o output) begin(name string, changes []change) error {
	names := slices.Clone(o.unfinished[name])
	for _, c := range changes {
		if c.name != kustomizationFile && (c.old == nil || c.new == nil) && !slices.Contains(names, c.name) {
			names = append(names, c.name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	path := o.unfinishedFile(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return atomicwrite.File(path, o.temp, 0o644, bytes.NewReader([]byte(strings.Join(names, "\n")+"\n")))
}

// undo removes files that appeared, as long as the kustomization does not list
// them: it is written last.
func (o output) undo(name string, written []change) error {
	for _, c := range written {
		if c.old != nil {
			continue
		}
		if err := os.Remove(filepath.Join(o.dir, name, c.name)); err != nil {
			return err
		}
	}
	if len(o.unfinished[name]) > 0 {
		return nil // an earlier run's are there still
	}
	return o.end(name)
}

// end forgets what was noted.
func (o output) end(name string) error {
	if err := os.Remove(o.unfinishedFile(name)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (o output) unfinishedFile(name string) string {
	return filepath.Join(o.dir, cacheDir, unfinishedDir, name)
}
