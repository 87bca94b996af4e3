package build

import (
	"fmt"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// unmatched names the patches of an overlay, of what it builds on and of its
// components whose target matches no object: kustomize passes over them without
// a word. So does it over images. A kustomization that has patches with targets is
// built once more as far as its patches, and one that has images for each of them.
func (r *recorder) unmatched(root string) []string {
	c := targetCheck{recorder: r, root: root, seen: map[string]bool{}}
	c.each = c.checkAll
	c.visit([]step{{dir: root}})
	return c.warnings
}

// targetCheck walks the kustomizations that a build has read.
type targetCheck struct {
	*recorder
	root     string
	each     func(path []step) // is told the way to each kustomization
	seen     map[string]bool   // kustomizations that no other lists as a component
	warnings []string
}

// step is a kustomization on the way to another one. All but the first are
// components of those before them.
type step struct {
	dir           string
	file          string // absolute
	kustomization types.Kustomization
	component     int // the index of the next step among the components
}

// visit goes to the kustomization that a path of steps leads to, and what it
// builds on.
func (c *targetCheck) visit(path []step) {
	at := &path[len(path)-1]
	if at.file = c.kustomizationIn(at.dir); at.file == "" || len(path) == 1 && c.seen[at.dir] {
		return // a file, or another host's
	}
	c.seen[at.dir] = c.seen[at.dir] || len(path) == 1
	if at.kustomization.Unmarshal(c.read[at.file]) != nil {
		return
	}
	at.kustomization.FixKustomization()
	for _, resource := range at.kustomization.Resources {
		c.visit([]step{{dir: resolved(at.dir, resource)}})
	}
	for i, component := range at.kustomization.Components {
		at.component = i
		c.visit(append(slices.Clone(path), step{dir: resolved(at.dir, component)}))
	}
	c.each(path)
}

// checkAll warns of all that a kustomization has that matches nothing.
func (c *targetCheck) checkAll(path []step) {
	at := path[len(path)-1]
	c.check(path, "patches", targets(at.kustomization.Patches))
	c.check(path, "patchesJson6902", targets(at.kustomization.PatchesJson6902))
	c.check(path, "transformers", c.transformers(at))
	c.checkImages(path)
}

// targets are those of patches; nil, where a patch has none.
func targets(patches []types.Patch) []*types.Selector {
	var all []*types.Selector
	for _, p := range patches {
		all = append(all, p.Target)
	}
	return all
}

// transformers are the targets of a kustomization's transformers, among which
// patches may be, too: those that come after the tenant.
func (c *targetCheck) transformers(at step) []*types.Selector {
	var all []*types.Selector
	for _, name := range at.kustomization.Transformers {
		text := c.read[filepath.Join(at.dir, name)]
		if text == nil {
			text = []byte(name) // a configuration in place; or a directory, which is none
		}
		var config struct {
			APIVersion string          `json:"apiVersion"`
			Kind       string          `json:"kind"`
			Target     *types.Selector `json:"target"`
		}
		if yaml.Unmarshal(text, &config) != nil || config.APIVersion != konfig.BuiltinPluginApiVersion ||
			!slices.Contains([]string{"PatchTransformer", "PatchJson6902Transformer"}, config.Kind) {
			config.Target = nil
		}
		all = append(all, config.Target)
	}
	return all
}

func (r *recorder) kustomizationIn(dir string) string {
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		if file := filepath.Join(dir, name); r.read[file] != nil {
			return file
		}
	}
	return ""
}

// resolved is a directory as kustomize names it.
func resolved(dir, path string) string {
	path = filepath.Join(dir, path)
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}

// name is the path of the kustomization that a path of steps leads to.
func (c *targetCheck) name(path []step) string {
	return c.recorder.name(c.root, path[len(path)-1].file)
}

// check warns of each target of a field that matches nothing.
func (c *targetCheck) check(path []step, field string, targets []*types.Selector) {
	var err error
	name := c.name(path)
	var objects resmap.ResMap // before any patch
	for i, target := range targets {
		if target == nil {
			continue
		}
		if objects == nil && field != "transformers" {
			if objects, err = c.before(path, field, 0); err != nil {
				c.warnings = append(c.warnings, unknown(name, field, err))
				return
			}
		}
		if objects != nil && matches(objects, *target) {
			continue
		}
		// An earlier patch may have given an object the label that this one asks for.
		now := objects
		if now == nil || i > 0 {
			if now, err = c.before(path, field, i); err != nil {
				c.warnings = append(c.warnings, unknown(name, field, err))
				return
			}
		}
		if !matches(now, *target) {
			c.warnings = append(c.warnings, fmt.Sprintf("%s: %s[%d].target: %s matches no object, so that the patch changes nothing%s",
				name, field, i, describe(*target), meant(now, *target)))
		}
	}
}

func unknown(name, field string, err error) string {
	return fmt.Sprintf("%s: %s: cannot tell whether their targets match an object: %s", name, field, firstLine(err.Error()))
}

func matches(objects resmap.ResMap, target types.Selector) bool {
	found, err := objects.Select(target)
	return err == nil && len(found) > 0
}

// before returns the objects that the kustomization at the end of a path has
// when the patch at an index of a field is about to be applied.
func (c *targetCheck) before(path []step, field string, patch int) (resmap.ResMap, error) {
	return c.upTo(path, field, patch, nil)
}

// upTo is like before; images are in the place of the kustomization's own, if
// that is the field.
func (c *targetCheck) upTo(path []step, field string, patch int, images []types.Image) (resmap.ResMap, error) {
	files := newRecorder(filesys.MakeFsOnDisk(), c.allowed)
	maps.Copy(files.replace, c.replace)
	for i, s := range path {
		k := s.kustomization
		cut := types.Kustomization{
			TypeMeta: k.TypeMeta, OpenAPI: k.OpenAPI, Resources: k.Resources, Components: k.Components, Crds: k.Crds,
			Configurations: k.Configurations, Generators: k.Generators, GeneratorOptions: k.GeneratorOptions,
			ConfigMapGenerator: k.ConfigMapGenerator, SecretGenerator: k.SecretGenerator, HelmGlobals: k.HelmGlobals,
			HelmCharts: k.HelmCharts, HelmChartInflationGenerator: k.HelmChartInflationGenerator,
			SortOptions: &types.SortOptions{Order: types.FIFOSortOrder}, // kustomize refuses a file without any field
		}
		switch {
		case i < len(path)-1:
			cut.Components = k.Components[:s.component+1]
		case field == "transformers":
			cut = k
			cut.Transformers, cut.Validators = k.Transformers[:patch], nil
		case field == "patchesStrategicMerge":
			cut.PatchesStrategicMerge = k.PatchesStrategicMerge[:patch]
		case field == "patches":
			cut.PatchesStrategicMerge, cut.Patches = k.PatchesStrategicMerge, k.Patches[:patch]
		case field == "images":
			cut = k
			cut.Images, cut.Replacements, cut.Transformers, cut.Validators = images, nil, nil, nil
		default: // kustomize's order is not the file's
			cut.PatchesStrategicMerge, cut.Patches, cut.PatchesJson6902 = k.PatchesStrategicMerge, k.Patches, k.PatchesJson6902[:patch]
			cut.Namespace, cut.NamePrefix, cut.NameSuffix = k.Namespace, k.NamePrefix, k.NameSuffix
			cut.Labels, cut.CommonLabels, cut.CommonAnnotations = k.Labels, k.CommonLabels, k.CommonAnnotations
		}
		text, err := yaml.Marshal(cut)
		if err != nil {
			return nil, err
		}
		files.replace[s.file] = text
	}
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionUnspecified
	options.PluginConfig = types.EnabledPluginConfig(types.BploUseStaticallyLinked)
	options.PluginConfig.FnpLoadingOptions.EnableExec = true
	unmute := mute()
	defer unmute()
	return krusty.MakeKustomizer(options).Run(files, path[0].dir)
}

// mute drops what kustomize and its functions print, who printed it before.
func mute() (unmute func()) {
	stderr := os.Stderr
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return func() {}
	}
	os.Stderr = null
	log.SetOutput(null)
	return func() {
		os.Stderr = stderr
		log.SetOutput(stderr)
		_ = null.Close() // nothing was kept
	}
}
