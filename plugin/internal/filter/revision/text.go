package revision

import (
	"encoding/json"
	"fmt"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/jsontext"
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
	replaced, found, err := jsontext.Replace(text, revision, "revision")
	if err != nil || found {
		return replaced, err
	}
	quoted, err := json.Marshal(revision)
	if err != nil {
		return "", err
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal([]byte(text), &fields); err != nil {
		return "", fmt.Errorf("want a JSON object: %w", err)
	}
	fields["revision"] = quoted
	indented, err := json.MarshalIndent(fields, "", "  ")
	return string(indented), err
}
