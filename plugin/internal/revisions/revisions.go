package revisions

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/applications"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/diagnostic"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/relocate"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/tenancy"
)

// Part is the input of the chain for one of the control planes.
type Part struct {
	tenancy.Revision
	Objects []*yaml.RNode

	tenant v1alpha1.IstioTenant
	// own is what its base brings, others what the overlay brings beside it.
	own, others map[*yaml.Node]bool
}

// Of are the parts of a build, the first control plane's first. A tenant without
// spec.controlPlane.revisions has one part, with all objects. A base that the tenant does
// not name, and a name without a base, are errors; a base whose revision is not named any more
// is left out, with a warning. Applications that are built apart are those of the first.
func Of(objects []*yaml.RNode, t v1alpha1.IstioTenant, warn func(string)) ([]Part, error) {
	listed := t.Spec.ControlPlane.Revisions
	if len(listed) > 0 && applications.Are(objects) {
		return []Part{{Revision: tenancy.Revision{Name: listed[0].Name}, Objects: objects, tenant: t, others: nodes(objects)}}, nil
	}
	of := make([]string, len(objects))
	var names []string
	for i, o := range objects {
		if of[i] = nameOf(o, t); of[i] != "" && !slices.Contains(names, of[i]) {
			names = append(names, of[i])
		}
	}
	if len(listed) == 0 {
		if len(names) == 0 {
			return []Part{{Objects: objects, tenant: t}}, nil
		}
		return nil, fmt.Errorf("spec.controlPlane.revisions: is missing, and the objects have a base of the revision %s: write revisions: [{name: %s}]",
			strings.Join(names, " and one of "), strings.Join(names, "}, {name: "))
	}
	var parts []Part
	var errs []error
	for i, r := range listed {
		part := Part{Revision: tenancy.Revision{Name: r.Name, Second: i > 0}, tenant: t, others: map[*yaml.Node]bool{}}
		if part.Named() && !slices.Contains(names, r.Name) {
			errs = append(errs, fmt.Errorf("spec.controlPlane.revisions[%d].name: found %q, and no base among the objects states that revision%s: "+
				"list its base under resources, or take the name out", i, r.Name, theyHave(names)))
		}
		parts = append(parts, part)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	for _, name := range names {
		if !slices.ContainsFunc(listed, func(r v1alpha1.Revision) bool { return r.Name == name }) && warn != nil {
			warn(fmt.Sprintf("spec.controlPlane.revisions: does not name %q, so that nothing of the base of that revision is printed: remove it from resources", name))
		}
	}
	for i := range parts {
		if err := parts[i].fill(objects, of); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

func theyHave(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "; they have " + strings.Join(names, ", ")
}

// nameOf is the revision of the base that an object is of, "" if it is of a base without
// one, or of the overlay.
func nameOf(o *yaml.RNode, t v1alpha1.IstioTenant) string {
	labels := o.GetLabels()
	if labels[v1alpha1.TenantLabel] == t.Name() {
		name, named := strings.CutPrefix(labels[v1alpha1.RevisionLabel], t.Spec.ControlPlane.Revision+"-")
		if !named {
			return "" // the control plane of the base without a revision, or of none
		}
		return name
	}
	if !object.IsClusterScoped(o) {
		name, _ := v1alpha1.BaseRevision(o.GetNamespace())
		return name
	}
	return mentioned(o.YNode())
}

// mentioned is the revision in a namespace of a base that text within an object of the
// cluster names, such as a ClusterRole's own name.
func mentioned(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode {
		if _, rest, found := strings.Cut(n.Value, v1alpha1.BaseNamespaceOf("")+"_"); found {
			end := strings.IndexFunc(rest, func(r rune) bool { return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789-", r) })
			if end < 0 {
				end = len(rest)
			}
			return rest[:end]
		}
	}
	for _, child := range n.Content {
		if name := mentioned(child); name != "" {
			return name
		}
	}
	return ""
}

// fill gives a part its objects, of the bases that of says, and those of its own base in the
// namespace that the chain expects. In the parts after the first, which the chain changes
// as well, the applications are copies.
func (p *Part) fill(objects []*yaml.RNode, of []string) error {
	var base []*yaml.RNode
	for i, o := range objects {
		switch {
		case of[i] != "" && of[i] == p.Name:
			base = append(base, o)
			p.Objects = append(p.Objects, o)
		case of[i] != "":
		case !p.Second:
			p.others[o.YNode()] = true
			p.Objects = append(p.Objects, o)
		case isApplication(o, p.tenant):
			p.Objects = append(p.Objects, o.Copy())
		}
	}
	p.own = nodes(base)
	if !p.Named() {
		return nil
	}
	_, err := relocate.Filter{From: v1alpha1.BaseNamespaceOf(p.Name), To: v1alpha1.BaseNamespace}.Filter(base)
	return err
}

func nodes(objects []*yaml.RNode) map[*yaml.Node]bool {
	all := map[*yaml.Node]bool{}
	for _, o := range objects {
		all[o.YNode()] = true
	}
	return all
}

func isApplication(o *yaml.RNode, t v1alpha1.IstioTenant) bool {
	_, ofBase := v1alpha1.BaseRevision(o.GetNamespace())
	return !object.IsClusterScoped(o) && !ofBase && o.GetNamespace() != t.Spec.ControlPlane.Namespace
}

// Failed is an error of the chain, with the name of the control plane that it is about,
// where there are several.
func (p Part) Failed(err error) error {
	if p.Name == "" {
		return err
	}
	return diagnostic.InEachLine("revision "+p.Name, err)
}
