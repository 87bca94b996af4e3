package strictyaml

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// Value is a node as JSON would hold it, and what [Check] finds, and values that
// JSON does not have. Where there is a problem, the value is nil, or lacks the
// field.
func Value(node *yaml.Node) (any, []Problem) {
	c := converter{Check(node)}
	return c.value("", node), c.problems
}

type converter struct{ problems []Problem }

func (c *converter) fail(path, format string, args ...any) {
	c.problems = append(c.problems, Problem{path, fmt.Sprintf(format, args...)})
}

func (c *converter) value(path string, node *yaml.Node) any {
	switch node.Kind {
	case yaml.MappingNode:
		fields := make(map[string]any, len(node.Content)/2)
		for i := 0; i+1 < len(node.Content); i += 2 {
			key, value := node.Content[i], node.Content[i+1]
			if _, twice := fields[key.Value]; isName(key) && !twice {
				fields[key.Value] = c.value(Child(path, key.Value), value)
			}
		}
		return fields
	case yaml.SequenceNode:
		items := make([]any, len(node.Content))
		for i, n := range node.Content {
			items[i] = c.value(Element(path, i), n)
		}
		return items
	case yaml.AliasNode:
		return nil
	}
	return c.scalar(path, node)
}

// plainFraction matches short numbers that JSON writes as YAML does.
var plainFraction = regexp.MustCompile(`^-?(0|[1-9]\d{0,14})\.\d{1,15}$`)

func (c *converter) scalar(path string, node *yaml.Node) any {
	switch tag := node.ShortTag(); tag {
	case "!!str", "!!timestamp":
		return node.Value
	case "!!null":
		return nil
	case "!!bool", "!!int", "!!float":
		var value any
		if err := node.Decode(&value); err != nil {
			c.fail(path, "is no %s: %q", strings.TrimPrefix(tag, "!!"), node.Value)
			return nil
		}
		if f, ok := value.(float64); ok && (math.IsNaN(f) || math.IsInf(f, 0)) {
			c.fail(path, "is no number that JSON knows: %s", node.Value)
			return nil
		}
		if plainFraction.MatchString(node.Value) {
			return json.Number(node.Value) // messages show 1.30 as it is written, not as 1.3
		}
		return value
	}
	return nil // Check has said what is wrong with another tag
}
