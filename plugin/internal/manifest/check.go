package manifest

import (
	"fmt"
	"regexp"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/strictyaml"
)

// kindName is how Kubernetes' kinds are written. Callers make file names of them.
var kindName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*$`)

// identity lists the fields that every object must have, or may have, as text.
var identity = []struct {
	path     []string
	required bool
	shape    *regexp.Regexp
}{
	{path: []string{"apiVersion"}, required: true},
	{path: []string{"kind"}, required: true, shape: kindName},
	{path: []string{"metadata", "name"}, required: true},
	{path: []string{"metadata", "namespace"}},
}

// check says what an object lacks to be one.
func check(n *yaml.Node) (problems []string) {
	for _, want := range identity {
		at, path := n, ""
		for _, key := range want.path {
			at, path = field(at, key), strictyaml.Child(path, key)
		}
		switch {
		case at == nil || at.Tag == yaml.NodeTagNull || at.Kind == yaml.ScalarNode && at.Value == "":
			if want.required {
				problems = append(problems, path+" is missing")
			}
		case at.Kind != yaml.ScalarNode || at.Tag != yaml.NodeTagString:
			problems = append(problems, fmt.Sprintf("%s: found %s; must be a string", path, describe(at)))
		case want.shape != nil && !want.shape.MatchString(at.Value):
			problems = append(problems, fmt.Sprintf("%s: found %q; must be letters and digits", path, at.Value))
		}
	}
	return problems
}

// field returns the value of a mapping's key, or nil.
func field(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// value returns the text of a mapping's key, or "".
func value(n *yaml.Node, key string) string {
	if v := field(n, key); v != nil {
		return v.Value
	}
	return ""
}

// describe says in a message what a node is, without its content: that may be
// a secret.
func describe(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a sequence"
	}
	return map[string]string{
		yaml.NodeTagString: "text",
		yaml.NodeTagNull:   "nothing",
		yaml.NodeTagInt:    "an integer",
		yaml.NodeTagFloat:  "a number",
		yaml.NodeTagBool:   "a boolean",
		timestampTag:       "a date",
	}[n.Tag]
}
