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
			mode := e.mtls(ns)
			if mode == "" {
				mode = e.mtls(root)
			}
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

// mtls is the mode of a namespace's PeerAuthentication for all of its Pods, or of what
// was there before Istio 1.5.
func (e *estate) mtls(namespace string) (mode string) {
	for _, o := range e.in[[2]string{namespace, "PeerAuthentication"}] {
		if snapshot.Field(o.Content, "spec", "selector") == nil {
			mode = snapshot.Text(o.Content, "spec", "mtls", "mode")
		}
	}
	for _, o := range e.in[[2]string{namespace, "Policy"}] {
		if len(snapshot.List(o.Content, "spec", "targets")) > 0 {
			continue
		}
		for _, peer := range snapshot.List(o.Content, "spec", "peers") {
			fields, _ := peer.(map[string]any)
			if settings, set := fields["mtls"]; set && snapshot.Text(settings, "mode") != string(v1alpha1.MTLSPermissive) {
				return strict
			}
		}
	}
	return mode
}

func noIdentityDeny(e *estate, r *report) {
	for _, base := range e.Tenants {
		t := e.tenants[base.Name]
		if e.root(t) == "" && t.mesh == "" || t.partial || !e.modern(t) {
			continue
		}
		for _, ns := range t.applications() {
			policies := slices.Concat(e.in[[2]string{ns, "AuthorizationPolicy"}], e.in[[2]string{e.root(t), "AuthorizationPolicy"}])
			if slices.ContainsFunc(policies, func(o *snapshot.Object) bool { return deniedExcept(o) != nil }) {
				continue
			}
			f := r.add(e.namespace(ns), ns, []string{t.Name}, "Namespace %s of tenant %s: no AuthorizationPolicy denies the identities of others", ns, t.Name)
			if t.spec().Network.Policy == v1alpha1.NetworkOpen {
				f.asked(t.config.File + ": spec.network.policy")
			}
		}
	}
}

// deniedExcept are the namespaces that a policy which denies all others names; nil, where
// it denies no others.
func deniedExcept(o *snapshot.Object) (namespaces []string) {
	if snapshot.Text(o.Content, "spec", "action") != "DENY" || snapshot.Field(o.Content, "spec", "selector") != nil ||
		len(snapshot.List(o.Content, "spec", "targetRefs")) > 0 {
		return nil
	}
	for _, rule := range snapshot.List(o.Content, "spec", "rules") {
		if len(snapshot.List(rule, "to"))+len(snapshot.List(rule, "when")) > 0 {
			continue // of some requests only
		}
		for _, from := range snapshot.List(rule, "from") {
			source, _ := snapshot.Field(from, "source").(map[string]any)
			if !isOfAll(source) {
				continue
			}
			namespaces = append(namespaces, snapshot.Texts(from, "source", "notNamespaces")...)
			for _, principal := range snapshot.Texts(from, "source", "notPrincipals") {
				if ns := namespaceOf(principal); ns != "" {
					namespaces = append(namespaces, ns)
				}
			}
		}
	}
	return namespaces
}

// namespaceOf is the namespace in a principal, TRUSTDOMAIN/ns/NAMESPACE/sa/NAME, or what
// matches it: Istio takes a * at the beginning or at the end for anything. "": it has none.
func namespaceOf(principal string) string {
	if _, rest, found := strings.Cut(principal, "/ns/"); found {
		ns, _, _ := strings.Cut(rest, "/")
		return ns
	}
	if rest, found := strings.CutPrefix(principal, unlimited); found {
		if before, _, found := strings.Cut(rest, "/sa/"); found {
			return unlimited + before
		}
		return unlimited
	}
	if strings.HasSuffix(principal, unlimited) {
		return unlimited
	}
	return ""
}

// matching are those of some namespaces that a field of a policy matches, as Istio does.
// Source: istio/istio, pilot/pkg/security/authz/matcher/string.go, 1.31.
func matching(namespaces []string, pattern string) []string {
	prefix, isPrefix := strings.CutSuffix(pattern, unlimited)
	suffix, isSuffix := strings.CutPrefix(pattern, unlimited)
	if !isPrefix && !isSuffix {
		return []string{pattern}
	}
	return slices.DeleteFunc(slices.Clone(namespaces), func(ns string) bool {
		return !(isPrefix && strings.HasPrefix(ns, prefix) || isSuffix && strings.HasSuffix(ns, suffix))
	})
}

// isOfAll says whether a source, which has to be all that it says, is limited by nothing but
// whom it excepts.
func isOfAll(source map[string]any) bool {
	for field, value := range source {
		if field != "notNamespaces" && field != "notPrincipals" && !slices.Equal(snapshot.Texts(value), []string{unlimited}) {
			return false
		}
	}
	return true
}

func openIdentity(e *estate, r *report) {
	for _, o := range e.Of(security, "AuthorizationPolicy") {
		if tenant := e.owner(o.ID.Namespace); tenant != "" {
			namespaces := deniedExcept(o)
			if slices.Contains(namespaces, unlimited) {
				r.add(o, unlimited, []string{tenant}, "%s of tenant %s: denies nobody: it has an exception for every namespace", o.ID, tenant)
				continue
			}
			var all []string
			for _, pattern := range namespaces {
				all = append(all, matching(e.spaces.all, pattern)...)
			}
			e.opens(r, o, tenant, distinct(all))
		}
	}
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
