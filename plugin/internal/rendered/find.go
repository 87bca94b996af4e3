// Package rendered finds the files of YAML that render, kustomize build or kubectl get
// have written:
//
//	rendered/                    ->   rendered/dev/manifests.yaml, rendered/sales/manifests.yaml
//	cluster.json                 ->   cluster.json
//	-                            ->   standard input
package rendered

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/regular"
	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/yaml"
)

// Stdin is how a path names standard input.
const Stdin = "-"

// search finds the files of rendered YAML that paths name.
type search struct {
	// overlay takes the directory of a kustomization that is still to be built; nil:
	// such a one is an error.
	overlay func(dir string)
	files   []string
	seen    map[string]bool // by path without links
	met     int             // files, and what was seen before
	errs    []error
}

// Files returns each file once, in the order of paths. In a directory it returns the
// files that the kustomization lists, or otherwise every YAML and JSON file, also in
// directories below; names that begin with a dot are ignored. A kustomization that
// changes what it lists is an error.
func Files(paths []string) ([]string, error) {
	s := search{seen: map[string]bool{}}
	s.all(paths)
	return s.files, errors.Join(s.errs...)
}

// FilesAndOverlays returns the files, and the directories of the kustomizations that
// are still to be built. If there are several paths, it ignores a file that is
// neither YAML nor JSON by its name, because a pattern such as overlays/* finds such
// files.
func FilesAndOverlays(paths []string) (files, overlays []string, err error) {
	s := search{seen: map[string]bool{}}
	s.overlay = func(dir string) { overlays = append(overlays, dir) }
	manifests := slices.DeleteFunc(slices.Clone(paths), func(path string) bool {
		info, err := os.Stat(path)
		return err == nil && info.Mode().IsRegular() && !isManifest(path)
	})
	if len(manifests) > 0 {
		paths = manifests
	}
	s.all(paths)
	return s.files, overlays, errors.Join(s.errs...)
}

func (s *search) all(paths []string) {
	for _, path := range paths {
		if path == Stdin {
			s.once(Stdin, func() { s.files = append(s.files, Stdin) })
			continue
		}
		before := s.met + len(s.errs)
		s.path(path)
		if s.met+len(s.errs) == before {
			s.fail("%s: holds no YAML: must be a directory that render has written", path)
		}
	}
}

func (s *search) fail(format string, args ...any) {
	s.errs = append(s.errs, fmt.Errorf(format, args...))
}

// once calls do unless path has been met before.
func (s *search) once(path string, do func()) {
	if s.seen[path] {
		s.met++
		return
	}
	s.seen[path] = true
	do()
}

// path adds what is at a path.
func (s *search) path(path string) {
	real, err := filepath.EvalSymlinks(path)
	if err == nil {
		real, err = filepath.Abs(real)
	}
	if err != nil {
		if wrong := (*fs.PathError)(nil); errors.As(err, &wrong) {
			err = wrong.Err
		}
		s.fail("%s: %w: must be %sa file or a directory of rendered YAML", path, err, s.orOverlay())
		return
	}
	s.once(real, func() {
		info, err := os.Stat(path)
		switch {
		case err != nil:
			s.errs = append(s.errs, err)
		case info.IsDir():
			s.dir(path)
		default:
			s.met++
			s.files = append(s.files, path)
		}
	})
}

// orOverlay begins what a path may be.
func (s *search) orOverlay() string {
	if s.overlay == nil {
		return ""
	}
	return "an overlay, which is a directory with a kustomization, a directory of overlays, or "
}

func (s *search) dir(dir string) {
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			s.kustomization(dir, name)
			return
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		s.errs = append(s.errs, err)
		return
	}
	if s.overlay != nil && slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == tenantFile }) {
		s.built(dir) // which says what is missing beside it
		return
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		info, err := os.Stat(path)
		switch {
		case strings.HasPrefix(e.Name(), "."):
		case err != nil:
			s.errs = append(s.errs, err)
		case info.IsDir() || isManifest(path):
			s.path(path)
		}
	}
}

// tenantFile is what the files of tenants are called.
const tenantFile = "tenant.yaml"

func isManifest(path string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(path))
}

// built hands over a directory that is to be built.
func (s *search) built(dir string) {
	s.met++
	s.overlay(dir)
}

// plain are the fields of a kustomization that change no object.
var plain = []string{"apiVersion", "kind", "metadata", "resources", "sortOptions"}

// kustomization adds the files that a kustomization lists. One that changes
// them is still to be built: what it lists is not what a cluster would get.
func (s *search) kustomization(dir, name string) {
	file := filepath.Join(dir, name)
	text, err := regular.Read(file, regular.LargestConfiguration)
	if err != nil {
		s.errs = append(s.errs, err)
		return
	}
	var fields map[string]any
	if err := yaml.Unmarshal(text, &fields); err != nil {
		s.fail("%s: %w", file, err)
		return
	}
	if s.overlay != nil && !isPlain(dir, fields) {
		s.built(dir)
		return
	}
	for field := range fields {
		if !slices.Contains(plain, field) {
			s.fail("%s: has %s, so that it is still to be built: summary reads what render or kustomize build makes of it", file, field)
			return
		}
	}
	resources, _ := fields["resources"].([]any)
	for _, r := range resources {
		path := filepath.Join(dir, fmt.Sprint(r))
		if _, err := os.Stat(path); err != nil {
			s.fail("%s: lists %v, which is no file here: summary reads what render or kustomize build makes of it", file, r)
			continue
		}
		s.path(path)
	}
}

// isPlain says whether a kustomization lists files and such directories, and changes
// nothing.
func isPlain(dir string, fields map[string]any) bool {
	for field := range fields {
		if !slices.Contains(plain, field) {
			return false
		}
	}
	resources, _ := fields["resources"].([]any)
	for _, r := range resources {
		path := filepath.Join(dir, fmt.Sprint(r))
		info, err := os.Stat(path)
		if err != nil {
			return false
		}
		if info.IsDir() && !isPlainDirectory(path) {
			return false
		}
	}
	return len(resources) > 0
}

func isPlainDirectory(dir string) bool {
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		text, err := regular.Read(filepath.Join(dir, name), regular.LargestConfiguration)
		if err != nil {
			continue
		}
		var fields map[string]any
		return yaml.Unmarshal(text, &fields) == nil && isPlain(dir, fields)
	}
	return false
}
