package program

import (
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// SetArgument gives a container an argument: in the place of the first one that
// means the same, or at the end. One that is there already is replaced, in
// whichever form it is written: two arguments, --flag=value, or a letter as in
// -a x, -a=x and -ax.
func SetArgument(container *yaml.RNode, a istio.Argument, values istio.Values) error {
	list, err := container.Pipe(yaml.LookupCreate(yaml.SequenceNode, where(container)))
	if err != nil {
		return err
	}
	nodes := list.YNode()
	at := -1
	for i := 0; i < len(nodes.Content); {
		length := taken(a, nodes.Content[i].Value)
		if length == 0 {
			i++
			continue
		}
		if at < 0 {
			at = i
		}
		nodes.Content = slices.Delete(nodes.Content, i, min(i+length, len(nodes.Content)))
	}
	if at < 0 {
		at = len(nodes.Content)
	}
	nodes.Content = slices.Insert(nodes.Content, at, written(a, values)...)
	return nil
}

// Arguments are the values that a container's command line has for an argument.
func Arguments(container *yaml.RNode, a istio.Argument) []string {
	words := object.Strings(container, where(container))
	var found []string
	for i := 0; i < len(words); i++ {
		switch taken(a, words[i]) {
		case 1:
			_, value, joined := strings.Cut(words[i], "=")
			if !joined {
				value = strings.TrimPrefix(words[i], a.Short)
			}
			found = append(found, value)
		case 2:
			if i++; i < len(words) {
				found = append(found, words[i])
			}
		}
	}
	return found
}

// where a container has its command line: of a program that has its subcommand
// in its command, that is where the rest is.
func where(container *yaml.RNode) string {
	if len(object.List(container, "args")) == 0 && len(object.List(container, "command")) > 1 {
		return "command"
	}
	return "args"
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
