package allow

import (
	"path/filepath"
	"reflect"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"
)

// Configurations are the configurations, as YAML, that an entry of transformers
// refers to, for an allowed kustomization in dir; for other kustomizations, some may
// be missing.
func Configurations(files Files, dir, entry string) [][]byte {
	var found [][]byte
	w := walk{files: files, seen: map[string]bool{}, problem: func(string, string, ...any) {}, visit: func(_ string, _ []byte, configs []*resource.Resource) {
		for _, config := range configs {
			if text, err := config.AsYAML(); err == nil {
				found = append(found, text)
			}
		}
	}}
	w.entry("", dir, entry)
	return found
}

// walk goes to the configurations of plugins as kustomize does.
type walk struct {
	files   Files
	seen    map[string]bool // directories
	problem func(at, format string, args ...any)
	visit   func(at string, text []byte, configs []*resource.Resource)
}

// entry goes to what an entry of a list of plugins is: their configurations, the
// name of a file that holds some, or that of a directory.
func (w walk) entry(at, dir, entry string) {
	if configs, err := resources([]byte(entry)); err == nil {
		w.visit(at, []byte(entry), configs)
		return
	}
	w.file(at, dir, entry)
}

func (w walk) file(at, dir, path string) {
	if IsRemote(path) {
		w.problem(at, "%q is on another host, which would decide what program runs: must be a file of this repository", path)
		return
	}
	at += ": " + path
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	if w.files.IsDir(path) {
		w.directory(at, path)
		return
	}
	text, err := w.files.ReadFile(path)
	if err != nil {
		return
	}
	if problem := tooLarge(text); problem != "" {
		w.problem(at, "%s", problem)
		return
	}
	if configs, err := resources(text); err == nil {
		w.visit(at, text, configs)
	}
}

// directory goes to a directory of configurations. It must hold them as they are:
// a patch, a generator or a function in it would make them something else when
// nobody looks any more.
func (w walk) directory(at, dir string) {
	root, _, err := w.files.CleanedAbs(dir) // without links, as kustomize has it
	if err != nil || w.seen[string(root)] {
		return
	}
	dir = string(root)
	w.seen[dir] = true
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		text, err := w.files.ReadFile(filepath.Join(dir, name))
		if err != nil {
			continue
		}
		if problem := tooLarge(text); problem != "" {
			w.problem(at+"/"+name, "%s", problem)
			continue
		}
		k, ok := read(text)
		if !ok {
			continue
		}
		plain := types.Kustomization{TypeMeta: k.TypeMeta, MetaData: k.MetaData, Resources: k.Resources}
		if !reflect.DeepEqual(k, plain) {
			w.problem(at+"/"+name, "changes or generates what is to run, so that it is not known before what runs: must have resources only, or list the files instead of the directory")
			continue
		}
		for _, path := range k.Resources {
			w.file(at+"/"+name, dir, path)
		}
	}
}
