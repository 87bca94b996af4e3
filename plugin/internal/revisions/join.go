package revisions

import (
	"fmt"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// Join puts together what the chain has made of parts. What a control plane of a named
// base has for itself gets a label with its revision. Where two have an object of
// one name that is not the same, the first's is printed, and a warning names it.
func Join(parts []Part, made [][]*yaml.RNode, warn func(string)) ([]*yaml.RNode, error) {
	var all []*yaml.RNode
	first := map[object.ID]*yaml.RNode{}
	for i, part := range parts {
		revision := part.Of(part.tenant)
		for _, o := range made[i] {
			id := object.IDOf(o)
			has, taken := first[id]
			switch {
			case part.Second && o.GetLabels()[istio.TagLabel] != "": // which leads to the first, if anywhere
				continue
			case taken && warn != nil && id.Kind != "Namespace" && compared(has) != compared(o):
				warn(fmt.Sprintf("%s: %s and %s both have it, and differ: that of %s is printed, which comes first in spec.controlPlane.revisions",
					id, parts[0].Name, part.Name, parts[0].Name))
				fallthrough
			case taken:
				continue
			case part.Named() && id.Kind != "Namespace" && !part.others[o.YNode()] && (part.Second || part.own[o.YNode()] || strings.Contains(id.Name, revision)):
				if err := object.Label(o, v1alpha1.RevisionLabel, revision); err != nil {
					return nil, fmt.Errorf("%s: %w", id, err)
				}
			}
			first[id] = o
			all = append(all, o)
		}
	}
	return all, nil
}

// compared is an object without what Join writes, and without its version of the API, which
// the API server converts.
func compared(o *yaml.RNode) string {
	o = o.Copy()
	_ = o.PipeE(yaml.Lookup("metadata", "labels"), yaml.Clear(v1alpha1.RevisionLabel)) // a lookup in a map does not fail
	_ = o.PipeE(yaml.Clear("apiVersion"))
	return o.MustString()
}
