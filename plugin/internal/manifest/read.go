package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/printable"
)

// maxBytes bounds a stream. Istio's largest manifest so far has 1.1 MB, and an
// API server takes objects of up to 3 MB.
const maxBytes = 64 << 20

// Read returns the objects of a stream in order, and one line for each repair
// that it made. name is the stream's in messages. All errors of a stream are
// returned at once, joined, but for those after a syntax error in the same
// document.
func Read(r io.Reader, name string) (objects []*yaml.RNode, repairs []string, err error) {
	text, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(text) > maxBytes {
		return nil, nil, fmt.Errorf("%s: longer than %d MiB", name, maxBytes>>20)
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if line := invalidUTF8(text); line > 0 {
		return nil, nil, fmt.Errorf("%s:%d: not UTF-8", name, line)
	}
	s := stream{name: name, lines: map[object.ID]int{}}
	for i, d := range Documents(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))) {
		s.document = i + 1
		s.read(d)
	}
	if len(s.objects) == 0 && len(s.errs) == 0 {
		return nil, nil, fmt.Errorf("%s: has no objects: must have at least one", name)
	}
	if err := errors.Join(s.errs...); err != nil {
		return nil, nil, err
	}
	return s.objects, s.repairs, nil
}

// invalidUTF8 returns the first line that is not UTF-8, or 0.
func invalidUTF8(text []byte) int {
	for i, line := range bytes.Split(text, []byte("\n")) {
		if !utf8.Valid(line) {
			return i + 1
		}
	}
	return 0
}

// Document is a part of a stream, from its "---" on.
type Document struct {
	Text []byte
	Line int // of the stream that the text starts on, from 1
}

// Documents cuts a stream before each "---". The decoder could do that itself,
// but would then stop at the first syntax error of a stream.
func Documents(text []byte) []Document {
	var docs []Document
	start, startLine := 0, 1
	for at, line := 0, 1; at < len(text); line++ {
		end := len(text)
		if i := bytes.IndexByte(text[at:], '\n'); i >= 0 {
			end = at + i + 1
		}
		if at > start && isMarker(text[at:end]) {
			docs = append(docs, Document{text[start:at], startLine})
			start, startLine = at, line
		}
		at = end
	}
	return append(docs, Document{text[start:], startLine})
}

func isMarker(line []byte) bool {
	return bytes.HasPrefix(line, []byte("---")) && (len(line) == 3 || bytes.IndexByte([]byte(" \t\r\n"), line[3]) >= 0)
}

// stream is what was read so far.
type stream struct {
	expander expander
	name     string
	document int // that is being read, from 1
	objects  []*yaml.RNode
	repairs  []string
	errs     []error
	lines    map[object.ID]int // where each object starts
}

func (s *stream) fail(line int, format string, args ...any) {
	s.failed(fmt.Sprintf("%s:%d: "+format, append([]any{s.name, line}, args...)...))
}

// failed adds an error, which is one line whatever the text of a manifest has.
func (s *stream) failed(text string) { s.errs = append(s.errs, errors.New(printable.Text(text))) }

func (s *stream) read(d Document) {
	if line, after, wrong := WrongSeparator(d.Text); wrong {
		s.fail(d.Line+line-1, "document %d: found %q after ---; kubectl allows only a comment there; the text must be on the next line", s.document, after)
		return
	}
	decoder := yaml.NewDecoder(bytes.NewReader(d.Text))
	for first := true; ; {
		var n yaml.Node
		err := decoder.Decode(&n)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			line, message := syntaxError(err, d.Line)
			s.fail(line, "document %d: %s", s.document, message)
			return
		}
		if yaml.IsYNodeEmptyDoc(&n) {
			continue
		}
		if !first {
			s.fail(d.Line+n.Line-1, "document %d: follows the end of another document, where kubectl ignores it; must have a line --- before it", s.document)
			return
		}
		first = false
		root, err := s.expander.expand(n.Content[0], d.Line-1)
		if err == nil {
			err = likeKubectl(root, d)
		}
		if err != nil {
			s.failed(s.name + ":" + err.Error())
			continue
		}
		if root.HeadComment == "" {
			root.HeadComment = n.HeadComment
		}
		if root.FootComment == "" {
			root.FootComment = n.FootComment
		}
		if root.Kind == yaml.MappingNode && root.Style&yaml.FlowStyle != 0 {
			openFlow(root) // JSON: one field per line
		}
		s.add(root, fmt.Sprintf("document %d", s.document))
	}
}

var syntaxLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// syntaxError turns the decoder's "yaml: line 3: ..." into a line of the stream
// and the rest.
func syntaxError(err error, start int) (line int, message string) {
	message = err.Error()
	m := syntaxLine.FindStringSubmatch(message)
	if m == nil {
		return start, message
	}
	if n, err := strconv.Atoi(m[1]); err == nil && n > 0 {
		start += n - 1
	}
	return start, strings.TrimPrefix(message, m[0])
}

func openFlow(n *yaml.Node) {
	n.Style &^= yaml.FlowStyle
	for _, c := range n.Content {
		openFlow(c)
	}
}

// add adds an object, or the objects of a List. where names it until its name
// is known.
func (s *stream) add(n *yaml.Node, where string) {
	if n.Kind != yaml.MappingNode {
		s.fail(n.Line, "%s: found %s; must be an object: a mapping with apiVersion, kind and metadata", where, describe(n))
		return
	}
	var r repairs
	r.fields(n, "")
	if items := field(n, "items"); items != nil && strings.HasSuffix(value(n, "kind"), "List") {
		s.report(r, where)
		s.list(n, items, where)
		return
	}
	r.below(n, "")
	problems := check(n)
	o := yaml.NewRNode(n)
	if len(problems) == 0 {
		where = object.IDOf(o).String()
	}
	s.report(r, where)
	for _, p := range problems {
		s.fail(n.Line, "%s: %s", where, p)
	}
	if len(problems) > 0 || len(r.ambiguous) > 0 {
		return
	}
	id := object.IDOf(o)
	if first, ok := s.lines[id]; ok {
		s.fail(n.Line, "%s: is in the input twice, first on line %d", id, first)
		return
	}
	s.lines[id] = n.Line
	s.objects = append(s.objects, o)
}

func (s *stream) report(r repairs, where string) {
	for _, f := range r.done {
		s.repairs = append(s.repairs, printable.Text(fmt.Sprintf("%s:%d: %s: %s", s.name, f.line, where, f.text)))
	}
	for _, f := range r.ambiguous {
		s.fail(f.line, "%s: %s", where, f.text)
	}
}

// list adds the objects of a List. What else a List may hold is lost on
// opening it, so only metadata, which describes a kubectl request, may be there.
func (s *stream) list(n, items *yaml.Node, where string) {
	for i := 0; i < len(n.Content); i += 2 {
		switch key := n.Content[i]; key.Value {
		case "apiVersion", "kind", "metadata", "items":
		default:
			s.fail(key.Line, "%s: %s: found in a %s, which holds items only", where, key.Value, value(n, "kind"))
		}
	}
	if items.Kind != yaml.SequenceNode && items.Tag != yaml.NodeTagNull {
		s.fail(items.Line, "%s: items: found %s; must be a list of objects", where, describe(items))
		return
	}
	for i, item := range items.Content {
		s.add(item, fmt.Sprintf("%s, items[%d]", where, i))
	}
}
