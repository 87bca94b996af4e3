package summary

import (
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/strictyaml"
)

// discovery is how a control plane is limited: of the ways that there are, the
// first that names any namespace.
func (f *facts) discovery(p plane) *Discovery {
	selected := slices.Compact(slices.Sorted(slices.Values(f.selected)))
	for _, d := range []Discovery{
		{string(v1alpha1.DiscoveryProxy), p.proxied},
		{string(v1alpha1.DiscoveryNamespace), p.watched},
		{string(v1alpha1.DiscoveryAppNamespace), p.appNames},
		{string(v1alpha1.DiscoverySelectors), selected},
	} {
		if len(d.Namespaces) > 0 {
			return &d
		}
	}
	return &Discovery{Mode: notLimited, Namespaces: []string{}}
}

// selected reads the namespaces that the discoverySelectors of a mesh's ConfigMap name.
func selected(config *yaml.RNode) (names []string) {
	text := object.String(config, "data", "mesh")
	if text == "" {
		return nil
	}
	mesh, err := strictyaml.Parse(text)
	if err != nil {
		return nil // text that only looks like a mesh
	}
	for _, selector := range object.List(mesh, "discoverySelectors") {
		for _, value := range object.StringMap(selector, "matchLabels") {
			names = append(names, value)
		}
		for _, match := range object.List(selector, "matchExpressions") {
			names = append(names, object.Strings(match, "values")...)
		}
	}
	return names
}
