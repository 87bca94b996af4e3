package revision

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
)

// reviseText gives the charts' values their revision, JSON that the injector reads.
func (f Filter) reviseText(item *yaml.RNode) error {
	if item.GetKind() != "ConfigMap" {
		return nil
	}
	for _, key := range istio.RevisionTexts[item.GetName()] {
		field, err := item.Pipe(yaml.Lookup("data", key))
		if err != nil || field == nil {
			continue
		}
		text, err := setRevision(field.YNode().Value, f.Revision)
		if err != nil {
			return fmt.Errorf("data.%s: %w", key, err)
		}
		field.YNode().Value = text
	}
	return nil
}

// setRevision sets the field "revision" of an object in JSON. Where it is
// there, the rest of the text stays as it is; otherwise the text is written as
// the charts do, indented and with sorted keys.
func setRevision(text, revision string) (string, error) {
	start, end, err := topLevelValue(text, "revision")
	if err != nil {
		return "", fmt.Errorf("want a JSON object: %w", err)
	}
	quoted, err := json.Marshal(revision)
	if err != nil {
		return "", err
	}
	if end > 0 {
		return text[:start] + string(quoted) + text[end:], nil
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal([]byte(text), &fields); err != nil {
		return "", fmt.Errorf("want a JSON object: %w", err)
	}
	fields["revision"] = quoted
	indented, err := json.MarshalIndent(fields, "", "  ")
	return string(indented), err
}

// topLevelValue is where the value of a key stands in an object in JSON; 0, 0
// where the object has no such key.
func topLevelValue(text, key string) (start, end int, err error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	if opening, err := decoder.Token(); err != nil {
		return 0, 0, err
	} else if opening != json.Delim('{') {
		return 0, 0, fmt.Errorf("found %v", opening)
	}
	for decoder.More() {
		field, err := decoder.Token()
		if err != nil {
			return 0, 0, err
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return 0, 0, err
		}
		if field == key {
			end = int(decoder.InputOffset())
			start = end - len(value)
		}
	}
	if _, err := decoder.Token(); err != nil && err != io.EOF {
		return 0, 0, err
	}
	return start, end, nil
}
