package scope

import (
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// arguments gives each program of the control plane the arguments that limit
// it. One that is there already is replaced, in whichever form it is written: two
// arguments, --flag=value, or a letter as in -a x, -a=x and -ax.
func (f Filter) arguments(objects []*yaml.RNode) error {
	values := f.Tenant.Values()
	for _, o := range objects {
		if o.GetNamespace() != values.ControlPlane {
			continue
		}
		for _, c := range object.Containers(o) {
			for _, component := range f.Tenant.Components() {
				if !component.Runs(object.String(c, "name"), object.String(c, "image")) {
					continue
				}
				for _, a := range component.Arguments {
					if !f.Tenant.Holds(a.Range) {
						continue
					}
					if err := setArgument(c, a, values); err != nil {
						return fmt.Errorf("%s: %s: %w", object.IDOf(o), a.Name, err)
					}
				}
			}
		}
	}
	return nil
}

// setArgument gives a container an argument: in the place of the first one
// that means the same, or at the end.
func setArgument(container *yaml.RNode, a istio.Argument, values istio.Values) error {
	at := "args"
	if len(object.List(container, at)) == 0 && len(object.List(container, "command")) > 1 {
		at = "command" // of a program that has its subcommand there
	}
	list, err := container.Pipe(yaml.LookupCreate(yaml.SequenceNode, at))
	if err != nil {
		return err
	}
	nodes := list.YNode()
	where := -1
	for i := 0; i < len(nodes.Content); {
		length := taken(a, nodes.Content[i].Value)
		if length == 0 {
			i++
			continue
		}
		if where < 0 {
			where = i
		}
		nodes.Content = slices.Delete(nodes.Content, i, min(i+length, len(nodes.Content)))
	}
	if where < 0 {
		where = len(nodes.Content)
	}
	nodes.Content = slices.Insert(nodes.Content, where, written(a, values)...)
	return nil
}

// taken is how many words of a command line the argument takes that word
// begins; 0, if it begins another.
func taken(a istio.Argument, word string) int {
	name, _, joined := strings.Cut(word, "=")
	switch {
	case joined && (name == a.Name || name == a.Short):
		return 1
	case word == a.Name || word == a.Short && a.Short != "":
		if a.Switch {
			return 1
		}
		return 2
	case a.Short != "" && strings.HasPrefix(word, a.Short): // -ax
		return 1
	}
	return 0
}

func written(a istio.Argument, values istio.Values) []*yaml.Node {
	value := values.Expand(a.Value)
	if a.Apart {
		return []*yaml.Node{text(a.Name), text(value)}
	}
	return []*yaml.Node{text(a.Name + "=" + value)}
}

// text is quoted where it would not read as a string.
func text(value string) *yaml.Node {
	n := yaml.NewStringRNode(value).YNode()
	if yaml.IsValueNonString(value) {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}
