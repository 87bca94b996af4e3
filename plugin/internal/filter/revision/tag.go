package revision

import (
	"slices"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// Tag adds what the command `istioctl tag set` makes: a webhook configuration with
// which Pods in Namespaces with the label Tag are injected by the control plane of
// Revision. A second run changes nothing.
type Tag struct {
	// Namespace of the control plane.
	Namespace string
	Revision  string
	// Tag is a DNS label. Empty: nothing is added.
	Tag string
}

var _ kio.Filter = Tag{}

// Filter adds the tag's configurations after the injector's own. Each is a copy of
// one of those.
func (f Tag) Filter(items []*yaml.RNode) ([]*yaml.RNode, error) {
	if f.Tag == "" {
		return items, nil
	}
	isTag := func(o *yaml.RNode) bool {
		return o.GetKind() == injector && o.GetLabels()[istio.TagLabel] == f.Tag
	}
	items = object.Remove(items, isTag)
	for i := 0; i < len(items); i++ {
		o := items[i]
		if o.GetKind() != injector || o.GetLabels()[istio.RevisionLabel] != f.Revision {
			continue
		}
		tag, err := f.of(o)
		if err != nil {
			return nil, err
		}
		i++
		items = slices.Insert(items, i, tag)
	}
	return items, nil
}

const injector = "MutatingWebhookConfiguration"

func (f Tag) of(configuration *yaml.RNode) (*yaml.RNode, error) {
	tag := configuration.Copy()
	if err := tag.SetName(istio.TagPrefix + f.Tag + "-" + f.Namespace); err != nil {
		return nil, err
	}
	for _, key := range []string{v1alpha1.TenantLabel, v1alpha1.RevisionLabel} { // of an earlier run
		if err := tag.PipeE(yaml.Lookup("metadata", "labels"), yaml.Clear(key)); err != nil {
			return nil, err
		}
	}
	if err := object.Label(tag, istio.TagLabel, f.Tag); err != nil {
		return nil, err
	}
	for _, w := range object.List(tag, "webhooks") {
		for _, selector := range []string{"namespaceSelector", "objectSelector"} {
			for _, e := range object.List(w, selector, "matchExpressions") {
				for _, value := range object.List(e, "values") {
					if object.String(e, "key") == istio.RevisionLabel && value.YNode().Value == f.Revision {
						object.SetText(value.YNode(), f.Tag)
					}
				}
			}
		}
	}
	return tag, nil
}
