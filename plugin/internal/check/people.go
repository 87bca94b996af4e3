package check

import (
	"cmp"
	"maps"
	"slices"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// roles are what somebody is to tenants.
type roles struct{ administers, views map[string]bool }

// people are the tenants that each person, group or program of elsewhere administers, or
// views.
func (e *estate) people() map[subject]roles {
	if e.who != nil {
		return e.who
	}
	e.who = map[subject]roles{}
	add := func(s subject, tenant string, views bool) {
		if s.isBroad() || s.isMaster() || s.namespace != "" && e.owner(s.namespace) != "" {
			return
		}
		if _, met := e.who[s]; !met {
			e.who[s] = roles{map[string]bool{}, map[string]bool{}}
		}
		if views {
			e.who[s].views[tenant] = true
		} else {
			e.who[s].administers[tenant] = true
		}
	}
	for _, c := range e.Configs {
		for _, a := range c.Spec.Admins {
			add(subject{a.Kind, a.Namespace, a.Name}, c.Name(), false)
		}
		for _, v := range c.Spec.Viewers {
			add(subject{v.Kind, v.Namespace, v.Name}, c.Name(), true)
		}
	}
	e.bindings(func(o *snapshot.Object, tenant string) {
		grants := e.rights.Of(o.ID)
		if e.tenants[tenant].config != nil || len(grants) == 0 {
			return
		}
		views := !slices.ContainsFunc(grants, func(g authorize.Grant) bool { return !onlyReads(g.Rule.Verbs) })
		for _, s := range subjects(o) {
			add(s, tenant, views)
		}
	})
	return e.who
}

// isMaster says whether a subject may do everything without any binding.
func (s subject) isMaster() bool { return s.kind == "Group" && s.name == "system:masters" }

func sharedAdmin(e *estate, r *report) {
	people := e.people()
	for _, s := range slices.SortedFunc(maps.Keys(people), func(a, b subject) int { return cmp.Compare(a.String(), b.String()) }) {
		tenants := slices.Sorted(maps.Keys(people[s].administers))
		views := slices.DeleteFunc(slices.Sorted(maps.Keys(people[s].views)), func(tenant string) bool { return people[s].administers[tenant] })
		if len(tenants) == 0 || len(tenants)+len(views) < 2 {
			continue
		}
		what := "administers " + called(tenants)
		if len(views) > 0 {
			what += ", and views " + called(views)
		}
		t := e.tenants[tenants[len(tenants)-1]]
		f := r.add(nil, s.String(), append(views, tenants...), "%s: %s: this subject can give to one tenant what the other has", s, what)
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
