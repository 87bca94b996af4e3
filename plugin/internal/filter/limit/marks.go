package limit

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/limits"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// mark writes the marks into the Namespaces among objects. Where these are the
// user's, a warning says what to write.
func (f Filter) mark(objects []*yaml.RNode) error {
	marks := limits.Of(f.Tenant.IstioTenant)
	if !*f.Tenant.Spec.CreateNamespaces && len(marks.Fields) > 0 {
		f.Tenant.Warn("%s: has no effect until you write it into the Namespaces %s, since spec.createNamespaces is false: labels {%s}, annotations {%s}",
			strings.Join(marks.Fields, ", "), strings.Join(f.Tenant.Namespaces(), ", "), flow(marks.Labels), flow(marks.Annotations))
	}
	for _, namespace := range object.Of("Namespace", objects) {
		for _, m := range []struct {
			field  string
			values map[string]string
		}{{"labels", marks.Labels}, {"annotations", marks.Annotations}} {
			for _, key := range slices.Sorted(maps.Keys(m.values)) {
				if err := object.Set(namespace, m.values[key], "metadata", m.field, key); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// flow are keys and values as YAML has them between braces.
func flow(values map[string]string) string {
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(values)) {
		pairs = append(pairs, key+": "+strconv.Quote(values[key]))
	}
	return strings.Join(pairs, ", ")
}
