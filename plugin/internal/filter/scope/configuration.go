package scope

import (
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// configurations limits what addons look at, as their configuration says: YAML
// that a ConfigMap holds as text.
func (f Filter) configurations(objects []*yaml.RNode) error {
	for _, o := range object.Of("ConfigMap", objects) {
		data := object.StringMap(o, "data")
		for _, key := range slices.Sorted(maps.Keys(data)) {
			for _, component := range f.Tenant.Components() {
				for _, c := range component.Configurations {
					if !strings.Contains(data[key], c.Mark) || !isConfiguration(key, data[key]) {
						continue
					}
					if err := f.limitConfiguration(o, key, c); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

func (f Filter) limitConfiguration(configMap *yaml.RNode, key string, c istio.Configuration) error {
	return editKey(configMap, key, func(config *yaml.RNode) error {
		values := f.Tenant.Values()
		values.Here = configMap.GetNamespace()
		notes, err := c.Edit(config, values)
		for _, note := range notes {
			f.Tenant.Warn("%s: data[%s]: %s", object.IDOf(configMap), key, note)
		}
		return err
	})
}

// isConfiguration says whether text may be one: a document of YAML.
func isConfiguration(key, text string) bool {
	return (strings.HasSuffix(key, ".yml") || strings.HasSuffix(key, ".yaml")) && !strings.Contains(text, "\n---")
}
