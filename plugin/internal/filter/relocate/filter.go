package relocate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/relocate/token"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// Filter moves a control plane from one namespace to another. A second run changes
// nothing.
type Filter struct {
	// From and To are names of namespaces; either may also be
	// v1alpha1.BaseNamespace.
	From, To string
}

var _ kio.Filter = Filter{}

// Filter changes the items in place and returns them. It returns an error if From or
// To is empty, or if To would make a text a number or a boolean.
func (f Filter) Filter(items []*yaml.RNode) ([]*yaml.RNode, error) {
	switch {
	case f.From == "" || f.To == "":
		return nil, errors.New("relocate: both namespaces, from and to, must be given")
	case f.From == f.To:
		return items, nil
	}
	if err := f.moveBare(items); err != nil {
		return nil, err
	}
	w := walker{from: f.From, to: f.To, names: f.derived(items), fragile: yaml.IsValueNonString(f.To)}
	for _, item := range items {
		kind := item.GetKind()
		if slices.Contains(untouchedKinds, kind) {
			continue
		}
		id := object.IDOf(item).String() // before it moves
		w.skip = untouchedSections[kind]
		if err := w.walk(item.YNode(), nil); err != nil {
			return nil, fmt.Errorf("relocate %s: %w", id, err)
		}
	}
	return items, nil
}

// What is never rewritten, although it may hold the name of a namespace: kinds that are
// deployed once per cluster, what is opaque, and where images come from.
var (
	untouchedKinds    = []string{"CustomResourceDefinition"}
	untouchedFields   = []string{"caBundle", "image"}
	untouchedSections = map[string][]string{
		"Secret":    {"data", "stringData"},
		"ConfigMap": {"binaryData"},
	}
)

// walker rewrites the strings of one object.
type walker struct {
	from, to string
	// names are those that derive from the namespace, and what becomes of them.
	names []rename
	// skip are the top-level fields that stay as they are.
	skip []string
	// fragile says that to is no string where it stands unquoted.
	fragile bool
}

type rename struct{ old, new string }

func (w walker) walk(n *yaml.Node, path []string) error {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			at := append(path, n.Content[i].Value)
			if w.untouched(at) {
				continue
			}
			if err := w.walk(n.Content[i+1], at); err != nil {
				return err
			}
		}
	case yaml.ScalarNode:
		return w.scalar(n, path)
	case yaml.DocumentNode, yaml.SequenceNode:
		for _, element := range n.Content {
			if err := w.walk(element, path); err != nil {
				return err
			}
		}
	}
	return nil // an alias's anchor is on the way
}

func (w walker) untouched(path []string) bool {
	field := path[len(path)-1]
	switch {
	case slices.Contains(untouchedFields, field):
		return true
	case len(path) == 1:
		return slices.Contains(w.skip, field)
	case len(path) == 3 && path[0] == "metadata" && path[1] == "annotations":
		return object.IsBookkeeping(field)
	}
	return false
}

func (w walker) scalar(n *yaml.Node, path []string) error {
	if !strings.Contains(n.Value, w.from) || n.ShortTag() != yaml.NodeTagString {
		return nil
	}
	value := n.Value
	for _, r := range w.names {
		value = token.Replace(value, r.old, r.new)
	}
	value = token.Replace(value, w.from, w.to)
	if value == n.Value {
		return nil
	}
	if w.fragile && strings.Contains(value, "\n") {
		return fmt.Errorf("%s: the namespace %q reads as a number or a boolean in this text; "+
			"choose a name with another letter in it", strings.Join(path, "."), w.to)
	}
	object.SetText(n, value)
	return nil
}
