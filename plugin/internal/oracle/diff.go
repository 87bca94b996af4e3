package oracle

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// Difference is one field that is not as it should be.
type Difference struct {
	// Object is the one that is wanted, or the one that is not.
	Object object.ID
	// Path of the field, with dots, and indexes as numbers; into text that is
	// YAML or JSON, too. Empty for an object that is missing or superfluous.
	Path string
	// Want and Got are the values; nil where there is none.
	Want, Got any
}

// String is one line.
func (d Difference) String() string {
	return fmt.Sprintf("%s %s: want %.200q, got %.200q", d.Object, d.Path, fmt.Sprint(d.Want), fmt.Sprint(d.Got))
}

// Diff lists the fields of got that differ from want's, in want's order. An
// object under a wrong name counts as that field, where its kind leaves no doubt
// which object it is.
func Diff(want, got []*yaml.RNode) []Difference {
	var differences []Difference
	rest := map[object.ID][]*yaml.RNode{}
	for _, item := range got {
		rest[object.IDOf(item)] = append(rest[object.IDOf(item)], item)
	}
	var missing []*yaml.RNode
	for _, item := range want {
		id := object.IDOf(item)
		if len(rest[id]) == 0 {
			missing = append(missing, item)
			continue
		}
		differences = append(differences, diffObject(id, item, rest[id][0])...)
		rest[id] = rest[id][1:]
	}
	var superfluous []*yaml.RNode
	for _, item := range got {
		if id := object.IDOf(item); len(rest[id]) > 0 && rest[id][0] == item {
			superfluous = append(superfluous, item)
			rest[id] = rest[id][1:]
		}
	}
	for _, item := range missing {
		id := object.IDOf(item)
		i := slices.IndexFunc(superfluous, func(o *yaml.RNode) bool {
			return o.GetKind() == id.Kind && o.GetApiVersion() == item.GetApiVersion()
		})
		if i < 0 {
			differences = append(differences, Difference{Object: id, Want: "the object"})
			continue
		}
		differences = append(differences, diffObject(id, item, superfluous[i])...)
		superfluous = slices.Delete(superfluous, i, i+1)
	}
	for _, item := range superfluous {
		differences = append(differences, Difference{Object: object.IDOf(item), Got: "the object"})
	}
	return differences
}

func diffObject(id object.ID, want, got *yaml.RNode) []Difference {
	var differences []Difference
	report := func(path []string, want, got any) {
		differences = append(differences, Difference{id, strings.Join(path, "."), want, got})
	}
	diff(nil, value(want.YNode()), value(got.YNode()), report)
	return differences
}

func diff(path []string, want, got any, report func(path []string, want, got any)) {
	switch w := want.(type) {
	case map[string]any:
		if g, ok := got.(map[string]any); ok {
			keys := maps.Clone(w)
			maps.Copy(keys, g)
			for _, key := range slices.Sorted(maps.Keys(keys)) {
				diff(append(slices.Clip(path), key), w[key], g[key], report)
			}
			return
		}
	case []any:
		if g, ok := got.([]any); ok {
			for i := range max(len(w), len(g)) {
				diff(append(slices.Clip(path), fmt.Sprint(i)), element(w, i), element(g, i), report)
			}
			return
		}
	case string:
		if g, ok := got.(string); ok && w != g {
			wantText, gotText := structure(w), structure(g)
			if wantText != nil && gotText != nil {
				diff(path, wantText, gotText, report)
				return
			}
		}
	}
	if !reflect.DeepEqual(want, got) {
		report(path, want, got)
	}
}

// element is nil behind a list's end.
func element(list []any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return nil
}

// structure is what text is as YAML or JSON, if that is a map or a list.
func structure(text string) any {
	if !strings.Contains(text, "\n") {
		return nil
	}
	var n yaml.Node
	if err := yaml.Unmarshal([]byte(text), &n); err != nil {
		return nil
	}
	switch v := value(&n).(type) {
	case map[string]any, []any:
		return v
	}
	return nil
}

// value is a node's value.
func value(n *yaml.Node) any {
	switch n.Kind {
	case yaml.DocumentNode:
		if len(n.Content) > 0 {
			return value(n.Content[0])
		}
	case yaml.AliasNode:
		return value(n.Alias)
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			m[n.Content[i].Value] = value(n.Content[i+1])
		}
		return m
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, element := range n.Content {
			list[i] = value(element)
		}
		return list
	case yaml.ScalarNode:
		var v any
		if n.ShortTag() == yaml.NodeTagString || n.Decode(&v) != nil {
			return n.Value
		}
		return v
	}
	return nil
}
