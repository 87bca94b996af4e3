package snapshot

import (
	"bytes"
	"maps"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
)

// longText is how long a text of a ConfigMap is that no rule reads but for its words:
// 126 kB of 160 that a tenant has are the injector's template.
const longText = 4 << 10

// withoutLongTexts cuts the long texts out of the data of a ConfigMap, as kustomize and
// kubectl write them, before YAML is parsed: what stands there is text, whatever it says.
//
//	data:
//	  config: |-
//	    policy: enabled      these lines
//	    templates: ...
//	kind: ConfigMap
func withoutLongTexts(text []byte) (short []byte, long [][]byte) {
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
		if end-next > longText && !bytes.HasPrefix(line, []byte("  "+istio.MeshKey+":")) {
			short, long = append(short, text[from:next]...), append(long, text[next:end])
			from = end
		}
		at = end
	}
	if long == nil {
		return text, nil
	}
	return append(short, text[from:]...), long
}

// isBlock says whether a line of data begins a text of several lines.
func isBlock(line []byte) bool {
	key, style, found := bytes.Cut(line, []byte(": "))
	return found && bytes.HasPrefix(key, []byte("  ")) && len(key) > 2 && key[2] != ' ' && key[2] != '#' &&
		!bytes.ContainsAny(key, `"'{[&*!`) && (bytes.Equal(style, []byte("|")) || bytes.Equal(style, []byte("|-")) || bytes.Equal(style, []byte("|+")))
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
		maps.DeleteFunc(data, func(key string, value any) bool {
			text, _ := value.(string)
			if len(text) <= longText || key == istio.MeshKey {
				return false
			}
			p.words.lineByLine([]byte(text))
			return true
		})
		delete(o.Content, "binaryData")
	case "CustomResourceDefinition":
		for _, version := range List(o.Content, "spec", "versions") {
			if fields, ok := version.(map[string]any); ok {
				delete(fields, "schema")
			}
		}
	}
}

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"
