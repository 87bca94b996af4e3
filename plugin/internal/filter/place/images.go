package place

import (
	"regexp"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/imageref"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// What the policy istio-tenancy-images says of a registry: it has the form of a name
// of DNS with a dot, whose last word is no number, and does not end in a name of the
// node itself or of a Service of the cluster.
var (
	registryName = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?[.])+[A-Za-z]([A-Za-z0-9-]*[A-Za-z0-9])?(:[0-9]+)?$`)
	ownName      = regexp.MustCompile(`(?i)[.](localhost|localdomain|svc|cluster[.]local)(:[0-9]+)?$`)
)

// registries are the images of a Pod's spec that istio-tenancy-images refuses.
func registries(spec *yaml.RNode) []placing {
	var found []placing
	check := func(path, image string) {
		registry := imageref.Registry(image)
		if registry != "" && (!registryName.MatchString(registry) || ownName.MatchString(registry)) {
			found = append(found, placing{
				path + ": found " + image + ", an address at which a node reaches itself, a machine near it or a Pod",
				"take a registry outside of the cluster, by a name with a dot",
			})
		}
	}
	for i, v := range object.List(spec, "volumes") {
		check(object.Index("volumes", i)+".image.reference", object.String(v, "image", "reference"))
	}
	paths, containers := object.PodContainers(spec)
	for i, c := range containers {
		check(paths[i]+".image", object.String(c, "image"))
	}
	return found
}
