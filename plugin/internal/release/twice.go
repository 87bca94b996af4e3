package release

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// twice refuses objects in which a key stands twice: the charts write some
// values, such as the labels of Pods, beside keys of their own. The errors name
// the values that such a key may come from.
func twice(objects []*yaml.RNode, values map[string]any) error {
	var errs []error
	seen := map[string]bool{}
	for _, object := range objects {
		keysTwice(object.YNode(), "", func(path, key string) {
			from := pathsTo(values, key, "spec.values")
			if len(from) == 0 {
				return // a slip of the chart's own: the gateway's NetworkPolicy has some
			}
			at := strings.Join(from, " or ")
			if !seen[at] {
				seen[at] = true
				errs = append(errs, fmt.Errorf("%s: the chart sets %s of %s %s itself", at, path, object.GetKind(), object.GetName()))
			}
		})
	}
	return errors.Join(errs...)
}

// keysTwice reports each key that stands twice in a mapping, with its path.
func keysTwice(n *yaml.Node, path string, report func(path, key string)) {
	seen := map[string]bool{}
	for i, child := range n.Content {
		at := path
		if n.Kind == yaml.MappingNode {
			key := n.Content[i-i%2].Value
			at = strings.TrimPrefix(path+"."+key, ".")
			if i%2 == 0 {
				if seen[key] {
					report(at, key)
				}
				seen[key] = true
				continue
			}
		}
		keysTwice(child, at, report)
	}
}

// pathsTo are the paths of the values that have a key.
func pathsTo(values map[string]any, key, path string) (found []string) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		at := path + "." + name
		if name == key {
			found = append(found, at)
		}
		if below, ok := values[name].(map[string]any); ok {
			found = append(found, pathsTo(below, key, at)...)
		}
	}
	return found
}
