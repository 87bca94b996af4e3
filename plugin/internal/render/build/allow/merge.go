package allow

import (
	"bytes"
	"fmt"
	"slices"

	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/strictyaml"
)

// merges refuses merge keys in the text of this program's own configurations.
// kustomize resolves them, and drops what it cannot merge, before the function
// sees the configuration, which could then not be read strictly.
func (c *check) merges(at string, text []byte, configs []*resource.Resource) {
	isOwn := func(r *resource.Resource) bool { return r.GetApiVersion() == v1alpha1.APIVersion }
	if !slices.ContainsFunc(configs, isOwn) {
		return
	}
	documents := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var document yaml.Node
		if documents.Decode(&document) != nil {
			return // the end, or what kustomize cannot read either
		}
		for _, problem := range mergeKeys("", &document) {
			c.add(at, "%s", problem)
		}
	}
}

// mergeKeys are the problems with merge keys, quoted or not, at and below a node.
func mergeKeys(path string, n *yaml.Node) (problems []string) {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if key := n.Content[i]; key.Value == mergeKey {
				where := path
				if where != "" {
					where += ": "
				}
				problems = append(problems, fmt.Sprintf("%shas the YAML merge key %q in line %d, which kustomize resolves before anybody checks it: write the fields themselves",
					where, mergeKey, key.Line))
			}
			problems = append(problems, mergeKeys(strictyaml.Child(path, n.Content[i].Value), n.Content[i+1])...)
		}
	case yaml.SequenceNode:
		for i, e := range n.Content {
			problems = append(problems, mergeKeys(strictyaml.Element(path, i), e)...)
		}
	case yaml.DocumentNode:
		for _, e := range n.Content {
			problems = append(problems, mergeKeys(path, e)...)
		}
	}
	return problems
}

const mergeKey = "<<"
