package revision

import (
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/gateway"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// Filter gives the control plane in Namespace its Revision, and also the gateways
// that have none yet. A second run changes nothing.
type Filter struct {
	// Namespace of the control plane.
	Namespace string
	// Revision is a DNS label. Empty: nothing is changed.
	Revision string
	// Beside are revisions of other control planes. Configuration in this namespace
	// may be for them.
	Beside []string
	// Serving is the revision, or the tag of one, that gateways in a namespace name,
	// which may be "". Default: Revision.
	Serving func(namespace string) string
}

var _ kio.Filter = Filter{}

// Filter changes the items in place and returns them. It returns an error if an
// object of the control plane already has another revision, or if text that should be
// JSON is not.
func (f Filter) Filter(items []*yaml.RNode) ([]*yaml.RNode, error) {
	switch f.Revision {
	case "":
		return items, nil
	case istio.DefaultRevision:
		return nil, fmt.Errorf("revise: revision %q is the name that Istio uses if there is no revision; choose another", f.Revision)
	}
	if err := f.checkLabels(items); err != nil {
		return nil, err
	}
	if f.unrevised(items) {
		if err := f.reviseControlPlane(items); err != nil {
			return nil, err
		}
	}
	for _, item := range items {
		if err := f.reviseGateway(item); err != nil {
			return nil, fmt.Errorf("revise %s: %w", object.IDOf(item), err)
		}
	}
	return items, nil
}

// checkLabels refuses a control plane, and a gateway, of another revision.
func (f Filter) checkLabels(items []*yaml.RNode) error {
	for _, item := range items {
		own := item.GetNamespace() == f.Namespace
		for _, at := range []struct {
			checked bool
			path    []string
		}{
			{own, []string{"metadata", "labels"}},
			{own || gateway.Owns(item), []string{"spec", "template", "metadata", "labels"}},
		} {
			if !at.checked {
				continue
			}
			want := f.Revision
			if gateway.Owns(item) {
				want = f.serving(item)
			}
			_, configures := istio.Resources[object.IDOf(item).Group]
			switch has := object.String(item, append(at.path, istio.RevisionLabel)...); {
			case slices.Contains([]string{"", istio.DefaultRevision, f.Revision, want}, has):
			case configures && slices.Contains(f.Beside, has):
			default:
				return fmt.Errorf("revise %s: %s[%s] is %q; want %q, or %q, which is replaced by it",
					object.IDOf(item), strings.Join(at.path, "."), istio.RevisionLabel, has, want, istio.DefaultRevision)
			}
		}
	}
	return nil
}

// serving is what a gateway names.
func (f Filter) serving(item *yaml.RNode) string {
	if f.Serving == nil {
		return f.Revision
	}
	return f.Serving(item.GetNamespace())
}

// unrevised says whether there is a control plane that knows revisions and has none.
func (f Filter) unrevised(items []*yaml.RNode) bool {
	return slices.ContainsFunc(object.Of("Deployment", items), func(d *yaml.RNode) bool {
		return d.GetNamespace() == f.Namespace && revisionEnv(d) == istio.DefaultRevision
	})
}

// revisionEnv is what a Deployment's env REVISION says, which istiod has since 1.6.
func revisionEnv(deployment *yaml.RNode) string {
	for _, container := range object.Containers(deployment) {
		for _, env := range object.List(container, "env") {
			if object.String(env, "name") == istio.RevisionVariable {
				return object.String(env, "value")
			}
		}
	}
	return ""
}

// reviseControlPlane renames first, since the rest depends on what is there.
func (f Filter) reviseControlPlane(items []*yaml.RNode) error {
	renamed := map[name]string{}
	var own []*yaml.RNode
	for _, item := range items {
		to, isNamed := f.newName(item)
		if isNamed {
			renamed[nameOf(item)] = to
		}
		if isNamed || item.GetNamespace() == f.Namespace {
			own = append(own, item)
		}
	}
	for _, item := range items {
		if err := follow(item, renamed); err != nil {
			return fmt.Errorf("revise %s: %w", object.IDOf(item), err)
		}
	}
	for _, item := range own {
		id := object.IDOf(item)
		if err := f.reviseObject(item, renamed); err != nil {
			return fmt.Errorf("revise %s: %w", id, err)
		}
	}
	return nil
}

func (f Filter) reviseObject(item *yaml.RNode, renamed map[name]string) error {
	if err := f.reviseText(item); err != nil {
		return err
	}
	dropWebhooks(item)
	f.reviseSelectors(item)
	f.reviseFields(item.YNode())
	if to, ok := renamed[name{"Service", f.Namespace, istio.IstiodService}]; ok {
		moveService(item.YNode(), istio.IstiodService+"."+f.Namespace, to+"."+f.Namespace)
	}
	if to, ok := renamed[nameOf(item)]; ok {
		return object.ReplaceText(item, to, "metadata", "name")
	}
	return nil
}
