package manifest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
	sigs "sigs.k8s.io/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/strictyaml"
)

// oldTruths are words that are true or false to YAML 1.1, which kubectl reads, and text to
// YAML 1.2.
var oldTruths = map[string]string{
	"y": "true", "Y": "true", "yes": "true", "Yes": "true", "YES": "true", "on": "true", "On": "true", "ON": "true",
	"n": "false", "N": "false", "no": "false", "No": "false", "NO": "false", "off": "false", "Off": "false", "OFF": "false",
}

// IsOldTruth says whether a node is true or false to kubectl, and text to its parser.
func IsOldTruth(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Style == 0 && len(n.Value) <= len("off") && n.Tag == yaml.NodeTagString && oldTruths[n.Value] != ""
}

// WrongSeparator is the first line of a document, from 1, that begins like a separator and
// is none to kubectl, which refuses the file, and what that line has after it.
func WrongSeparator(text []byte) (line int, after string, wrong bool) {
	for at := 0; ; {
		if bytes.HasPrefix(text[at:], []byte("---")) {
			rest, _, _ := bytes.Cut(text[at:], []byte("\n"))
			after = strings.TrimSpace(string(rest[len("---"):]))
			if after != "" && after[0] != '#' || !isMarker(rest) {
				return bytes.Count(text[:at], []byte("\n")) + 1, after, true
			}
		}
		next := bytes.Index(text[at:], []byte("\n---"))
		if next < 0 {
			return 0, "", false
		}
		at += next + 1
	}
}

// likeKubectl returns an error where kubectl reads another value out of a document than
// root says, or none.
func likeKubectl(root *yaml.Node, d Document) error {
	value, err := kubectl(d.Text)
	if err != nil {
		return fmt.Errorf("%d: kubectl cannot read it: %w", root.Line, err)
	}
	if n, path := differing(root, value, ""); n != nil {
		return fmt.Errorf("%d: %skubectl reads this differently from what YAML says; must be without anchors, merge keys and tags, and with quotes around text",
			n.Line, strings.TrimPrefix(path+": ", ": "))
	}
	return nil
}

// kubectl is what kubectl makes of a document.
func kubectl(text []byte) (value any, err error) {
	if !json.Valid(text) {
		if text, err = sigs.YAMLToJSON(text); err != nil {
			return nil, err
		}
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	err = decoder.Decode(&value)
	return value, err
}

// differing is the first node below n, n included, that does not say what value does, and
// its path; nil: all do. Of a key that is given twice, the last value counts.
func differing(n *yaml.Node, value any, path string) (*yaml.Node, string) {
	switch n.Kind {
	case yaml.MappingNode:
		fields, is := value.(map[string]any)
		last := make(map[string]int, len(n.Content)/2)
		for i := 0; i < len(n.Content); i += 2 {
			key := n.Content[i]
			if first, again := last[key.Value]; again && n.Content[first].ShortTag() != key.ShortTag() {
				return key, strictyaml.Child(path, key.Value) // two keys, of which JSON makes one
			}
			last[key.Value] = i
		}
		for i := 0; i < len(n.Content) && is; i += 2 {
			key := n.Content[i]
			at := strictyaml.Child(path, key.Value)
			field, found := fields[key.Value]
			if !found {
				return key, at
			}
			if last[key.Value] != i {
				continue
			}
			if other, where := differing(n.Content[i+1], field, at); other != nil {
				return other, where
			}
		}
		if !is || len(fields) != len(last) {
			return n, path
		}
	case yaml.SequenceNode:
		elements, is := value.([]any)
		if !is || len(elements) != len(n.Content) {
			return n, path
		}
		for i, element := range n.Content {
			if other, where := differing(element, elements[i], strictyaml.Element(path, i)); other != nil {
				return other, where
			}
		}
	default:
		if !isScalar(n, value) {
			return n, path
		}
	}
	return nil, ""
}

// isScalar says whether a node is a value of JSON.
func isScalar(n *yaml.Node, value any) bool {
	switch n.ShortTag() {
	case yaml.NodeTagNull:
		return value == nil
	case yaml.NodeTagBool:
		return value == (strings.ToLower(n.Value) == "true")
	case yaml.NodeTagInt, yaml.NodeTagFloat:
		number, is := value.(json.Number)
		var own any
		if !is || n.Decode(&own) != nil {
			return false
		}
		if fmt.Sprint(own) == number.String() {
			return true
		}
		theirs, err := number.Float64()
		ours, of := strconv.ParseFloat(fmt.Sprint(own), 64)
		return err == nil && of == nil && ours == theirs && strings.ContainsAny(fmt.Sprint(own)+number.String(), ".e")
	}
	return value == n.Value
}
