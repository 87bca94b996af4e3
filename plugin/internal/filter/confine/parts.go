package confine

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/rbac"
)

// parts are the rules of a ClusterRole by the place where they go.
type parts map[istio.Place][]rbac.Rule

// add distributes a rule of h's over places. names are the tenant's own
// objects by resource. What is confined although it is not known is returned:
// rights to read.
func (p parts) add(r rbac.Rule, h holder, names names) (unknown []string, err error) {
	if len(r.NonResourceURLs) > 0 {
		return nil, p.addURLs(r, h)
	}
	var errs []error
	for _, group := range r.APIGroups {
		for _, resource := range r.Resources {
			row, known := h.lookup(group, resource)
			if core, ok := h.lookup("", resource); group == "*" && ok {
				group, row, known = "", core, true // the injector's, of 0.x
			}
			read, write := r.Split(resource)
			one := rbac.Rule{APIGroups: []string{group}, Resources: []string{resource}, ResourceNames: r.ResourceNames}
			if known {
				p.addKnown(one, row, read, write, h, names)
				continue
			}
			confined, err := p.addUnknown(one, read, write, h)
			unknown, errs = append(unknown, confined...), append(errs, err)
		}
	}
	return unknown, errors.Join(errs...)
}

// addKnown adds a rule on one resource that the catalogue has a row for.
func (p parts) addKnown(one rbac.Rule, row istio.Right, read, write []string, h holder, names names) {
	group, resource := one.APIGroups[0], one.Resources[0]
	if len(row.Verbs) > 0 {
		write = slices.DeleteFunc(slices.Clone(write), func(v string) bool { return !slices.Contains(row.Verbs, v) })
	}
	p.put(row.Read.In(h.mode), one, read, names.read)
	p.put(row.Write.In(h.mode), one, write, names.write)
	if at := row.Read.In(h.mode); resource == "*" && at != istio.Cluster && at != istio.None {
		for _, kind := range istio.ClusterScoped[group] {
			if row, ok := h.lookup(group, kind); ok && row.Read.In(h.mode) == istio.Cluster {
				one.Resources = []string{kind}
				p.put(istio.Cluster, one, read, nil)
			}
		}
	}
}

// addUnknown adds what the tenant allows of a rule on one resource that the
// catalogue has no row for; and what only reads, if the program is known.
func (p parts) addUnknown(one rbac.Rule, read, write []string, h holder) (confined []string, err error) {
	group, resource := one.APIGroups[0], one.Resources[0]
	all := slices.Concat(read, write)
	var allowed []string
	if !object.IsClusterResource(group, resource) { // a Role would be in vain
		allowed = h.allows(group, resource, all)
	}
	rest := func(verbs []string) []string {
		return slices.DeleteFunc(slices.Clone(verbs), func(v string) bool { return slices.Contains(allowed, v) })
	}
	refused := rest(all)
	if h.program.Name != "" && group != "*" && !strings.Contains(resource, "*") {
		refused = rest(write)
		if reads := rest(read); len(reads) > 0 {
			allowed = append(reads, allowed...)
			confined = []string{rbac.Resource(group, resource)}
		}
	}
	if len(refused) > 0 {
		return nil, h.refuse(group, resource, refused)
	}
	// Whoever writes beside the control plane, or reads its key, becomes it. What an
	// application namespace's account reads there, its administrators read.
	reads := slices.DeleteFunc(slices.Clone(allowed), func(v string) bool { return !slices.Contains(read, v) })
	if h.apart || resource == secrets && group == "" {
		reads = nil
	}
	p.put(istio.TenantNamespaces, one, reads, nil)
	p.put(istio.ApplicationNamespaces, one, slices.DeleteFunc(allowed, func(v string) bool { return slices.Contains(reads, v) }), nil)
	return confined, nil
}

// secrets hold the key of the control plane's CA.
const secrets = "secrets"

// addURLs adds what the catalogue gives of a rule on URLs of the API server.
func (p parts) addURLs(r rbac.Rule, h holder) error {
	var given []string
	var errs []error
	for _, url := range r.NonResourceURLs {
		row, known := istio.URLOf(h.program, url)
		switch {
		case !known:
			errs = append(errs, fmt.Errorf("nonResourceURLs: found %q for %s: it shows information about the whole cluster, and no tenant gets it: "+
				"remove it from the base's rules by a patch", url, h))
		case row.Given:
			given = append(given, url)
		}
	}
	if len(given) > 0 {
		p[istio.Cluster] = append(p[istio.Cluster], rbac.Rule{NonResourceURLs: given, Verbs: []string{"get"}})
	}
	return errors.Join(errs...)
}

func (p parts) put(at istio.Place, r rbac.Rule, verbs []string, names map[string][]string) {
	if at == istio.None || len(verbs) == 0 {
		return
	}
	r.Verbs = verbs
	if at.ByName() {
		if r.ResourceNames = names[r.Resources[0]]; len(r.ResourceNames) == 0 {
			return
		}
		at = istio.Cluster
	}
	if len(r.ResourceNames) > 0 && !strings.Contains(r.Resources[0], "/") {
		// A request to create an object does not say its name, so that the rule
		// would never allow it; one to create a part of an object does.
		r.Verbs = slices.DeleteFunc(slices.Clone(verbs), func(v string) bool { return v == "create" })
	}
	if len(r.Verbs) > 0 {
		p[at] = append(p[at], r)
	}
}

// escalates names the rights of a cluster-wide rule that the catalogue would
// not leave in every cluster.
func escalates(r rbac.Rule, h holder) []string {
	var found []string
	for _, url := range r.NonResourceURLs {
		if row, known := istio.URLOf(istio.Component{}, url); !known || !row.Given {
			found = append(found, strings.Join(r.Verbs, ", ")+" "+url)
		}
	}
	for _, group := range r.APIGroups {
		for _, resource := range r.Resources {
			row, _ := h.lookup(group, resource)
			read, write := r.Split(resource)
			if len(read) > 0 && !row.Read.OfNobody() {
				found = append(found, strings.Join(read, ", ")+" "+rbac.Resource(group, resource))
			}
			if len(write) > 0 && !row.Write.OfNobody() {
				found = append(found, strings.Join(write, ", ")+" "+rbac.Resource(group, resource))
			}
		}
	}
	return found
}
