package allow

import (
	"fmt"

	"sigs.k8s.io/kustomize/api/resource"
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
// directory, must not do. Each problem begins with the wrong field, if it is in one. Text that
// kustomize cannot read is not reported here, because kustomize reports it.
func (l List) Kustomization(files Files, dir string, text []byte) []string {
	if problem := tooLarge(text); problem != "" {
		return []string{problem}
	}
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

// plugin checks an entry of a list of plugins.
func (c *check) plugin(at, dir, entry string) {
	w := walk{files: c.files, seen: c.seen, problem: c.add, visit: func(at string, text []byte, configs []*resource.Resource) {
		c.merges(at, text, configs)
		c.configs(at, configs)
	}}
	w.entry(at, dir, entry)
}
