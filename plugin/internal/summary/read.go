package summary

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/kyaml/yaml"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/manifest"
)

// stdin is how a path names standard input.
const stdin = "-"

// search finds the files of rendered YAML that paths name.
type search struct {
	files []string
	seen  map[string]bool // by path without links
	met   int             // files, and what was seen before
	errs  []error
}

// find returns each file once, in the order of paths. In a directory it takes
// what the kustomization lists, or else every YAML and JSON file, and looks
// into directories; names that begin with a dot are passed over.
func find(paths []string) ([]string, error) {
	s := search{seen: map[string]bool{}}
	for _, path := range paths {
		if path == stdin {
			s.once(stdin, func() { s.files = append(s.files, stdin) })
			continue
		}
		before := s.met + len(s.errs)
		s.path(path)
		if s.met+len(s.errs) == before {
			s.fail("%s: holds no YAML: must be a directory that render has written", path)
		}
	}
	return s.files, errors.Join(s.errs...)
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
		s.fail("%s: %w: must be a file or a directory of rendered YAML", path, err)
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
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		info, err := os.Stat(path)
		isManifest := slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(path))
		switch {
		case strings.HasPrefix(e.Name(), "."):
		case err != nil:
			s.errs = append(s.errs, err)
		case info.IsDir() || isManifest:
			s.path(path)
		}
	}
}

// plain are the fields of a kustomization that change no object.
var plain = []string{"apiVersion", "kind", "metadata", "resources", "sortOptions"}

// kustomization adds the files that a kustomization lists. One that changes
// them is still to be built: what it lists is not what a cluster would get.
func (s *search) kustomization(dir, name string) {
	file := filepath.Join(dir, name)
	text, err := os.ReadFile(file)
	if err != nil {
		s.errs = append(s.errs, err)
		return
	}
	var fields map[string]any
	if err := sigsyaml.Unmarshal(text, &fields); err != nil {
		s.fail("%s: %w", file, err)
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

// read calls use with the objects of each file, one file at a time and in
// order; files are parsed on all cores. The error has a line for each mistake
// in each file.
func read(files []string, in io.Reader, use func(file string, objects []*yaml.RNode)) error {
	type parsed struct {
		objects []*yaml.RNode
		err     error
	}
	results := make([]chan parsed, len(files))
	ahead := make(chan struct{}, 2*runtime.GOMAXPROCS(0)) // bounds what is held in memory
	for i := range results {
		results[i] = make(chan parsed, 1)
	}
	var wait sync.WaitGroup
	wait.Go(func() {
		for i, file := range files {
			ahead <- struct{}{}
			wait.Go(func() {
				objects, err := parse(file, in)
				results[i] <- parsed{objects, err}
			})
		}
	})
	var errs []error
	for i, file := range files {
		result := <-results[i]
		<-ahead
		errs = append(errs, result.err)
		use(nameOf(file), result.objects)
	}
	wait.Wait()
	return errors.Join(errs...)
}

func nameOf(file string) string {
	if file == stdin {
		return "stdin"
	}
	return file
}

func parse(file string, in io.Reader) ([]*yaml.RNode, error) {
	if file != stdin {
		opened, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer opened.Close() // was only read
		in = opened
	}
	objects, repairs, err := manifest.Read(in, nameOf(file))
	if err == nil && len(repairs) > 0 { // no API server takes them as they are
		err = errors.New(strings.Join(repairs, "\n"))
	}
	return objects, err
}
