package build

import (
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/strictyaml"
)

// opaque says what in the kustomizations that were read may reach beyond the
// files: a function or plugin that is not this program's, a chart, another host.
// It would rather say so once too often.
func (r *recorder) opaque() string {
	if r.searched {
		return "files are searched for"
	}
	for path, text := range r.read {
		if !slices.Contains(konfig.RecognizedKustomizationFileNames(), filepath.Base(path)) || text == nil {
			continue
		}
		root, err := strictyaml.Parse(string(text))
		if err != nil {
			return "a kustomization that is not YAML"
		}
		if why := r.opaqueFields(root, filepath.Dir(path)); why != "" {
			return why
		}
	}
	if r.foreign {
		return "a program or another host"
	}
	return ""
}

// charts are the fields that make kustomize run helm.
var charts = []string{"helmCharts", "helmChartInflationGenerator", "helmGlobals"}

// plugins are the fields that list configurations of plugins.
var plugins = []string{"generators", "transformers", "validators"}

func (r *recorder) opaqueFields(kustomization *yaml.RNode, dir string) string {
	for _, field := range charts {
		if kustomization.Field(field) != nil {
			return field
		}
	}
	for _, field := range plugins {
		list := kustomization.Field(field)
		if list.IsNilOrEmpty() {
			continue
		}
		entries, err := list.Value.Elements()
		if err != nil {
			return field
		}
		for _, entry := range entries {
			value := entry.YNode().Value
			text := r.read[filepath.Join(dir, value)]
			if text == nil {
				text = []byte(value) // a configuration in place; or a directory, which is none
			}
			if !isOwn(text) {
				return field + ": " + firstLine(value)
			}
		}
	}
	if why := environment(kustomization); why != "" {
		return why
	}
	return remote(kustomization.YNode())
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// isOwn says whether text configures nothing but this program and kustomize's
// built-in plugins.
func isOwn(text []byte) bool {
	configs, err := strictyaml.Objects(text)
	if err != nil || len(configs) == 0 {
		return false
	}
	for _, config := range configs {
		switch config.GetApiVersion() {
		case konfig.BuiltinPluginApiVersion:
			if strings.Contains(config.GetKind(), "Generator") {
				return false
			}
		case v1alpha1.APIVersion:
			if !RunsThis(config.GetAnnotations()) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// function is the annotation that says what to run for a configuration.
const function = "config.kubernetes.io/function"

// RunsThis says whether a configuration with these annotations names this program.
func RunsThis(annotations map[string]string) bool {
	spec, err := strictyaml.Parse(annotations[function])
	if err != nil || annotations["config.k8s.io/function"] != "" {
		return false
	}
	path, err := spec.Pipe(yaml.Get("exec"), yaml.Get("path"))
	if err != nil || path == nil || path.YNode().Value != Program {
		return false
	}
	fields, err := spec.Fields()
	return err == nil && len(fields) == 1
}

// environment says whether a generator may read environment variables, as it
// does for the names without values in the files of envs.
func environment(kustomization *yaml.RNode) string {
	for _, field := range []string{"configMapGenerator", "secretGenerator"} {
		list := kustomization.Field(field)
		if list.IsNilOrEmpty() {
			continue
		}
		generators, err := list.Value.Elements()
		if err != nil {
			return field
		}
		for _, g := range generators {
			if g.Field("env") != nil || g.Field("envs") != nil {
				return field + ": envs"
			}
		}
	}
	return ""
}

// remote says whether a kustomization seems to name another host.
func remote(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode {
		for _, mark := range []string{"://", "git@", "git::", "github.com", "?ref=", "?version="} {
			if strings.Contains(n.Value, mark) {
				return firstLine(n.Value)
			}
		}
	}
	for _, c := range n.Content {
		if why := remote(c); why != "" {
			return why
		}
	}
	return ""
}
