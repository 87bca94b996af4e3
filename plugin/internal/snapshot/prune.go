package snapshot

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
)

// longText is how long a text of a ConfigMap is that no rule reads but for its words:
// 126 kB of 160 that a tenant has are the injector's template.
const longText = 4 << 10

// cut is a text that was taken out before YAML is parsed.
type cut struct {
	line int // of its key in what is left, from 1
	text []byte
}

// withoutLongTexts cuts out what looks like the long texts in the data of a ConfigMap, as
// kustomize and kubectl write them, because that is most of what there is to parse:
//
//	data:
//	  config: |-
//	    policy: enabled      these lines
//	    templates: ...
//	kind: ConfigMap
//
// It knows lines only, which may as well stand within a quoted text. Whether they are
// what they look like, areTexts says after what is left was parsed.
func withoutLongTexts(text []byte) (short []byte, cuts []cut) {
	if len(text) < longText || !bytes.Contains(text, []byte("\nkind: ConfigMap\n")) {
		return text, nil
	}
	start := bytes.Index(text, []byte("data:\n"))
	if start < 0 || start > 0 && text[start-1] != '\n' {
		return text, nil
	}
	at := start + len("data:\n")
	from := 0
	for at < len(text) {
		line, _, _ := bytes.Cut(text[at:], []byte("\n"))
		next := min(at+len(line)+1, len(text))
		if len(line) > 0 && line[0] != ' ' {
			break // the next field of the object
		}
		if !isBlock(line) {
			at = next
			continue
		}
		end := next
		for end < len(text) {
			line, _, _ := bytes.Cut(text[end:], []byte("\n"))
			if len(line) > 0 && !bytes.HasPrefix(line, []byte("   ")) {
				break
			}
			end = min(end+len(line)+1, len(text))
		}
		if end-next > longText && !bytes.HasPrefix(line, []byte("  "+istio.MeshKey+":")) && isEven(text[next:end]) {
			short = append(short, text[from:next]...)
			cuts = append(cuts, cut{line: bytes.Count(short, []byte("\n")), text: text[next:end]})
			from = end
		}
		at = end
	}
	if cuts == nil {
		return text, nil
	}
	return append(short, text[from:]...), cuts
}

// isBlock says whether a line of data begins a text of several lines.
func isBlock(line []byte) bool {
	key, style, found := bytes.Cut(line, []byte(": "))
	return found && bytes.HasPrefix(key, []byte("  ")) && len(key) > 2 && key[2] != ' ' && key[2] != '#' &&
		!bytes.ContainsAny(key, `"'{[&*!`) && (bytes.Equal(style, []byte("|")) || bytes.Equal(style, []byte("|-")) || bytes.Equal(style, []byte("|+")))
}

// isEven says whether lines after "|" are the text, and all of it: each is indented at
// least like the first, and no character ends a line, or is a mistake, that is not plain.
func isEven(lines []byte) bool {
	for _, b := range lines {
		if (b < ' ' || b > '~') && b != '\n' && b != '\t' {
			return false
		}
	}
	indent := len(lines) - len(bytes.TrimLeft(lines, " "))
	if indent == len(lines) || lines[indent] == '\n' || lines[indent] == '\t' {
		return false
	}
	margin := lines[:indent]
	for len(lines) > 0 {
		line, rest, _ := bytes.Cut(lines, []byte("\n"))
		if !bytes.HasPrefix(line, margin) && len(bytes.TrimLeft(line, " ")) > 0 {
			return false
		}
		lines = rest
	}
	return true
}

// areTexts says whether texts were cut out of the data of a ConfigMap. A parser goes from
// the start to the end: where it finds an empty text after "|" in a line, it would have
// found there what was cut out.
func areTexts(root *yaml.Node, cuts []cut) bool {
	if len(cuts) == 0 {
		return true
	}
	data := field(root, "data")
	if scalar(root, "kind") != "ConfigMap" || field(root, "items") != nil || data == nil || data.Kind != yaml.MappingNode {
		return false
	}
	for i := 0; i+1 < len(data.Content) && len(cuts) > 0; i += 2 {
		key, value := data.Content[i], data.Content[i+1]
		if key.Line == cuts[0].line && key.Column == len("  ")+1 && value.Line == key.Line && value.Style&yaml.LiteralStyle != 0 && value.Value == "" {
			cuts = cuts[1:]
		}
	}
	return len(cuts) == 0
}

// prune takes out what nobody reads, and what is nobody's business: the data of Secrets.
func (p *parser) prune(o *Object) {
	metadata, _ := o.Content["metadata"].(map[string]any)
	delete(metadata, "managedFields")
	if annotations, ok := metadata["annotations"].(map[string]any); ok {
		delete(annotations, lastApplied)
	}
	switch o.ID.Kind {
	case "Secret":
		for _, name := range []string{"data", "stringData"} {
			data, _ := o.Content[name].(map[string]any)
			for key := range data {
				data[key] = ""
			}
		}
	case "ConfigMap":
		data, _ := o.Content["data"].(map[string]any)
		for key, value := range data {
			if text, _ := value.(string); len(text) > longText && key != istio.MeshKey {
				p.words.lineByLine([]byte(text))
				data[key] = "" // as if it were cut out
			}
		}
		delete(o.Content, "binaryData")
	case "CustomResourceDefinition":
		for _, version := range List(o.Content, "spec", "versions") {
			if fields, ok := version.(map[string]any); ok && fields["schema"] != nil {
				fields["schema"] = digest(fields["schema"])
			}
		}
	}
}

// digest tells values apart, and has no word that may be the name of a namespace.
func digest(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"
