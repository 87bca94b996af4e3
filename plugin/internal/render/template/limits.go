package template

import (
	"encoding/json"
	"strings"
	"sync"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
)

// limitOf is how long the text of a field may be.
func limitOf(path string) int {
	if limit, ok := limits()[path]; ok {
		return limit
	}
	return 253 // nothing that Kubernetes names has a longer name
}

// limits are the lengths that the schema of a tenant allows, by field:
//
//	metadata.name: 40   spec.applicationNamespaces[]: 63   spec.admins[].namespace: 63
//
// A field that is not in it has no limit. A constant that is worked out when first used.
var limits = sync.OnceValue(func() map[string]int {
	text, err := v1alpha1.Schema(v1alpha1.KindTenant)
	if err != nil {
		return nil
	}
	var root schema
	if json.Unmarshal(text, &root) != nil {
		return nil
	}
	found := map[string]int{}
	root.limits("", root.Definitions, found)
	return found
})

// schema is what limits reads of a schema.
type schema struct {
	MaxLength   int               `json:"maxLength"`
	Reference   string            `json:"$ref"`
	Properties  map[string]schema `json:"properties"`
	Items       *schema           `json:"items"`
	Definitions map[string]schema `json:"$defs"`
}

func (s schema) limits(path string, definitions map[string]schema, found map[string]int) {
	if name, ok := strings.CutPrefix(s.Reference, "#/$defs/"); ok {
		definitions[name].limits(path, definitions, found)
	}
	if s.MaxLength > 0 {
		found[path] = s.MaxLength
	}
	if s.Items != nil {
		s.Items.limits(path+"[]", definitions, found)
	}
	for name, field := range s.Properties {
		field.limits(strings.TrimPrefix(path+"."+name, "."), definitions, found)
	}
}
