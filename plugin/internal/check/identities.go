package check

import (
	"slices"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

func noIdentityDeny(e *estate, r *report) {
	for _, base := range e.Tenants {
		t := e.tenants[base.Name]
		if e.root(t) == "" && t.mesh == "" || t.partial || !e.modern(t) {
			continue
		}
		for _, ns := range t.applications() {
			policies := slices.Concat(e.in[[2]string{ns, "AuthorizationPolicy"}], e.in[[2]string{e.root(t), "AuthorizationPolicy"}])
			if slices.ContainsFunc(policies, func(o *snapshot.Object) bool { return len(denials(o)) > 0 }) {
				continue
			}
			f := r.add(e.namespace(ns), ns, []string{t.Name}, "Namespace %s of tenant %s: no AuthorizationPolicy denies the identities of others", ns, t.Name)
			if t.spec().Network.Policy == v1alpha1.NetworkOpen {
				f.asked(t.config.File + ": spec.network.policy")
			}
		}
	}
}

// denials are what a policy denies of all: for each source, the namespaces that it excepts,
// or patterns of them. None: it denies no others. Whatever one of them denies is denied.
func denials(o *snapshot.Object) (excepted [][]string) {
	if snapshot.Text(o.Content, "spec", "action") != "DENY" || !isOfAllPods(o) ||
		snapshot.Field(o.Content, "spec", "targetRef") != nil || len(snapshot.List(o.Content, "spec", "targetRefs")) > 0 {
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
			namespaces := snapshot.Texts(source, "notNamespaces")
			for _, principal := range snapshot.Texts(source, "notPrincipals") {
				if ns := namespaceOf(principal); ns != "" {
					namespaces = append(namespaces, ns)
				}
			}
			excepted = append(excepted, namespaces)
		}
	}
	return excepted
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
// whom it excepts, and by having any identity.
func isOfAll(source map[string]any) bool {
	for field, value := range source {
		switch field {
		case "notNamespaces", "notPrincipals":
		case "namespaces", "principals", "trustDomains":
			if !slices.Contains(snapshot.Texts(value), unlimited) {
				return false
			}
		default:
			return false
		}
	}
	return len(source) > 0
}

func openIdentity(e *estate, r *report) {
	for _, o := range e.Of(security, "AuthorizationPolicy") {
		tenant, own := e.owner(o.ID.Namespace), denials(o)
		if tenant == "" || len(own) == 0 {
			continue
		}
		namespaces, everybody := e.excepted(own)
		if found, _ := e.foreign(tenant, namespaces, nil); len(found) == 0 && !everybody {
			continue
		}
		switch namespaces, everybody = e.excepted(append(own, e.otherDenials(o)...)); {
		case everybody:
			r.add(o, unlimited, []string{tenant}, "%s of tenant %s: denies nobody: it has an exception for every namespace", o.ID, tenant)
		default:
			e.opens(r, o, tenant, o.ID.Namespace, namespaces, "")
		}
	}
}

// otherDenials are those of the other policies for the Pods of a policy's namespace, which
// add up: its own ones, and those of the whole mesh.
func (e *estate) otherDenials(o *snapshot.Object) (all [][]string) {
	places := []string{o.ID.Namespace}
	if root := e.root(e.tenants[e.owner(o.ID.Namespace)]); root != "" && root != o.ID.Namespace {
		places = append(places, root)
	}
	for _, ns := range places {
		for _, other := range e.in[[2]string{ns, "AuthorizationPolicy"}] {
			if other != o {
				all = append(all, denials(other)...)
			}
		}
	}
	return all
}

// excepted are the namespaces that each of some denials excepts; everybody: each excepts all.
func (e *estate) excepted(denials [][]string) (namespaces []string, everybody bool) {
	everybody = true
	for _, patterns := range denials {
		if slices.Contains(patterns, unlimited) {
			continue
		}
		var of []string
		for _, pattern := range patterns {
			of = append(of, matching(e.spaces.all, pattern)...)
		}
		if of = distinct(of); !everybody {
			of = slices.DeleteFunc(of, func(ns string) bool { _, both := slices.BinarySearch(namespaces, ns); return !both })
		}
		namespaces, everybody = of, false
	}
	return namespaces, everybody
}
