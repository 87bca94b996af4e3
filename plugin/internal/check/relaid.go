package check

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/controlplane"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/admit"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/workers"
	chain "github.com/istio-tenancy/istio-tenancy/plugin/tenant"
)

// laid are the objects that an overlay gives of a tenant, if something after the tenant's
// transformer may have added or changed them.
type laid struct {
	tenant  string
	overlay string
	config  *snapshot.Config
	objects []*snapshot.Object

	// What the transformer says of them, if it gets them again:
	refused map[*snapshot.Object][]string // it refuses these, and why
	changed map[*snapshot.Object][]change // it would write these fields of them otherwise
	lacking []object.ID                   // it would add these
	whole   []string                      // it refuses all of unseen, and why
	unseen  []*snapshot.Object
	// behind are objects that it could not look at, because it has refused another.
	behind map[*snapshot.Object][]*snapshot.Object
}

// laidAgain are the tenants of all overlays that are not the transformer's last word.
func (e *estate) laidAgain() []*laid {
	type key struct{ overlay, tenant string }
	configs := map[key]*snapshot.Config{}
	for i, c := range e.Configs {
		configs[key{c.Overlay, c.Name()}] = &e.Configs[i]
	}
	found := map[key]*laid{}
	var all []*laid
	for _, o := range e.Objects {
		of := key{o.Source.File, o.Overlay()}
		if of.tenant == "" || o.Final {
			continue
		}
		if found[of] == nil {
			found[of] = &laid{tenant: of.tenant, overlay: of.overlay, config: cmp.Or(configs[of], e.tenants[of.tenant].config),
				refused: map[*snapshot.Object][]string{}, changed: map[*snapshot.Object][]change{}, behind: map[*snapshot.Object][]*snapshot.Object{}}
			all = append(all, found[of])
		}
		found[of].objects = append(found[of].objects, o)
	}
	scopes := e.scopes()
	for _, o := range e.Objects { // which remembers, and is not safe for several at once
		scopes(o.ID)
	}
	workers.OnAllCores(len(all), func(i int) {
		all[i].again(e, scopes)
	})
	return all
}

// again has the transformer look at the objects again. What foreignObject is about, it does
// not see.
func (l *laid) again(e *estate, scopes func(object.ID) object.Scope) {
	of := l.config.IstioTenant
	of.Spec.NamespacedKinds = slices.Clone(of.Spec.NamespacedKinds)
	nodes := map[*snapshot.Object]*yaml.RNode{}
	var rest []*snapshot.Object
	for _, o := range l.objects {
		node, err := object.Node(o.Content)
		if err != nil {
			l.refused[o] = []string{err.Error()}
			continue
		}
		if err := (admit.Filter{Tenant: of}).Laid(node); err != nil {
			for line := range strings.Lines(err.Error()) {
				if line = strings.TrimSpace(line); !slices.Contains(l.refused[o], line) {
					l.refused[o] = append(l.refused[o], line)
				}
			}
		}
		if !e.isPlaced(o, l.tenant, scopes) || isAdministrators(o, of) {
			continue
		}
		if kind := o.ID.Kind + "." + o.ID.Group; object.ScopeOfKind(o.ID.Group, o.ID.Kind) == object.Unknown && !slices.Contains(of.Spec.NamespacedKinds, kind) {
			of.Spec.NamespacedKinds = append(of.Spec.NamespacedKinds, kind) // which foreignObject warns of
		}
		nodes[o] = node
		rest = append(rest, o)
	}
	again, known := chain.Transformer{Tenant: of}.Filter, true
	apart := !hasPlane(inputs(rest, nodes))
	if apart {
		var stated map[string]string
		stated, known = e.stated(of)
		again = func(in []*yaml.RNode) ([]*yaml.RNode, error) { return chain.Transformer{Tenant: of}.Again(in, stated) }
	}
	gone := map[string]*snapshot.Object{} // that it has refused, by their names
	for range rounds {
		in := inputs(rest, nodes)
		if len(in) == 0 || !apart && !hasPlane(in) { // without which it looks at nothing
			break
		}
		out, err := again(in)
		if err == nil {
			if known {
				l.compare(rest, nodes, out)
			}
			return
		}
		left := l.refuse(rest, gone, err)
		if len(left) == len(rest) {
			return
		}
		rest = left
	}
	for _, o := range gone {
		l.behind[o] = append(l.behind[o], rest...)
	}
}

// rounds are how often the transformer gets the objects that it has not refused.
const rounds = 10

func hasPlane(objects []*yaml.RNode) bool {
	_, err := controlplane.Find(objects)
	return !errors.Is(err, controlplane.ErrNone)
}

// isAdministrators says whether an object is a Namespace of a tenant whose Namespaces the
// transformer leaves out, because the cluster administrator has them.
func isAdministrators(o *snapshot.Object, of v1alpha1.IstioTenant) bool {
	create := of.Spec.CreateNamespaces
	return create != nil && !*create && o.ID.Group == "" && o.ID.Kind == "Namespace"
}

// inputs are copies of nodes, which the transformer changes. It writes the marks of a mesh on
// Namespaces again, so these are not there; acceptances are nothing that it reads.
func inputs(objects []*snapshot.Object, nodes map[*snapshot.Object]*yaml.RNode) (in []*yaml.RNode) {
	for _, o := range objects {
		n := nodes[o].Copy()
		clear := map[string][]string{"annotations": {Annotation}}
		if o.ID.Group == "" && o.ID.Kind == "Namespace" {
			clear["annotations"] = append(clear["annotations"], v1alpha1.AllowFromAnnotation, v1alpha1.NamespacesAnnotation)
			clear["labels"] = []string{v1alpha1.MeshLabel}
		}
		for field, keys := range clear {
			if values, err := n.Pipe(yaml.Lookup("metadata", field)); err == nil && values != nil && values.YNode().Kind == yaml.MappingNode {
				for _, key := range keys {
					_ = values.PipeE(yaml.Clear(key)) // which does not fail in a map
				}
			}
		}
		in = append(in, n)
	}
	return in
}

// stated are what a base without a control plane states of the control plane of a tenant: what
// is known of it here. If nothing is, it may be the newest, with an API proxy: what another
// would have is not compared.
func (e *estate) stated(of v1alpha1.IstioTenant) (stated map[string]string, known bool) {
	stated = map[string]string{controlplane.VersionAnnotation: istio.Release, v1alpha1.APIProxyImageAnnotation: "istio-tenancy"}
	for _, p := range e.Planes {
		if p.Object.ID.Namespace != of.Spec.ControlPlane.Namespace || p.Version == "" {
			continue
		}
		known = true
		stated[controlplane.VersionAnnotation] = p.Version
		delete(stated, v1alpha1.APIProxyImageAnnotation)
		if image, has := p.Object.Annotations()[v1alpha1.APIProxyImageAnnotation]; has {
			stated[v1alpha1.APIProxyImageAnnotation] = image
		}
	}
	return stated, known
}

// refuse notes what an error says, and returns the objects that it does not name. gone are
// those that earlier errors have named: what is said because one of them is not there is no
// news, but what it is said of has not been looked at.
func (l *laid) refuse(objects []*snapshot.Object, gone map[string]*snapshot.Object, err error) (left []*snapshot.Object) {
	named := map[*snapshot.Object]bool{}
	for line := range strings.Lines(err.Error()) {
		line = strings.TrimSpace(line)
		o, reason := namedIn(objects, line)
		if o == nil {
			l.whole = append(l.whole, line)
			l.unseen = objects
			continue
		}
		named[o] = true
		because := func(name string) bool { return strings.Contains(reason, strconv.Quote(name)) }
		if i := slices.IndexFunc(slices.Sorted(maps.Keys(gone)), because); i >= 0 {
			first := gone[slices.Sorted(maps.Keys(gone))[i]]
			l.behind[first] = append(l.behind[first], o)
		} else if !slices.Contains(l.refused[o], reason) {
			l.refused[o] = append(l.refused[o], reason)
		}
	}
	for _, o := range objects {
		if named[o] {
			gone[o.ID.Name] = o
		}
	}
	return slices.DeleteFunc(slices.Clone(objects), func(o *snapshot.Object) bool { return named[o] })
}

// namedIn is the object that a line of an error begins with, and the rest of the line.
func namedIn(objects []*snapshot.Object, line string) (found *snapshot.Object, reason string) {
	first := len(line)
	for _, o := range objects {
		name := o.ID.String() + ": "
		for i := 0; i < first; {
			at := strings.Index(line[i:], name)
			if at < 0 || i+at >= first {
				break
			}
			if i += at; i == 0 || strings.HasSuffix(line[:i], ": ") {
				found, reason, first = o, line[i+len(name):], i
			}
			i++
		}
	}
	return found, reason
}

// refusedObject finds objects of an overlay that the transformer would refuse or change, if it
// got them as they are, and those that it would add. It is about what they are: if somebody changes an
// object that is refused, that is another finding.
func refusedObject(e *estate, r *report) {
	for _, l := range e.laidAgain() {
		of, contents := []string{l.tenant}, func(objects []*snapshot.Object) string {
			var all []any
			for _, o := range objects {
				all = append(all, o.Content)
			}
			return digest(all)
		}
		for _, o := range l.objects {
			if reasons := l.refused[o]; len(reasons) > 0 {
				r.add(o, strings.Join(reasons, "\n")+contents(append(slices.Clone(l.behind[o]), o)), of,
					"%s of the overlay of tenant %s: the transformer would refuse it: %s", o.ID, l.tenant, strings.Join(reasons, "; "))
				continue
			}
			var fields, values []string
			for _, c := range l.changed[o] {
				fields, values = append(fields, c.path), append(values, c.path+" "+digest(c.before))
			}
			switch {
			case len(fields) == 1 && fields[0] == "":
				r.add(o, contents([]*snapshot.Object{o}), of, "%s of the overlay of tenant %s: the transformer would leave it out", o.ID, l.tenant)
			case len(fields) > 0:
				r.add(o, strings.Join(values, "\n"), of, "%s of the overlay of tenant %s: the transformer would write another value of %s", o.ID, l.tenant, some(fields))
			}
		}
		for _, id := range l.lacking {
			f := r.add(nil, "lacking", of, "%s: is not in the overlay of tenant %s, and the transformer would add it", id, l.tenant)
			f.Object, f.Source = id, snapshot.Source{File: l.overlay}
		}
		for _, reason := range l.whole {
			f := r.add(nil, reason+contents(l.unseen), of, "the overlay of tenant %s: the transformer would refuse it: %s", l.tenant, reason)
			f.Source = snapshot.Source{File: l.overlay}
		}
	}
}
