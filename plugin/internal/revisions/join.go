package revisions

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// Join puts together what the chain has made of parts. What a control plane has for
// itself gets a label with its revision. Of NetworkPolicies that are not the same for two
// of them, both are printed. Of any other object that two have and that differs, the first's
// is, and a warning names it.
func Join(parts []Part, made [][]*yaml.RNode, warn func(string)) ([]*yaml.RNode, error) {
	j := join{parts: parts, printed: map[object.ID]*yaml.RNode{}, warn: warn}
	var errs []error
	for i, part := range parts {
		for _, o := range made[i] {
			if err := j.add(part, o); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", object.IDOf(o), err))
			}
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return j.all, nil
}

type join struct {
	parts   []Part
	all     []*yaml.RNode
	printed map[object.ID]*yaml.RNode
	warn    func(string)
}

func (j *join) add(part Part, o *yaml.RNode) error {
	id, revision := object.IDOf(o), part.Of(part.tenant)
	if part.Second && id.Kind == "MutatingWebhookConfiguration" && id.Name == istio.TagPrefix+part.tenant.Spec.ControlPlane.Revision+"-"+part.tenant.Spec.ControlPlane.Namespace {
		return nil // the tag leads to the first, if anywhere
	}
	if has, taken := j.printed[id]; taken {
		if id.Kind == "Namespace" || compared(has) == compared(o) {
			return nil
		}
		switch {
		case part.own[o.YNode()] && strings.Contains(id.Name, revision):
			return fmt.Errorf("metadata.name: the overlay has an object that is called so, and the base of %s has this name in a tenant, too: rename the overlay's", part.Name)
		case strings.HasSuffix(id.Kind, "NetworkPolicy") && !part.own[o.YNode()]:
			if id.Name += "-" + revision; part.has(id) { // of an earlier run
				return nil
			}
			if err := o.SetName(id.Name); err != nil {
				return err
			}
		default:
			if j.warn != nil {
				j.warn(fmt.Sprintf("%s: %s and %s both have it, and differ: that of %s is printed, which comes first in spec.controlPlane.revisions",
					id, j.parts[0].Name, part.Name, j.parts[0].Name))
			}
			return nil
		}
	}
	j.printed[id] = o
	j.all = append(j.all, o)
	if !part.isOwn(o) {
		return nil
	}
	return object.Label(o, v1alpha1.RevisionLabel, revision)
}

// has says whether what the base brings, or an earlier run has made of it, has a name.
func (p Part) has(id object.ID) bool {
	for own := range p.own {
		if object.IDOf(yaml.NewRNode(own)) == id {
			return true
		}
	}
	return false
}

// isOwn says whether an object goes with the control plane. What a base without a
// revision has is not told from what the overlay has beside it but by its name.
func (p Part) isOwn(o *yaml.RNode) bool {
	id, revision := object.IDOf(o), p.Of(p.tenant)
	application := slices.Contains(p.tenant.Spec.ApplicationNamespaces, id.Namespace)
	switch {
	case p.Name == "" || id.Kind == "Namespace" || o.GetLabels()[istio.TagLabel] != "":
		return false
	case p.Second:
		return true
	case application && (p.others[o.YNode()] || !strings.Contains(id.Name, revision)): // gateways, and what is the tenant's
		return false
	case !p.Named():
		of := "-" + revision
		return strings.HasSuffix(id.Name, of) || strings.Contains(id.Name, of+"-"+p.tenant.Spec.ControlPlane.Namespace) || strings.Contains(id.Name, "allow-webhooks")
	case p.others[o.YNode()]:
		return false
	}
	return p.own[o.YNode()] || strings.Contains(id.Name, revision)
}

// compared is an object without what Join writes, and without its version of the API, which
// the API server converts.
func compared(o *yaml.RNode) string {
	o = o.Copy()
	_ = o.PipeE(yaml.Lookup("metadata", "labels"), yaml.Clear(v1alpha1.RevisionLabel)) // a lookup in a map does not fail
	_ = o.PipeE(yaml.Clear("apiVersion"))
	return o.MustString()
}
