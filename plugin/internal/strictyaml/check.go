package strictyaml

import (
	"fmt"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// Problem is a mistake: its place, and what would be right.
type Problem struct {
	Path, Message string
}

// Check returns what has more than one reading at and below a node: keys that
// are given twice, and keys that are no text; and aliases, which let a small
// text grow without bounds. What an alias stands for is not looked at.
func Check(node *yaml.Node) []Problem {
	var c checker
	c.node(node)
	return c.problems
}

type checker struct {
	problems []Problem
	path     []step // kept as steps: a path is written for a problem only
}

// step is a mapping's key, or a list's index.
type step struct {
	key   string
	index int
	list  bool
}

func (c *checker) fail(format string, args ...any) {
	path := ""
	for _, s := range c.path {
		if s.list {
			path = Element(path, s.index)
		} else {
			path = Child(path, s.key)
		}
	}
	c.problems = append(c.problems, Problem{path, fmt.Sprintf(format, args...)})
}

// within checks a node that is one step further down.
func (c *checker) within(s step, node *yaml.Node) {
	c.path = append(c.path, s)
	c.node(node)
	c.path = c.path[:len(c.path)-1]
}

func (c *checker) node(node *yaml.Node) {
	if !isPlain(node) {
		c.fail("has the YAML tag %s: must be a plain value", node.ShortTag())
		return
	}
	switch node.Kind {
	case yaml.AliasNode:
		c.fail("is a YAML alias (*%s): write the value itself", node.Value)
	case yaml.SequenceNode:
		for i, n := range node.Content {
			c.within(step{index: i, list: true}, n)
		}
	case yaml.MappingNode:
		twice := repeated(node)
		for i := 0; i+1 < len(node.Content); i += 2 {
			key, value := node.Content[i], node.Content[i+1]
			switch {
			case !isName(key):
				c.fail("has a key that is no string in line %d: keys are plain names", key.Line)
			case twice[i]:
				c.path = append(c.path, step{key: key.Value})
				c.fail("is given twice, again in line %d: give it once", key.Line)
				c.path = c.path[:len(c.path)-1]
			default:
				c.within(step{key: key.Value}, value)
			}
		}
	}
}

func isName(key *yaml.Node) bool {
	return key.Kind == yaml.ScalarNode && isPlain(key) && key.ShortTag() != yaml.MergeTag
}

// isPlain says whether a node has no tag, or one of a value that JSON has, too.
func isPlain(node *yaml.Node) bool {
	if node.Style&yaml.TaggedStyle == 0 {
		return true
	}
	switch node.ShortTag() {
	case yaml.NodeTagString, yaml.NodeTagInt, yaml.NodeTagFloat, yaml.NodeTagBool, yaml.NodeTagNull, yaml.NodeTagMap, yaml.NodeTagSeq, "!!timestamp", yaml.MergeTag:
		return true
	}
	return false
}

// repeated are the indices of keys that a mapping has before; nil: none.
func repeated(mapping *yaml.Node) map[int]bool {
	var found map[int]bool
	add := func(i int) {
		if found == nil {
			found = map[int]bool{}
		}
		found[i] = true
	}
	const few = 32 // half as many keys; that many are compared faster than hashed
	if len(mapping.Content) <= few {
		for i := 2; i+1 < len(mapping.Content); i += 2 {
			for j := 0; j < i; j += 2 {
				if mapping.Content[i].Value == mapping.Content[j].Value && isName(mapping.Content[j]) {
					add(i)
					break
				}
			}
		}
		return found
	}
	seen := make(map[string]bool, len(mapping.Content)/2)
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		key := mapping.Content[i]
		if !isName(key) {
			continue
		}
		if seen[key.Value] {
			add(i)
		}
		seen[key.Value] = true
	}
	return found
}
