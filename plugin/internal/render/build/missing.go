package build

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/types"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render/build/allow"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/strictyaml"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/suggest"
)

// missing are the entries of a kustomization that name what is not there: kustomize
// would say so in many words, with its own path several times and the field never.
// dirs are where the kustomization lies, by a link or itself, one of which its
// entries are relative to.
//
//	transformers[0]: found "tenants.yaml": no such file or directory; did you mean "tenant.yaml"?
func (r *recorder) missing(dirs []string, text []byte) []string {
	var k types.Kustomization
	if problem := unfit(text, &k); problem != "" {
		return []string{problem}
	}
	var problems []string
	for _, e := range entries(k) {
		if e.path == "" || allow.IsRemote(e.path) || slices.ContainsFunc(dirs, func(dir string) bool { return r.isThere(dir, e.path) }) {
			if r.isBare(dirs[0], e.path) {
				problems = append(problems, fmt.Sprintf("%s: found %q: is a directory without a %s", e.field, e.path, konfig.DefaultKustomizationFileName()))
			}
			continue
		}
		problems = append(problems, fmt.Sprintf("%s: found %q: no such file or directory%s", e.field, e.path, r.near(dirs[0], e.path)))
	}
	return problems
}

// entry is a path in a kustomization, and the field that has it.
type entry struct{ field, path string }

// entries are all that name a file or a directory.
func entries(k types.Kustomization) []entry {
	var all []entry
	add := func(field string, i int, below, path string) {
		all = append(all, entry{strictyaml.Element(field, i) + below, path})
	}
	for _, list := range []struct {
		field string
		paths []string
	}{
		{"resources", k.Resources}, {"bases", k.Bases}, {"components", k.Components}, {"crds", k.Crds}, {"configurations", k.Configurations},
		{"generators", k.Generators}, {"transformers", k.Transformers}, {"validators", k.Validators},
	} {
		for i, path := range list.paths {
			add(list.field, i, "", unlessInPlace(path))
		}
	}
	for i, p := range k.PatchesStrategicMerge {
		add("patchesStrategicMerge", i, "", unlessInPlace(string(p)))
	}
	for i, p := range k.PatchesJson6902 {
		add("patchesJson6902", i, ".path", p.Path)
	}
	for i, p := range k.Patches {
		add("patches", i, ".path", p.Path)
	}
	for i, p := range k.Replacements {
		add("replacements", i, ".path", p.Path)
	}
	sources := func(field string, i int, from types.KvPairSources) {
		for j, file := range from.FileSources {
			add(field, i, strictyaml.Element(".files", j), file[strings.Index(file, "=")+1:])
		}
		for j, file := range from.EnvSources {
			add(field, i, strictyaml.Element(".envs", j), file)
		}
	}
	for i, g := range k.ConfigMapGenerator {
		sources("configMapGenerator", i, g.KvPairSources)
	}
	for i, g := range k.SecretGenerator {
		sources("secretGenerator", i, g.KvPairSources)
	}
	return append(all, entry{"openapi.path", k.OpenAPI["path"]})
}

// unlessInPlace is an entry that is a path; "", where it holds the objects themselves.
func unlessInPlace(entry string) string {
	if strings.ContainsAny(entry, "\n{") {
		return ""
	}
	return entry
}

// from is where an entry of a kustomization in a directory leads.
func from(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

func (r *recorder) isThere(dir, path string) bool {
	path = from(dir, path)
	return r.replace[path] != nil || r.Exists(path)
}

// isBare says whether a path leads to a directory that kustomize cannot build, which
// it takes for a base wherever it takes directories.
func (r *recorder) isBare(dir, path string) bool {
	path = from(dir, path)
	return r.IsDir(path) && !slices.ContainsFunc(konfig.RecognizedKustomizationFileNames(), func(name string) bool { return r.isThere(path, name) })
}

// near asks whether another path was meant, which is there: one part of it differs.
func (r *recorder) near(dir, path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		at := strings.Join(parts[:i], "/")
		names, err := r.ReadDir(filepath.Join(dir, at))
		if err != nil || filepath.IsAbs(path) {
			return ""
		}
		if r.isThere(dir, strings.Join(parts[:i+1], "/")) {
			continue
		}
		var meant []string
		for _, name := range names {
			other := strings.Join(slices.Concat(parts[:i], []string{name}, parts[i+1:]), "/")
			if suggest.Question(part, []string{name}) != "" && r.isThere(dir, other) {
				meant = append(meant, other)
			}
		}
		return suggest.Question(path, meant)
	}
	return ""
}
