package render

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/regular"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render/build"
)

// digester reads what builds depend on, and files outside of overlays, which
// many share, once.
type digester struct {
	program string // identifies this program
	shared  sync.Map
}

// newDigester takes an executable for another one if its size, time or path is
// another one. Reading all of it would take longer than many a run.
func newDigester(executable string) (*digester, error) {
	info, err := os.Stat(executable)
	if err != nil {
		return nil, err
	}
	return &digester{program: strings.Join([]string{executable, info.ModTime().String(), info.Mode().String(), itoa(info.Size())}, " ")}, nil
}

// of returns one digest of the files at paths relative to dir, and of this program.
func (d *digester) of(dir string, paths []string) string { return d.with(dir, paths, nil) }

// with is like of, and takes the digests in read for those of what is there.
func (d *digester) with(dir string, paths []string, read map[string]string) string {
	var all strings.Builder
	all.WriteString(d.program)
	for _, path := range paths {
		digest, known := read[path]
		if !known {
			digest = d.file(dir, path)
		}
		all.WriteString("\x00" + path + "\x00" + digest)
	}
	return build.Digest([]byte(all.String()))
}

func (d *digester) file(dir, path string) string {
	abs := filepath.Join(dir, path)
	isShared := isOutside(path)
	if isShared {
		if digest, ok := d.shared.Load(abs); ok {
			return digest.(string)
		}
	}
	digest := build.Absent
	if text, err := regular.Read(abs, regular.LargestFile); err == nil {
		digest = build.Digest(text)
	}
	if isShared {
		d.shared.Store(abs, digest)
	}
	return digest
}

// outside is the digest of those files that are not in dir, and of this program.
func (d *digester) outside(dir string, paths []string) string {
	return d.of(dir, slices.DeleteFunc(slices.Clone(paths), func(path string) bool { return !isOutside(path) }))
}

func isOutside(path string) bool { return strings.HasPrefix(path, "..") }

// stamps are the sizes and times of those files that are in dir: two numbers
// for each, -1 for one that is not there.
func stamps(dir string, paths []string) []int64 {
	var all []int64
	for _, path := range paths {
		if isOutside(path) {
			continue
		}
		info, err := os.Stat(filepath.Join(dir, path))
		if err != nil || info.IsDir() {
			all = append(all, -1, -1)
			continue
		}
		all = append(all, info.Size(), info.ModTime().UnixNano())
	}
	return all
}

// paths are the files that were read or looked for, but for those left out.
func paths(inputs []build.Input, without ...string) []string {
	var names []string
	for _, i := range inputs {
		if len(without) == 0 || i.Path != without[0] {
			names = append(names, i.Path)
		}
	}
	return names
}

// inputs are what an overlay's output was made of; nil, if that cannot be told.
func (r *run) inputs(j *job) ([]string, string) {
	switch {
	case j.template != nil:
		return j.files, r.digests.with(j.dir, j.files, j.read)
	case j.built.Opaque != "":
		return nil, ""
	}
	read := map[string]string{}
	for _, i := range j.built.Inputs {
		read[i.Path] = i.Digest
	}
	return paths(j.built.Inputs), r.digests.with(j.dir, paths(j.built.Inputs), read)
}
