package identify

import (
	"errors"
	"fmt"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// clusters refuses Secrets that name other API servers of the mesh, and what
// makes such Secrets of a template.
func (f Filter) clusters(objects []*yaml.RNode) error {
	var errs []error
	openings := f.identity.Openings
	for _, o := range objects {
		id := object.IDOf(o)
		if id.Namespace == f.Tenant.Own() && id.Kind == "Secret" && slices.Contains(openings.ClusterSecrets, id.Name) {
			errs = append(errs, fmt.Errorf("%s: %s", id, openings.WhyCluster))
			continue
		}
		if path := labelled(o.YNode(), "", openings.ClusterLabel); path != "" {
			errs = append(errs, fmt.Errorf("%s: %s[%s]: %s", id, path, openings.ClusterLabel, openings.WhyCluster))
		}
	}
	return errors.Join(errs...)
}

// labelled is where labels have a key, at a node or below it; "" if none do.
func labelled(n *yaml.Node, path, key string) string {
	for i, child := range n.Content {
		at := path
		switch {
		case n.Kind == yaml.MappingNode && i%2 == 0:
			continue
		case n.Kind == yaml.MappingNode:
			name := n.Content[i-1].Value
			if at != "" {
				at += "."
			}
			at += name
			if name == "labels" && yaml.NewRNode(child).Field(key) != nil {
				return at
			}
		default:
			at = object.Index(path, i)
		}
		if found := labelled(child, at, key); found != "" {
			return found
		}
	}
	return ""
}
