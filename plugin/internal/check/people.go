package check

import (
	"cmp"
	"maps"
	"slices"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// people are the tenants that each person, group or program of elsewhere administers.
func (e *estate) people() map[subject][]string {
	if e.known != nil {
		return e.known
	}
	people := map[subject]map[string]bool{}
	add := func(s subject, tenant string) {
		if s.isBroad() || s.namespace != "" && e.owner(s.namespace) != "" {
			return
		}
		if people[s] == nil {
			people[s] = map[string]bool{}
		}
		people[s][tenant] = true
	}
	for _, c := range e.Configs {
		for _, a := range c.Spec.Admins {
			add(subject{a.Kind, a.Namespace, a.Name}, c.Name())
		}
	}
	e.bindings(func(o *snapshot.Object, tenant string) {
		if e.tenants[tenant].config != nil || e.reads(o) {
			return
		}
		for _, s := range subjects(o) {
			add(s, tenant)
		}
	})
	e.known = map[subject][]string{}
	for s, tenants := range people {
		e.known[s] = slices.Sorted(maps.Keys(tenants))
	}
	return e.known
}

// reads says whether a binding's role only reads.
func (e *estate) reads(binding *snapshot.Object) bool {
	id := object.ID{Group: rbac, Kind: snapshot.Text(binding.Content, "roleRef", "kind"), Name: snapshot.Text(binding.Content, "roleRef", "name")}
	if id.Kind == "Role" {
		id.Namespace = binding.ID.Namespace
	}
	role := e.Get(id)
	if role == nil {
		return id.Name == "view"
	}
	return !slices.ContainsFunc(snapshot.List(role.Content, "rules"), func(rule any) bool { return !onlyReads(snapshot.Texts(rule, "verbs")) })
}

func sharedAdmin(e *estate, r *report) {
	people := e.people()
	for _, s := range slices.SortedFunc(maps.Keys(people), func(a, b subject) int { return cmp.Compare(a.String(), b.String()) }) {
		tenants := people[s]
		if len(tenants) < 2 {
			continue
		}
		t := e.tenants[tenants[len(tenants)-1]]
		f := r.add(nil, s.String(), tenants, "%s: administers %s: whoever it is carries what the one tenant has to the other", s, called(tenants))
		if t.config == nil {
			f.Source = t.Source
			continue
		}
		for i, a := range t.config.Spec.Admins {
			if a.Kind == s.kind && a.Name == s.name {
				f.file, f.field, f.Source = t.config.File, object.Index("spec.admins", i)+".name", snapshot.Source{File: t.config.File}
			}
		}
	}
}
