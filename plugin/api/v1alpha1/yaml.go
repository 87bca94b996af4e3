package v1alpha1

import (
	"encoding/json"
	"math"
	"regexp"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/strictyaml"
)

// parse reads the one YAML document of a configuration as JSON would hold it.
// Unlike a lenient reader it refuses duplicate keys, and it refuses aliases,
// which let a small file grow without bounds.
func parse(data []byte) (any, problems) {
	var p problems
	node, err := strictyaml.Document(data, "must be a YAML document with apiVersion, kind, metadata and spec")
	if err != nil {
		p.add("", "%s", err)
		return nil, p
	}
	return p.convert("", node), p
}

// convert is the JSON value of a node at path; what JSON does not have becomes a problem.
func (p *problems) convert(path string, node *yaml.Node) any {
	switch node.Kind {
	case yaml.MappingNode:
		return p.mapping(path, node)
	case yaml.SequenceNode:
		items := make([]any, len(node.Content))
		for i, n := range node.Content {
			items[i] = p.convert(element(path, i), n)
		}
		return items
	case yaml.AliasNode:
		p.add(path, "is a YAML alias (*%s): write the value itself", node.Value)
		return nil
	}
	return p.scalar(path, node)
}

func (p *problems) mapping(path string, node *yaml.Node) any {
	fields := make(map[string]any, len(node.Content)/2)
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.ShortTag() == "!!merge" {
			p.add(path, "has a key that is no string in line %d: keys are plain names", key.Line)
			continue
		}
		at := child(path, key.Value)
		if _, found := fields[key.Value]; found {
			p.add(at, "is given twice, again in line %d: give it once", key.Line)
			continue
		}
		fields[key.Value] = p.convert(at, value)
	}
	return fields
}

// plainFraction matches short numbers that JSON writes as YAML does.
var plainFraction = regexp.MustCompile(`^-?(0|[1-9]\d{0,14})\.\d{1,15}$`)

func (p *problems) scalar(path string, node *yaml.Node) any {
	switch tag := node.ShortTag(); tag {
	case "!!str", "!!timestamp":
		return node.Value
	case "!!null":
		return nil
	case "!!bool", "!!int", "!!float":
		var value any
		if err := node.Decode(&value); err != nil {
			p.add(path, "is no %s: %s", strings.TrimPrefix(tag, "!!"), show(node.Value))
			return nil
		}
		if f, ok := value.(float64); ok && (math.IsNaN(f) || math.IsInf(f, 0)) {
			p.add(path, "is no number that JSON knows: %s", node.Value)
			return nil
		}
		if plainFraction.MatchString(node.Value) {
			return json.Number(node.Value) // messages show 1.30 as it is written, not as 1.3
		}
		return value
	default:
		p.add(path, "has the YAML tag %s: must be a plain value", tag)
		return nil
	}
}
