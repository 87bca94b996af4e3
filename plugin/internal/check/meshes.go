package check

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

const (
	security  = "security.istio.io"
	istioNet  = "networking.istio.io"
	strict    = string(v1alpha1.MTLSStrict)
	unlimited = "*"
)

// modern says whether a tenant's control plane knows today's security policies. Source:
// istio.io/news, 1.5 and 1.4.
func (e *estate) modern(t *tenant) bool {
	planes := e.planesOf[t.Name]
	return !slices.ContainsFunc(planes, func(p snapshot.Plane) bool { return !atLeast(p, "1.5") })
}

func noMTLS(e *estate, r *report) {
	for _, base := range e.Tenants {
		t := e.tenants[base.Name]
		root := e.root(t)
		if root == "" && t.mesh == "" || t.partial {
			continue // no mesh is known
		}
		for _, ns := range t.applications() {
			mode := e.mtls(ns, root)
			if mode == strict {
				continue
			}
			what := "nothing makes its Pods require mutual TLS"
			if mode != "" {
				what = "its Pods accept plaintext, because of the mode " + mode
			}
			f := r.add(e.namespace(ns), ns, []string{t.Name}, "Namespace %s of tenant %s: %s", ns, t.Name, what)
			if mtls := t.spec().MTLS; mtls != "" && mtls != v1alpha1.MTLSStrict {
				f.asked(t.config.File + ": spec.mtls: " + string(mtls))
			}
		}
	}
}

// unset is the mode of a PeerAuthentication that leaves it to that of the mesh, and "" that
// of one which says nothing.
const unset = "UNSET"

// mtls is the mode of a namespace's PeerAuthentication for all of its Pods, or else of that
// of the mesh, which is in the namespace of the control plane; "": there is none. Where it
// is not known which one counts, it is one that accepts plaintext.
func (e *estate) mtls(namespace, root string) (mode string) {
	inherited := weakest(e.modes(root), "")
	return weakest(e.modes(namespace), inherited)
}

// weakest is a mode that accepts plaintext, or strict.
func weakest(modes []string, inherited string) (mode string) {
	if len(modes) == 0 {
		return inherited
	}
	for _, mode = range modes {
		if mode == "" || mode == unset {
			mode = cmp.Or(inherited, unset)
		}
		if mode != strict {
			break
		}
	}
	return mode
}

// modes are those that may be the mode of a namespace: of its PeerAuthentications for all
// Pods, the oldest counts, then the first by name. One that is not from a cluster has no age.
// Source: istio/istio, pilot/pkg/model/authentication.go and config.go, 1.31. What was there
// before Istio 1.5 counts, too.
func (e *estate) modes(namespace string) (modes []string) {
	for _, o := range e.in[[2]string{namespace, "Policy"}] {
		if len(snapshot.List(o.Content, "spec", "targets")) > 0 {
			continue
		}
		for _, peer := range snapshot.List(o.Content, "spec", "peers") {
			fields, _ := peer.(map[string]any)
			if settings, set := fields["mtls"]; set && snapshot.Text(settings, "mode") != string(v1alpha1.MTLSPermissive) {
				return []string{strict}
			}
		}
	}
	of := slices.DeleteFunc(slices.Clone(e.in[[2]string{namespace, "PeerAuthentication"}]), func(o *snapshot.Object) bool { return !isOfAllPods(o) })
	made := func(o *snapshot.Object) string { return snapshot.Text(o.Content, "metadata", "creationTimestamp") }
	if len(of) > 1 && !slices.ContainsFunc(of, func(o *snapshot.Object) bool { return made(o) == "" }) {
		of = []*snapshot.Object{slices.MinFunc(of, func(a, b *snapshot.Object) int {
			return cmp.Or(cmp.Compare(made(a), made(b)), cmp.Compare(a.ID.Name, b.ID.Name))
		})}
	}
	for _, o := range of {
		modes = append(modes, snapshot.Text(o.Content, "spec", "mtls", "mode"))
	}
	return modes
}

// isOfAllPods says whether a policy of Istio selects all Pods: a selector without labels does,
// too.
func isOfAllPods(o *snapshot.Object) bool {
	return len(snapshot.TextMap(o.Content, "spec", "selector", "matchLabels")) == 0
}

// exported calls use for each object of a tenant that Istio shows to other namespaces,
// with those that it names; none: it leaves that to the mesh.
func (e *estate) exported(use func(o *snapshot.Object, tenant string, to []string)) {
	for _, kind := range []string{"VirtualService", "DestinationRule", "ServiceEntry"} {
		for _, o := range e.Of(istioNet, kind) {
			use(o, e.owner(o.ID.Namespace), snapshot.Texts(o.Content, "spec", "exportTo"))
		}
	}
	for _, o := range e.Of("", "Service") {
		if to := o.Annotations()[istioNet+"/exportTo"]; to != "" {
			var names []string
			for name := range strings.SplitSeq(to, ",") {
				names = append(names, strings.TrimSpace(name))
			}
			use(o, e.owner(o.ID.Namespace), names)
		}
	}
}

// defaults are the mesh's settings of whom objects are shown that do not say so.
func defaults() map[string]string {
	return map[string]string{
		"VirtualService": "defaultVirtualServiceExportTo", "DestinationRule": "defaultDestinationRuleExportTo", "ServiceEntry": "defaultServiceExportTo",
	}
}

func wideExport(e *estate, r *report) {
	e.exported(func(o *snapshot.Object, tenant string, to []string) {
		if tenant == "" || e.tenants[tenant].mesh == "" {
			return // whoever sees it is of the tenant's own mesh
		}
		switch {
		case slices.Contains(to, unlimited):
			r.add(o, unlimited, []string{tenant}, "%s of tenant %s: is exported to every namespace of the mesh, which other tenants share", o.ID, tenant)
		case len(to) == 0 && e.showsAll(tenant, defaults()[o.ID.Kind]):
			r.add(o, "default", []string{tenant}, "%s of tenant %s: has no exportTo, and is exported to every namespace of the mesh, which other tenants share", o.ID, tenant)
		}
	})
}

// showsAll says whether a tenant's mesh shows to all what does not say.
func (e *estate) showsAll(tenant, setting string) bool {
	root := e.root(e.tenants[tenant])
	for _, p := range e.Planes {
		if p.Object.ID.Namespace != root {
			continue
		}
		for _, m := range e.meshes(p) {
			if to := snapshot.Texts(m.fields, setting); len(to) > 0 {
				return slices.Contains(to, unlimited)
			}
		}
		return true
	}
	return false // whose control plane is not here
}

func foreignExport(e *estate, r *report) {
	e.exported(func(o *snapshot.Object, tenant string, to []string) {
		if tenant == "" {
			return
		}
		found, _ := e.foreign(tenant, to, func(owner string) bool { return e.hosts(owner, tenant) })
		own := e.isAboutOwn(o, tenant)
		asked := map[string][]string{} // by who asks; "": nobody
		for _, ns := range found {
			who := e.asks[[2]string{e.owner(ns), o.ID.Namespace}]
			if own {
				who = cmp.Or(who, e.asks[[2]string{tenant, ns}])
			}
			asked[who] = append(asked[who], ns)
		}
		for _, who := range slices.Sorted(maps.Keys(asked)) {
			_, tenants := e.foreign(tenant, asked[who], nil)
			f := r.add(o, about(asked[who]), append(tenants, tenant), "%s of tenant %s: is exported to %s of %s", o.ID, tenant, some(asked[who]), called(tenants))
			if who != "" {
				f.asked(who)
			}
		}
	})
}

// isAboutOwn says whether all that an object configures for whom it is shown to are Services
// of its tenant: another host is not the tenant's to decide about for others.
func (e *estate) isAboutOwn(o *snapshot.Object, tenant string) bool {
	hosts := snapshot.Texts(o.Content, "spec", "hosts")
	if host := snapshot.Text(o.Content, "spec", "host"); host != "" {
		hosts = append(hosts, host)
	}
	return !slices.ContainsFunc(hosts, func(host string) bool {
		parts := strings.Split(host, ".")
		return host == unlimited || len(parts) > 1 && (len(parts) < 3 || parts[2] != "svc" || !e.isOf(tenant, parts[1]))
	})
}
