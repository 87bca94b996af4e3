package scope

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/gateway"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/strictyaml"
)

// unseen are the objects of Istio's kinds beside a control plane that does not
// watch its own namespace.
type unseen struct {
	Filter
	objects []*yaml.RNode
	// own is the control plane's namespace, to is the one that it watches.
	own, to  string
	gateways gateway.Gateways
	// mesh is the mesh's configuration; nil if there is none that can be read.
	mesh *yaml.RNode
	// found are the objects.
	found map[*yaml.Node]istio.RootKind
}

// rootObjects moves what an overlay has put into the mesh's root namespace to the
// namespace that the control plane watches, if it does not watch both and the
// object means the same there; otherwise it is an error. Nothing would follow
// from it where it is.
func (f Filter) rootObjects(objects []*yaml.RNode) error {
	if slices.Contains(f.Tenant.Watch, f.Tenant.Own()) || !f.Tenant.Holds(istio.RootKindsIn) {
		return nil
	}
	u := unseen{
		Filter: f, objects: objects, own: f.Tenant.Own(), to: f.Tenant.Watch[0],
		gateways: gateway.In(objects, f.Tenant.IstioTenant), found: map[*yaml.Node]istio.RootKind{},
	}
	for _, o := range objects {
		if row, known := u.row(o); known {
			u.found[o.YNode()] = row
		}
		if text := object.String(o, "data", istio.MeshKey); o.GetKind() == "ConfigMap" && o.GetNamespace() == u.own && text != "" {
			u.mesh, _ = strictyaml.Parse(text) // which the mesh's own step refuses
		}
	}
	return u.move()
}

// row is that of an object beside the control plane which it would read, and
// which no later step moves.
func (u unseen) row(o *yaml.RNode) (istio.RootKind, bool) {
	id, labels := object.IDOf(o), o.GetLabels()
	if id.Namespace != u.own || labels[v1alpha1.TenantLabel] == u.Tenant.Name() || u.gateways.Moves(o) {
		return istio.RootKind{}, false
	}
	if rev := labels[istio.RevisionLabel]; rev != "" && !u.Tenant.IsOwnRevision(rev) {
		return istio.RootKind{}, false
	}
	return istio.RootKindOf(id.Group, id.Kind)
}

func (u unseen) move() error {
	var errs []error
	var moving []*yaml.RNode
	for _, o := range u.objects {
		row, unseen := u.found[o.YNode()]
		if !unseen {
			continue
		}
		problems := u.problems(o, row)
		switch {
		case len(problems) == 0:
			moving = append(moving, o)
		case !u.Tenant.IsCharts(o):
			for _, p := range problems {
				errs = append(errs, fmt.Errorf("%s: %s: %s; the tenant's control plane watches %s alone (spec.discovery), "+
					"where this would not mean the same: write %s", object.IDOf(o), p.path, p.what, u.to, p.right))
			}
		}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	if err := u.refer(); err != nil {
		return err
	}
	for _, o := range moving {
		if !u.Tenant.IsCharts(o) {
			u.Tenant.Warn("%s: metadata.namespace: the tenant's control plane watches %s alone (spec.discovery), so that this is moved there, "+
				"where it means the same: write namespace: %[2]s", object.IDOf(o), u.to)
		}
		if err := o.SetNamespace(u.to); err != nil {
			return err
		}
	}
	return nil
}

// refer has every object name by the new namespace what moves.
func (u unseen) refer() error {
	for _, o := range u.objects {
		row, known := istio.RootKindOf(object.IDOf(o).Group, o.GetKind())
		if !known {
			continue
		}
		for _, r := range row.References {
			for _, v := range valuesAt(o, r.Path) {
				namespace, name := u.target(o, r, v)
				if namespace != u.own || !u.comes(r.Kind, name) || v.is(r, name) {
					continue // what is named by its name alone moves with it
				}
				u.Tenant.Warn("%s: %s: found a %s of namespace %s, which is moved to %s, and this field names the old namespace: write namespace %[5]s",
					object.IDOf(o), v.path, r.Kind, u.own, u.to)
				if r.Beside != "" {
					if err := object.Set(v.holder, u.to, r.Beside); err != nil {
						return err
					}
					continue
				}
				object.SetText(v.node.YNode(), u.to+"/"+name)
			}
		}
	}
	return nil
}

// target is what a reference of o names.
func (u unseen) target(o *yaml.RNode, r istio.Reference, v value) (namespace, name string) {
	namespace = o.GetNamespace()
	if namespace == "" {
		namespace = u.to
	}
	text := v.node.YNode().Value
	if text == r.Except {
		return "", ""
	}
	if r.Beside != "" {
		if beside := object.String(v.holder, r.Beside); beside != "" {
			namespace = beside
		}
		return namespace, text
	}
	if before, after, slash := strings.Cut(text, "/"); slash {
		if before == "." {
			before = namespace
		}
		return before, after
	}
	if parts := strings.Split(text, "."); len(parts) > 1 { // name.namespace.svc.cluster.local, of old
		return parts[1], parts[0]
	}
	return namespace, text
}

// comes says whether an object of the control plane's namespace moves, or its
// own error tells why not.
func (u unseen) comes(kind, name string) bool {
	return slices.ContainsFunc(u.objects, func(o *yaml.RNode) bool {
		if id := object.IDOf(o); id.Group != istio.NetworkingGroup || id.Kind != kind || id.Name != name || id.Namespace != u.own {
			return false
		}
		_, found := u.found[o.YNode()]
		return found || u.gateways.Moves(o)
	})
}
