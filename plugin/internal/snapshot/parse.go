package snapshot

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/collision"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/manifest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/printable"
)

// parser reads the objects of a text. It is one goroutine's.
type parser struct {
	words *wordReader
	known map[string]string // texts that many objects have
	// cluster are the kinds that have no namespace.
	cluster map[kind]bool

	source Source // of what is being read
	lined  bool   // whether lines mean anything to the user
	parsed parsed
}

// parsed is what a text has.
type parsed struct {
	objects []*Object
	planes  []Plane
	roots   []Root
	errs    []error
	// repairs are what manifest.Read says of a text that is read as kubectl did.
	repairs []string
}

func newParser(all *words) *parser {
	return &parser{words: newWordReader(all), known: map[string]string{}, cluster: map[kind]bool{}}
}

// parse reads the objects of a text, which a file has, or, where lined is false, an overlay
// gives.
func (p *parser) parse(file string, text []byte, lined bool) parsed {
	p.source, p.lined, p.parsed = Source{File: file}, lined, parsed{}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if !utf8.Valid(text) {
		p.fail(1, "is not UTF-8: must be UTF-8")
		return p.parsed
	}
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	for i, d := range manifest.Documents(text) {
		if i > 0 || bytes.HasPrefix(d.Text, []byte("---")) {
			p.document(d)
			continue
		}
		for _, one := range values(d) {
			p.document(one)
		}
	}
	return p.parsed
}

func (p *parser) document(d manifest.Document) {
	if _, _, wrong := manifest.WrongSeparator(d.Text); wrong || isJSON(d.Text) && bytes.ContainsAny(d.Text, breaks) {
		p.slowly(d)
		return
	}
	short, cuts := withoutLongTexts(d.Text)
	if slices.ContainsFunc(cuts, func(c cut) bool { return collision.MayHaveRoots(c.text) }) || !p.parsesAs(d, short, cuts) {
		p.parsesAs(d, d.Text, nil)
	}
}

// parsesAs reads the text of a document; false: the cuts of it were none.
func (p *parser) parsesAs(d manifest.Document, text []byte, cuts []cut) bool {
	var n, more yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(&n); errors.Is(err, io.EOF) {
		return true
	} else if err != nil || !errors.Is(decoder.Decode(&more), io.EOF) { // "..." ends a document, too
		p.slowly(d)
		return true
	}
	if yaml.IsYNodeEmptyDoc(&n) || len(n.Content) == 0 {
		return true
	}
	root := n.Content[0]
	if root.Kind != yaml.MappingNode || !isSimple(root) {
		p.slowly(d)
		return true
	}
	if !areTexts(root, cuts) {
		return false
	}
	p.add(root, d.Line-1, cuts)
	return true
}

// slowly reads a document that has more than plain fields, or mistakes, which package
// manifest names.
func (p *parser) slowly(d manifest.Document) {
	text := append(bytes.Repeat([]byte("\n"), d.Line-1), d.Text...)
	objects, repairs, err := manifest.Read(bytes.NewReader(text), p.source.File)
	p.parsed.repairs = append(p.parsed.repairs, repairs...)
	if err != nil {
		p.parsed.errs = append(p.parsed.errs, err)
	}
	for _, o := range objects {
		p.add(o.YNode(), 0, nil)
	}
}

// add adds an object, or those of a list, which is for Kubernetes what has items; line is
// what its nodes' are short of.
func (p *parser) add(n *yaml.Node, line int, cuts []cut) {
	kind, items := scalar(n, "kind"), field(n, "items")
	if items != nil && items.Kind == yaml.SequenceNode {
		if len(items.Content) == 0 && !strings.HasSuffix(kind, "List") {
			p.fail(n.Line+line, "%s: found items, and none in them: only a List has items", cmp.Or(kind, "an object"))
		}
		for _, item := range items.Content {
			if item.Kind != yaml.MappingNode || field(item, "kind") == nil {
				p.fail(item.Line+line, "%s: an item has no kind: must be an object", cmp.Or(kind, "a List"))
				continue
			}
			p.add(item, line, nil)
		}
		return
	}
	content, _ := p.value(n).(map[string]any)
	id := object.ID{Group: group(scalar(n, "apiVersion")), Kind: kind, Namespace: Text(content, "metadata", "namespace"), Name: Text(content, "metadata", "name")}
	if p.isCluster(id) {
		id.Namespace = "" // as the API server has it, whatever a file says
	}
	if lacks := lacking(n, content); len(lacks) > 0 {
		p.fail(n.Line+line, "found an object of kind %q called %q without %s: must have apiVersion, kind and metadata.name", id.Kind, id.Name, strings.Join(lacks, " and "))
		return
	}
	o := &Object{ID: id, Source: p.source, Content: content}
	if p.lined {
		o.Source.Line = n.Line + line
	}
	p.look(o, n)
	p.prune(o)
	for _, c := range cuts {
		p.words.lineByLine(c.text)
	}
	p.read(content)
	o.words, o.marked = p.words.take(), p.words.marked
	p.words.marked = nil
	p.parsed.objects = append(p.parsed.objects, o)
}

func (p *parser) isCluster(id object.ID) bool {
	of := kind{id.Group, id.Kind}
	is, known := p.cluster[of]
	if !known {
		is = object.IsClusterKind(id.Group, id.Kind)
		p.cluster[of] = is
	}
	return is
}

func (p *parser) fail(line int, format string, args ...any) {
	at := p.source
	if p.lined {
		at.Line = line
	}
	p.parsed.errs = append(p.parsed.errs, errors.New(printable.Text(fmt.Sprintf("%s: "+format, append([]any{at}, args...)...))))
}

// read collects the words of a value.
func (p *parser) read(value any) {
	switch value := value.(type) {
	case string:
		p.words.text(value)
	case []any:
		for _, element := range value {
			p.read(element)
		}
	case map[string]any:
		for key, element := range value {
			p.words.text(key)
			p.read(element)
		}
	}
}

// value is what a node's JSON decodes to.
func (p *parser) value(n *yaml.Node) any {
	switch n.Kind {
	case yaml.MappingNode:
		fields := make(map[string]any, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			fields[p.intern(n.Content[i].Value)] = p.value(n.Content[i+1])
		}
		return fields
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, element := range n.Content {
			list[i] = p.value(element)
		}
		return list
	case yaml.ScalarNode:
		return p.scalar(n)
	}
	return nil
}

func (p *parser) scalar(n *yaml.Node) any {
	switch n.ShortTag() {
	case yaml.NodeTagNull:
		return nil
	case yaml.NodeTagBool:
		return n.Value == "true" || n.Value == "True" || n.Value == "TRUE"
	case yaml.NodeTagInt:
		if number, err := strconv.ParseInt(n.Value, 0, 64); err == nil {
			return number
		}
		var number float64
		if n.Decode(&number) == nil {
			return number
		}
	case yaml.NodeTagFloat:
		var number float64
		if n.Decode(&number) == nil {
			return number
		}
	}
	return p.intern(n.Value)
}

// Texts up to internable are kept once; mostKnown bounds how many.
const (
	internable = 128
	mostKnown  = 200_000
)

func (p *parser) intern(text string) string {
	if len(text) > internable {
		return text
	}
	if known, ok := p.known[text]; ok {
		return known
	}
	if len(p.known) < mostKnown {
		p.known[text] = text
	}
	return text
}

func field(n *yaml.Node, name string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1]
		}
	}
	return nil
}

func scalar(n *yaml.Node, name string) string {
	if value := field(n, name); value != nil && value.Kind == yaml.ScalarNode {
		return value.Value
	}
	return ""
}
