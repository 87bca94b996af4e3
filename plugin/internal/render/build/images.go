package build

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/suggest"
)

// probe is the name of an image that no object has.
const probe = "istio-tenancy-probe.invalid/image"

// checkImages warns of each image whose name no container has. kustomize itself
// says which ones it finds: it puts the probe in their place.
func (c *targetCheck) checkImages(path []step) {
	images := path[len(path)-1].kustomization.Images
	for i := range images {
		before := slices.Clone(images[:i])
		objects, err := c.upTo(path, "images", 0, append(before, types.Image{Name: images[i].Name, NewName: probe}))
		if err != nil {
			c.warnings = append(c.warnings, fmt.Sprintf("%s: images: cannot tell whether containers have them: %s", c.name(path), firstLine(err.Error())))
			return
		}
		if found := imagesOf(objects); !slices.ContainsFunc(found, func(image string) bool { return strings.HasPrefix(image, probe) }) {
			c.warnings = append(c.warnings, fmt.Sprintf("%s: images[%d].name: no container has image %s, so that the entry changes nothing%s",
				c.name(path), i, images[i].Name, meantImage(images[i].Name, found)))
		}
	}
}

// meantImage asks whether another image was meant: one whose name is near, or
// that has the same last element.
func meantImage(name string, images []string) string {
	names := map[string]bool{}
	for _, image := range images {
		image, _, _ = strings.Cut(image, "@")
		if colon := strings.LastIndex(image, ":"); colon > strings.LastIndex(image, "/") {
			image = image[:colon]
		}
		names[image] = true
	}
	known := slices.Sorted(maps.Keys(names))
	for _, other := range known {
		if last(other) == last(name) {
			return fmt.Sprintf("; did you mean %q?", other)
		}
	}
	return suggest.Question(name, known)
}

func last(image string) string { return image[strings.LastIndex(image, "/")+1:] }

// imagesOf are the values of all fields called image.
func imagesOf(objects resmap.ResMap) (found []string) {
	var visit func(n *yaml.Node)
	visit = func(n *yaml.Node) {
		for i, child := range n.Content {
			if n.Kind == yaml.MappingNode && i%2 == 1 && n.Content[i-1].Value == "image" && child.Kind == yaml.ScalarNode {
				found = append(found, child.Value)
			}
			visit(child)
		}
	}
	for _, o := range objects.Resources() {
		visit(o.YNode())
	}
	return found
}
