package manifest

import (
	"fmt"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/strictyaml"
)

// identifying are the fields that tell objects apart. Given twice with
// different values they belong to two objects.
var identifying = map[string]bool{
	"kind":               true,
	"metadata":           true,
	"metadata.name":      true,
	"metadata.namespace": true,
}

// repairs collects what was done about repeated keys.
type repairs struct{ done, ambiguous []finding }

type finding struct {
	line int
	text string
}

// below repairs the mappings below n.
func (r *repairs) below(n *yaml.Node, path string) {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i < len(n.Content); i += 2 {
			at := strictyaml.Child(path, n.Content[i].Value)
			r.fields(n.Content[i+1], at)
			r.below(n.Content[i+1], at)
		}
	case yaml.SequenceNode:
		for i, c := range n.Content {
			at := strictyaml.Element(path, i)
			r.fields(c, at)
			r.below(c, at)
		}
	}
}

// fields leaves each key of a mapping once, with its last value.
func (r *repairs) fields(n *yaml.Node, path string) {
	if n.Kind != yaml.MappingNode {
		return
	}
	first := make(map[string]int, len(n.Content)/2)
	kept := n.Content[:0]
	for i := 0; i < len(n.Content); i += 2 {
		key, val := n.Content[i], n.Content[i+1]
		at, repeated := first[key.Value]
		if !repeated {
			first[key.Value] = len(kept)
			kept = append(kept, key, val)
			continue
		}
		name, old := strictyaml.Child(path, key.Value), kept[at+1]
		switch {
		case equal(old, val):
			r.done = append(r.done, finding{key.Line, fmt.Sprintf(
				"%s is given twice, with the same value; kept one", name)})
		case identifying[name]:
			r.ambiguous = append(r.ambiguous, finding{key.Line, fmt.Sprintf(
				"%s is given twice, with different values, first on line %d; is a `---` missing between two objects?",
				name, old.Line)})
		default:
			r.done = append(r.done, finding{key.Line, fmt.Sprintf(
				"%s is given twice; kept this value, the last, as kubectl did; dropped that of line %d", name, old.Line)})
			kept[at+1] = val
		}
	}
	n.Content = kept
}

// equal compares what nodes say, not how they are written.
func equal(a, b *yaml.Node) bool {
	if a.Kind != b.Kind || a.ShortTag() != b.ShortTag() || a.Value != b.Value || len(a.Content) != len(b.Content) {
		return false
	}
	for i := range a.Content {
		if !equal(a.Content[i], b.Content[i]) {
			return false
		}
	}
	return true
}
