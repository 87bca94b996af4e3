package snapshot

import (
	"bytes"
	"encoding/json"
	"io"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/manifest"
)

// breaks are characters that end a line of YAML, and are like any other in JSON.
const breaks = "\u0085\u2028\u2029"

func isJSON(text []byte) bool {
	text = bytes.TrimLeft(text, " \t\n")
	return len(text) > 0 && text[0] == '{'
}

// values are the documents of one in which JSON values follow each other, as where kubectl
// has written twice into a file: YAML knows no such thing, and kubectl reads them all where
// a file begins with one.
func values(d manifest.Document) []manifest.Document {
	if !isJSON(d.Text) {
		return []manifest.Document{d}
	}
	var all []manifest.Document
	decoder := json.NewDecoder(bytes.NewReader(d.Text))
	for start, line := 0, d.Line; ; {
		var value json.RawMessage
		switch err := decoder.Decode(&value); {
		case err == io.EOF:
			return all
		case err != nil:
			return []manifest.Document{d} // which is YAML, or a mistake
		}
		end := int(decoder.InputOffset())
		all = append(all, manifest.Document{Text: d.Text[start:end], Line: line})
		line += bytes.Count(d.Text[start:end], []byte("\n"))
		start = end
	}
}

// lacking are the fields without which an object is none.
func lacking(n *yaml.Node, content map[string]any) (fields []string) {
	if scalar(n, "apiVersion") == "" {
		fields = append(fields, "apiVersion")
	}
	if scalar(n, "kind") == "" {
		fields = append(fields, "kind")
	}
	switch {
	case Text(content, "metadata", "name") != "":
	case Text(content, "metadata", "generateName") != "":
		fields = append(fields, "metadata.name (it has metadata.generateName, of which the API server makes a name)")
	default:
		fields = append(fields, "metadata.name")
	}
	return fields
}

// isSimple says whether nodes have no anchors, aliases, tags and merge keys, every key
// once, and no word that is a truth to kubectl alone: one reading.
func isSimple(n *yaml.Node) bool {
	if n.Kind == yaml.AliasNode || n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 || manifest.IsOldTruth(n) {
		return false
	}
	if n.Kind == yaml.MappingNode {
		for i := 0; i < len(n.Content); i += 2 {
			key := n.Content[i]
			if key.Kind != yaml.ScalarNode || key.Tag != yaml.NodeTagString || manifest.IsOldTruth(key) {
				return false
			}
			for j := 0; j < i && len(n.Content) < 2*fewKeys; j += 2 {
				if n.Content[j].Value == key.Value {
					return false
				}
			}
		}
		if len(n.Content) >= 2*fewKeys && hasDouble(n) {
			return false
		}
	}
	for _, element := range n.Content {
		if !isSimple(element) {
			return false
		}
	}
	return true
}

// fewKeys is how many keys are compared with each other faster than they are counted.
const fewKeys = 16

func hasDouble(n *yaml.Node) bool {
	keys := make(map[string]bool, len(n.Content)/2)
	for i := 0; i < len(n.Content); i += 2 {
		keys[n.Content[i].Value] = true
	}
	return len(keys) < len(n.Content)/2
}
