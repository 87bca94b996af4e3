package program

import (
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// names are how manifests call a program's image, without registry and tag, and
// its container.
var names = map[string][]string{
	Pilot:  {"pilot", "discovery"},
	CA:     {"istio-ca", "citadel"},
	Mixer:  {"mixer"},
	Galley: {"galley"},
}

// In says which program a container runs; "" is none of the table's.
func In(container *yaml.RNode) string {
	image, _, _ := strings.Cut(object.String(container, "image"), "@")
	image = image[strings.LastIndexByte(image, '/')+1:]
	image, _, _ = strings.Cut(image, ":")
	for _, program := range []string{Pilot, CA, Mixer, Galley} {
		if slices.Contains(names[program], image) || slices.Contains(names[program], object.String(container, "name")) {
			return program
		}
	}
	return ""
}

// Set gives a container a flag: in the place of the first one that means the
// same, or at the end.
func Set(container *yaml.RNode, flag Flag, t Tenant) error {
	at := "args"
	if len(object.List(container, at)) == 0 && len(object.List(container, "command")) > 1 {
		at = "command" // Galley's
	}
	list, err := container.Pipe(yaml.LookupCreate(yaml.SequenceNode, at))
	if err != nil {
		return err
	}
	nodes := list.YNode()
	where := -1
	for i := 0; i < len(nodes.Content); {
		length := flag.match(nodes.Content[i].Value)
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
	nodes.Content = slices.Insert(nodes.Content, where, flag.arguments(t)...)
	return nil
}

// match is how many arguments the flag takes that argument begins; 0, if it
// begins another.
func (f Flag) match(argument string) int {
	name, _, joined := strings.Cut(argument, "=")
	switch {
	case joined && (name == f.Name || name == f.Short):
		return 1
	case argument == f.Name || argument == f.Short && f.Short != "":
		if f.Switch {
			return 1
		}
		return 2
	case f.Short != "" && strings.HasPrefix(argument, f.Short): // -ax
		return 1
	}
	return 0
}

func (f Flag) arguments(t Tenant) []*yaml.Node {
	if f.Apart {
		return []*yaml.Node{text(f.Name), text(f.Value(t))}
	}
	return []*yaml.Node{text(f.Name + "=" + f.Value(t))}
}

// text is quoted where it would not read as a string.
func text(value string) *yaml.Node {
	n := yaml.NewStringRNode(value).YNode()
	if yaml.IsValueNonString(value) {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}
