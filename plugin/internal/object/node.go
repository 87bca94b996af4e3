package object

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// Node turns a value into a node: maps with sorted keys, slices, strings,
// numbers, booleans, null, and copies of nodes. Building it is several times faster
// than writing the value as YAML and reading that, and a tenant has a hundred.
func Node(value any) (*yaml.RNode, error) {
	n, err := node(value)
	return yaml.NewRNode(n), err
}

func node(value any) (*yaml.Node, error) {
	switch v := value.(type) {
	case *yaml.Node:
		return yaml.CopyYNode(v), nil
	case string:
		return scalar(yaml.NodeTagString, v), nil
	case nil:
		return scalar(yaml.NodeTagNull, "null"), nil
	case int:
		return scalar(yaml.NodeTagInt, strconv.Itoa(v)), nil
	case int64:
		return scalar(yaml.NodeTagInt, strconv.FormatInt(v, 10)), nil
	case float64:
		return scalar(yaml.NodeTagFloat, strconv.FormatFloat(v, 'g', -1, 64)), nil
	case bool:
		return scalar(yaml.NodeTagBool, strconv.FormatBool(v)), nil
	case []any:
		return sequence(v)
	case []string:
		return sequence(v)
	case []map[string]any:
		return sequence(v)
	case map[string]any:
		return mapping(v)
	case map[string]string:
		return mapping(v)
	}
	return nil, fmt.Errorf("cannot write a %T as YAML", value)
}

func scalar(tag, value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: value}
}

func sequence[T any](values []T) (*yaml.Node, error) {
	n := &yaml.Node{Kind: yaml.SequenceNode, Tag: yaml.NodeTagSeq}
	for _, value := range values {
		element, err := node(value)
		if err != nil {
			return nil, err
		}
		n.Content = append(n.Content, element)
	}
	if len(values) == 0 {
		n.Style = yaml.FlowStyle // "[]": an empty block is no sequence
	}
	return n, nil
}

func mapping[T any](values map[string]T) (*yaml.Node, error) {
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: yaml.NodeTagMap}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		value, err := node(values[key])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		n.Content = append(n.Content, scalar(yaml.NodeTagString, key), value)
	}
	if len(values) == 0 {
		n.Style = yaml.FlowStyle
	}
	return n, nil
}

// SetText replaces the value of a string, which stays one: it keeps its style,
// and gets quotes if it would read as something else without.
func SetText(n *yaml.Node, value string) {
	n.Value = value
	quoted := yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	if n.Style&quoted == 0 && yaml.IsValueNonString(value) {
		n.Style |= yaml.DoubleQuotedStyle
	}
}

// ReplaceText is SetText of the string at a path, if there is one.
func ReplaceText(n *yaml.RNode, value string, path ...string) error {
	found, err := n.Pipe(yaml.Lookup(path...))
	if err == nil && found != nil {
		SetText(found.YNode(), value)
	}
	return err
}
