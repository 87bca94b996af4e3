package upgrade

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// leaf is a field of an object with its value. Elements of lists are named by what
// tells them apart, and not by their place, so that one that is inserted is one
// difference.
type leaf struct {
	path  []string
	value string
	// listed says that the last element of path is the value, which a list has or not.
	listed bool
}

// podPath stands for the path of a Pod's spec, in whatever workload it is.
const podPath = "Pod"

// leaves are those of an object, by their paths, but for its name. Rules and
// subjects of RBAC are rights.
func leaves(o *yaml.RNode) map[string]leaf {
	l := lister{found: map[string]leaf{}}
	if _, path := object.PodSpec(o); path != "" {
		l.pod = strings.Split(path, ".")
	}
	l.rbac = strings.HasSuffix(o.GetKind(), "Role") || strings.HasSuffix(o.GetKind(), "RoleBinding")
	l.add(nil, o.YNode())
	return l.found
}

type lister struct {
	pod   []string
	rbac  bool
	found map[string]leaf
}

// unnamed are fields that tell objects apart, or that are told elsewhere.
var unnamed = [][]string{{"kind"}, {"metadata", "name"}, {"metadata", "namespace"}}

func (l *lister) add(path []string, n *yaml.Node) {
	switch {
	case slices.ContainsFunc(unnamed, func(u []string) bool { return slices.Equal(u, path) }):
	case l.rbac && len(path) == 1 && (path[0] == "rules" || path[0] == "subjects"):
	case n.Kind == yaml.DocumentNode:
		l.add(path, n.Content[0])
	case n.Kind == yaml.AliasNode:
		l.add(path, n.Alias)
	case n.Kind == yaml.MappingNode && len(n.Content) > 0:
		for i := 0; i+1 < len(n.Content); i += 2 {
			l.add(child(path, n.Content[i].Value), n.Content[i+1])
		}
	case n.Kind == yaml.SequenceNode && len(n.Content) > 0:
		l.list(path, n.Content)
	default:
		if inner := structure(path, n); inner != nil {
			l.add(path, inner)
			return
		}
		l.put(leaf{path: path, value: plain(n)})
	}
}

func child(path []string, key string) []string { return append(slices.Clip(path), key) }

// put adds a leaf. Of two that are alike, a list has both.
func (l *lister) put(one leaf) {
	if len(l.pod) > 0 && len(one.path) >= len(l.pod) && slices.Equal(one.path[:len(l.pod)], l.pod) {
		one.path = append([]string{podPath}, one.path[len(l.pod):]...)
	}
	key := strings.Join(one.path, "\x00")
	for _, twice := l.found[key]; twice; _, twice = l.found[key] {
		key += "\x00again"
	}
	l.found[key] = one
}

// identifying are the fields that tell the elements of a list apart; the first that
// all of them have.
var identifying = []string{"mountPath", "containerPort", "name", "port"}

func (l *lister) list(path []string, elements []*yaml.Node) {
	field := path[len(path)-1]
	if field == "args" || field == "command" {
		l.arguments(path, elements)
		return
	}
	if key, names := keysOf(elements); names != nil {
		for i, e := range elements {
			l.element(child(path, names[i]), field, key, e)
		}
		return
	}
	for _, e := range elements {
		text := inShort(field, e)
		l.put(leaf{path: child(path, text), value: text, listed: true})
	}
}

// whole are lists whose elements are one leaf each.
var whole = []string{"env", "ports"}

// element adds one of a list, without the field that is its name.
func (l *lister) element(path []string, list, key string, e *yaml.Node) {
	var rest []*yaml.Node
	for i := 0; i+1 < len(e.Content); i += 2 {
		if e.Content[i].Value != key {
			rest = append(rest, e.Content[i], e.Content[i+1])
		}
	}
	if len(rest) > 0 && !slices.Contains(whole, list) {
		l.add(path, &yaml.Node{Kind: yaml.MappingNode, Content: rest})
		return
	}
	l.put(leaf{path: path, value: inline(rest)})
}

// inline are fields in one line: a value alone, or "port=80 protocol=TCP".
func inline(fields []*yaml.Node) string {
	if len(fields) == 2 && fields[0].Value == "value" {
		return plain(fields[1])
	}
	var parts []string
	for i := 0; i+1 < len(fields); i += 2 {
		if from := fields[i+1]; from.Kind == yaml.MappingNode {
			parts = append(parts, fields[i].Value+"("+inline(from.Content)+")")
		} else {
			parts = append(parts, fields[i].Value+"="+plain(from))
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, " ")
}

// keysOf are what tells elements apart, and the field that does; nil: nothing does.
func keysOf(elements []*yaml.Node) (key string, names []string) {
	for _, key := range identifying {
		var names []string
		for _, e := range elements {
			if name := object.String(yaml.NewRNode(e), key); e.Kind == yaml.MappingNode && name != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		if len(names) == len(elements) {
			return key, names
		}
	}
	return "", nil
}

// arguments are the flags of a command line, each with its value, which may be the
// next argument.
func (l *lister) arguments(path []string, elements []*yaml.Node) {
	for i := 0; i < len(elements); i++ {
		flag, value, joined := strings.Cut(elements[i].Value, "=")
		isFlag := strings.HasPrefix(flag, "-")
		if isFlag && !joined && i+1 < len(elements) && !strings.HasPrefix(elements[i+1].Value, "-") {
			i++
			value, joined = elements[i].Value, true
		}
		if isFlag && joined {
			l.put(leaf{path: child(path, flag), value: value})
			continue
		}
		l.put(leaf{path: child(path, elements[i].Value), value: elements[i].Value, listed: true})
	}
}

// structure is what text is as YAML or JSON, if that is a map or a list. A template may
// look like one: of what holds some, only the text of a ConfigMap itself is read.
func structure(path []string, n *yaml.Node) *yaml.Node {
	isText := n.Kind == yaml.ScalarNode && n.ShortTag() == yaml.NodeTagString
	if !isText || !strings.Contains(n.Value, "\n") && !strings.HasPrefix(n.Value, "{") ||
		strings.Contains(n.Value, "{{") && len(path) > len([]string{"data", "key"}) || strings.Contains(n.Value, "\n---") {
		return nil
	}
	var inner yaml.Node
	if yaml.Unmarshal([]byte(n.Value), &inner) != nil || len(inner.Content) != 1 {
		return nil
	}
	if kind := inner.Content[0].Kind; kind != yaml.MappingNode && kind != yaml.SequenceNode {
		return nil
	}
	return inner.Content[0]
}

// plain is a value in one line, as JSON, or text as it is, with quotes if it would read
// as something else without.
func plain(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode {
		if bare := (&yaml.Node{Kind: yaml.ScalarNode, Value: n.Value}); n.ShortTag() == yaml.NodeTagString && bare.ShortTag() != yaml.NodeTagString {
			return strconv.Quote(n.Value)
		}
		return n.Value
	}
	var value any
	if n.Decode(&value) != nil {
		return yaml.NewRNode(n).MustString()
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}

// short says elements of some lists in fewer words than JSON: those that have these
// fields and no other.
var short = map[string]struct {
	fields []string
	say    func(*yaml.RNode) string
}{
	"rules":            {[]string{"apiGroups", "apiVersions", "operations", "resources", "scope"}, webhookRule},
	"matchExpressions": {[]string{"key", "operator", "values"}, expression},
}

func inShort(field string, element *yaml.Node) string {
	s, known := short[field]
	n := yaml.NewRNode(element)
	if fields, err := n.Fields(); !known || err != nil || slices.ContainsFunc(fields, func(f string) bool { return !slices.Contains(s.fields, f) }) {
		return plain(element)
	}
	return s.say(n)
}

func webhookRule(r *yaml.RNode) string {
	groups := object.Strings(r, "apiGroups")
	for i, group := range groups {
		if group == "" {
			groups[i] = "core"
		}
	}
	text := fmt.Sprintf("%s of %s (%s %s)", strings.Join(object.Strings(r, "operations"), " "), strings.Join(object.Strings(r, "resources"), " "),
		strings.Join(groups, " "), strings.Join(object.Strings(r, "apiVersions"), " "))
	if scope := object.String(r, "scope"); scope != "" && scope != "*" {
		text += ", " + scope
	}
	return text
}

func expression(e *yaml.RNode) string {
	return strings.TrimSpace(fmt.Sprintf("%s %s %s", object.String(e, "key"), object.String(e, "operator"), strings.Join(object.Strings(e, "values"), " ")))
}
