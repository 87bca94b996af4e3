package check

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/manifest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/regular"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// places finds the lines of findings in files: of a tenant's field in its file, and of an
// object that an overlay has as it is. What a base gives has no line that would be the
// tenant's to change.
type places struct {
	overlays map[string]string     // the tenants' files, by overlay
	written  map[string][]written  // objects in files of an overlay's directory
	parsed   map[string]*yaml.Node // files of tenants
}

// written is where a file has an object.
type written struct {
	kind, namespace, name string
	source                snapshot.Source
}

func (p *places) locate(f *Finding) {
	if f.file != "" {
		f.Source.Line = p.line(f.file, f.field)
		return
	}
	if f.of == nil || f.Source.Line > 0 {
		return
	}
	for _, w := range p.in(f.Source.File) {
		if w.kind == f.Object.Kind && w.name == f.Object.Name && (w.namespace == "" || w.namespace == f.Object.Namespace) {
			f.Source = w.source
			return
		}
	}
}

// line is that of a field in a tenant's file; 1, where a default fills it in.
func (p *places) line(file, field string) int {
	if p.parsed == nil {
		p.parsed = map[string]*yaml.Node{}
	}
	root, known := p.parsed[file]
	if !known {
		if text, err := regular.Read(file, regular.LargestFile); err == nil {
			var n yaml.Node
			if yaml.Unmarshal(text, &n) == nil && len(n.Content) > 0 {
				root = n.Content[0]
			}
		}
		p.parsed[file] = root
	}
	for _, path := range []string{field, "metadata.name"} {
		if n := at(root, path); n != nil {
			return n.Line
		}
	}
	return 1
}

// at is the node at a path such as "spec.applicationNamespaces[0]", or nil.
func at(n *yaml.Node, path string) *yaml.Node {
	for part := range strings.SplitSeq(path, ".") {
		name, rest, indexed := strings.Cut(part, "[")
		if n == nil || n.Kind != yaml.MappingNode {
			return nil
		}
		var found *yaml.Node
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == name {
				found = n.Content[i+1]
			}
		}
		if n = found; !indexed || n == nil {
			continue
		}
		i, err := strconv.Atoi(strings.TrimSuffix(rest, "]"))
		if err != nil || n.Kind != yaml.SequenceNode || i >= len(n.Content) {
			return nil
		}
		n = n.Content[i]
	}
	return n
}

// in are the objects in the files of an overlay's directory.
func (p *places) in(dir string) []written {
	if _, isOverlay := p.overlays[dir]; !isOverlay {
		return nil
	}
	if p.written == nil {
		p.written = map[string][]written{}
	}
	found, known := p.written[dir]
	if known {
		return found
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); e.IsDir() || ext != ".yaml" && ext != ".yml" && ext != ".json" {
			continue
		}
		file := filepath.Join(dir, e.Name())
		text, err := regular.Read(file, regular.LargestFile)
		if err != nil {
			continue
		}
		for _, d := range manifest.Documents(text) {
			var n yaml.Node
			if yaml.Unmarshal(d.Text, &n) != nil || len(n.Content) == 0 {
				continue
			}
			w := written{source: snapshot.Source{File: file, Line: n.Content[0].Line + d.Line - 1}}
			for path, text := range map[string]*string{"kind": &w.kind, "metadata.name": &w.name, "metadata.namespace": &w.namespace} {
				if value := at(n.Content[0], path); value != nil {
					*text = value.Value
				}
			}
			found = append(found, w)
		}
	}
	p.written[dir] = found
	return found
}
