package summary

import (
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/controlplane"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// dialects are the ways to limit a control plane, and how each names its
// namespaces; the first that names any is the one in use.
var dialects = []struct {
	name  v1alpha1.Discovery
	names func(controlplane.ControlPlane, []*yaml.RNode) []string
}{
	{v1alpha1.DiscoveryNamespace, watched},
	{v1alpha1.DiscoveryAppNamespace, appNamespaces},
	{v1alpha1.DiscoverySelectors, selected},
}

func discovery(plane controlplane.ControlPlane, objects []*yaml.RNode) string {
	for _, d := range dialects {
		if names := d.names(plane, objects); len(names) > 0 {
			return string(d.name) + ": " + strings.Join(names, ", ")
		}
	}
	return "not limited: the control plane watches every namespace"
}

func watched(plane controlplane.ControlPlane, _ []*yaml.RNode) []string {
	for _, env := range object.List(plane.Container, "env") {
		if object.String(env, "name") == "ISTIO_WATCH_NAMESPACE" && object.String(env, "value") != "" {
			return []string{object.String(env, "value")}
		}
	}
	return nil
}

func appNamespaces(plane controlplane.ControlPlane, _ []*yaml.RNode) []string {
	args := object.Strings(plane.Container, "args")
	for i, arg := range args {
		flag, value, joined := strings.Cut(arg, "=")
		if flag != "--appNamespace" && flag != "-a" {
			continue
		}
		if !joined && i+1 < len(args) {
			value = args[i+1]
		}
		if value != "" {
			return strings.Split(value, ",")
		}
	}
	return nil
}

// selected reads the namespaces that the mesh's discoverySelectors name.
func selected(_ controlplane.ControlPlane, objects []*yaml.RNode) (names []string) {
	for _, config := range object.Of("ConfigMap", objects) {
		text := object.String(config, "data", "mesh")
		if text == "" {
			continue
		}
		mesh, err := yaml.Parse(text)
		if err != nil {
			continue // text that only looks like a mesh
		}
		for _, selector := range object.List(mesh, "discoverySelectors") {
			for _, value := range object.StringMap(selector, "matchLabels") {
				names = append(names, value)
			}
			for _, match := range object.List(selector, "matchExpressions") {
				names = append(names, object.Strings(match, "values")...)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
