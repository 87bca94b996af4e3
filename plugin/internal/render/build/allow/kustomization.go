package allow

import (
	"fmt"
	"path/filepath"
	"reflect"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/strictyaml"
)

// Files is what kustomize will read.
type Files interface {
	ReadFile(path string) ([]byte, error)
	IsDir(path string) bool
	CleanedAbs(path string) (filesys.ConfirmedDir, string, error)
}

// Kustomization returns what a kustomization, which is about to be built in a
// directory, may not do. Each problem begins with the field that is wrong. What
// kustomize cannot read is no problem: it will say so itself.
func (l List) Kustomization(files Files, dir string, text []byte) []string {
	k, ok := read(text)
	if !ok {
		return nil
	}
	c := check{List: l, files: files, seen: map[string]bool{}}
	for i, path := range k.Resources {
		c.reach(strictyaml.Element("resources", i), path)
	}
	for i, path := range k.Components {
		c.reach(strictyaml.Element("components", i), path)
	}
	for i := range k.HelmCharts {
		c.run(strictyaml.Element("helmCharts", i), helm)
	}
	for _, field := range []struct {
		name    string
		entries []string
	}{{"generators", k.Generators}, {"transformers", k.Transformers}, {"validators", k.Validators}} {
		for i, entry := range field.entries {
			c.plugin(strictyaml.Element(field.name, i), dir, entry)
		}
	}
	return c.problems
}

// read reads a kustomization as kustomize does, which takes Transformers for transformers.
func read(text []byte) (k types.Kustomization, ok bool) {
	if k.Unmarshal(text) != nil {
		return k, false
	}
	k.FixKustomization()
	return k, true
}

// check collects the problems of one kustomization.
type check struct {
	List
	files    Files
	seen     map[string]bool // directories of configurations
	problems []string
}

func (c *check) add(at, format string, args ...any) {
	c.problems = append(c.problems, at+": "+fmt.Sprintf(format, args...))
}

func (c *check) reach(at, path string) {
	if !IsRemote(path) {
		return
	}
	if problem := c.fetch(path); problem != "" {
		c.add(at, "%s", problem)
	}
}

// plugin checks an entry of a list of plugins: their configurations, the name of
// a file that holds some, or that of a directory.
func (c *check) plugin(at, dir, entry string) {
	if configs, err := resources([]byte(entry)); err == nil {
		c.merges(at, []byte(entry), configs)
		c.configs(at, configs)
		return
	}
	c.file(at, dir, entry)
}

func (c *check) file(at, dir, path string) {
	if IsRemote(path) {
		c.add(at, "%q is on another host, which would decide what program runs: must be a file of this repository", path)
		return
	}
	at += ": " + path
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	if c.files.IsDir(path) {
		c.directory(at, path)
		return
	}
	text, err := c.files.ReadFile(path)
	if err != nil {
		return
	}
	if configs, err := resources(text); err == nil {
		c.merges(at, text, configs)
		c.configs(at, configs)
	}
}

// directory checks a directory of configurations. It must hold them as they are:
// a patch, a generator or a function in it would make them something else when
// nobody looks any more.
func (c *check) directory(at, dir string) {
	root, _, err := c.files.CleanedAbs(dir) // without links, as kustomize has it
	if err != nil || c.seen[string(root)] {
		return
	}
	dir = string(root)
	c.seen[dir] = true
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		text, err := c.files.ReadFile(filepath.Join(dir, name))
		if err != nil {
			continue
		}
		k, ok := read(text)
		if !ok {
			continue
		}
		plain := types.Kustomization{TypeMeta: k.TypeMeta, MetaData: k.MetaData, Resources: k.Resources}
		if !reflect.DeepEqual(k, plain) {
			c.add(at+"/"+name, "changes or generates what is to run, so that what runs cannot be told before: must have resources only, or list the files in place of the directory")
			continue
		}
		for _, path := range k.Resources {
			c.file(at+"/"+name, dir, path)
		}
	}
}
