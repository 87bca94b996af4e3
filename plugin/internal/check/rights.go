package check

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

const rbac = "rbac.authorization.k8s.io"

// subject is one of a binding.
type subject struct{ kind, namespace, name string }

func (s subject) String() string {
	if s.kind == serviceAccount {
		return s.kind + " " + s.namespace + "/" + s.name
	}
	return s.kind + " " + s.name
}

const accountGroup = "system:serviceaccounts"

// subjects are those of a binding. A Group that is called as the API server calls the
// ServiceAccounts of a namespace has that namespace.
func subjects(o *snapshot.Object) (found []subject) {
	for _, named := range snapshot.Subjects(o) {
		s := subject{named.Kind, named.Namespace, named.Name}
		if ns, found := strings.CutPrefix(s.name, accountGroup+":"); found && s.kind == "Group" {
			s.namespace = ns
		}
		found = append(found, s)
	}
	return found
}

const serviceAccount = "ServiceAccount"

func (s subject) isBroad() bool { return snapshot.Subject{Kind: s.kind, Name: s.name}.IsEverybody() }

// bindings calls use for each RoleBinding in a tenant's namespaces.
func (e *estate) bindings(use func(o *snapshot.Object, tenant string)) {
	for _, o := range e.Of(rbac, "RoleBinding") {
		if tenant := e.owner(o.ID.Namespace); tenant != "" {
			use(o, tenant)
		}
	}
}

func foreignSubject(e *estate, r *report) {
	e.bindings(func(o *snapshot.Object, tenant string) {
		for _, s := range subjects(o) {
			owner := e.owner(s.namespace)
			if s.namespace == "" || owner == "" || e.isOf(tenant, s.namespace) || e.hosts(owner, tenant) && s.namespace == e.tenants[owner].ControlPlane {
				continue
			}
			f := r.add(o, s.String(), []string{tenant, owner}, "%s of tenant %s: gives %s to %s of tenant %s", o.ID, tenant, snapshot.RoleOf(o), s, owner)
			f.rights = e.given(o)
			e.askedFor(f, tenant, s)
		}
	})
}

// askedFor makes a note of what a tenant's file says: that a subject administers the
// tenant, or views it.
func (e *estate) askedFor(f *Finding, tenant string, s subject) {
	t := e.tenants[tenant]
	for field, list := range map[string][]v1alpha1.Subject{"spec.admins": t.spec().Admins, "spec.viewers": t.spec().Viewers} {
		for i, a := range list {
			if a.Kind == s.kind && a.Name == s.name && a.Namespace == s.namespace {
				f.asked(t.config.File + ": " + object.Index(field, i))
				return
			}
		}
	}
}

func broadBinding(e *estate, r *report) {
	e.bindings(func(o *snapshot.Object, tenant string) {
		for _, s := range subjects(o) {
			if s.isBroad() {
				f := r.add(o, s.String(), []string{tenant}, "%s of tenant %s: gives %s to %s", o.ID, tenant, snapshot.RoleOf(o), s)
				f.rights = e.given(o)
			}
		}
	})
	for _, o := range e.Of(rbac, "ClusterRoleBinding") {
		all := e.rights.Of(o.ID)
		if len(all) > 0 && e.rights.IsBuiltin(all[0]) {
			continue
		}
		for _, s := range subjects(o) {
			if grants := e.namespaced(o); s.isBroad() && len(grants) > 0 && len(e.Tenants) > 0 {
				f := r.add(o, s.String(), []string{e.tenantOf(o)}, "%s: gives %s, in every namespace of every tenant, to %s: %s", o.ID, snapshot.RoleOf(o), s, grants[0])
				f.rights = e.given(o)
			}
		}
	}
}

// granted is a resource of namespaces that a ClusterRole allows.
type granted struct {
	group, resource string
	verbs           []string
	at              string // "ClusterRole reader: rules[0]"
}

func (g granted) String() string {
	if len(g.verbs) == 0 {
		return g.at
	}
	return fmt.Sprintf("%s: %s %s", g.at, strings.Join(g.verbs, ", "), strings.TrimSuffix(g.resource+"."+g.group, "."))
}

// namespaced are the resources of namespaces that the role of a binding allows, with those
// that it aggregates.
func (e *estate) namespaced(binding *snapshot.Object) (found []granted) {
	for _, g := range e.rights.Of(binding.ID) {
		at := g.Role.String() + ": " + object.Index("rules", g.At)
		if g.RoleSource.File == "" {
			at = g.Role.String() + ", which every cluster has"
		}
		for _, group := range g.Rule.APIGroups {
			for _, resource := range g.Rule.Resources {
				if inNamespaces(group, resource) {
					found = append(found, granted{group, resource, g.Rule.Verbs, at})
				}
			}
		}
	}
	return found
}

// inNamespaces says whether a rule names a kind that is in namespaces, or one of which
// nothing is known.
func inNamespaces(group, resource string) bool {
	base, _, _ := strings.Cut(resource, "/")
	if base == "*" {
		return object.HasNamespaced(group)
	}
	groups := []string{group}
	if group == "*" {
		groups = object.Groups(base)
	}
	return len(groups) == 0 || slices.ContainsFunc(groups, func(group string) bool { return !object.IsClusterResource(group, base) })
}

// given is what the role of a binding allows, each by itself, however its rules are written.
func (e *estate) given(binding *snapshot.Object) (all []string) {
	for _, g := range e.rights.Of(binding.ID) {
		all = append(all, authorize.Atoms(g.Rule)...)
	}
	return distinct(all)
}

func clusterBinding(e *estate, r *report) {
	people := e.people()
	for _, o := range e.Of(rbac, "ClusterRoleBinding") {
		var grants []granted
		for _, s := range subjects(o) {
			tenants := slices.Sorted(maps.Keys(people[s].administers))
			if owner := e.owner(s.namespace); owner != "" {
				tenants = []string{owner}
			} else if !s.isBroad() {
				tenants = distinct(append(slices.Clip(tenants), e.labelled(o))) // whose binding it is
			}
			if len(tenants) == 0 {
				continue
			}
			if grants == nil {
				if grants = e.namespaced(o); len(grants) == 0 {
					break
				}
			}
			f := r.add(o, s.String(), tenants, "%s: gives %s of %s rights in every namespace: %s", o.ID, s, called(tenants), grants[0])
			f.rights = e.given(o)
			t := e.tenants[tenants[0]]
			if s.kind != serviceAccount || s.namespace != t.ControlPlane {
				continue
			}
			if t.spec().Discovery == v1alpha1.DiscoverySelectors && !slices.ContainsFunc(grants, func(g granted) bool { return !onlyReads(g.verbs) }) {
				f.asked(t.config.File + ": spec.discovery: " + string(v1alpha1.DiscoverySelectors))
			} else if why := e.without(t, s.name, grants); why != "" {
				f.Severity = Note
				f.Message += "; this version needs the right: " + why
			}
		}
	}
}

// labelled is the tenant of an object by its overlay, or by what it says of itself, if there is such a one.
func (e *estate) labelled(o *snapshot.Object) string {
	if e.tenants[o.Tenant()] == nil {
		return ""
	}
	return o.Tenant()
}

// without says why a program of a tenant's Istio reads what it is granted in the whole
// cluster, where the catalogue knows that its version does not run otherwise.
func (e *estate) without(t *tenant, account string, grants []granted) (why string) {
	var rows []istio.Right
	for _, p := range e.planesOf[t.Name] {
		version, err := semver.NewVersion(p.Version)
		if err != nil {
			return ""
		}
		for _, c := range istio.Of(version) {
			if slices.Contains(c.Accounts, account) {
				rows = append(rows, c.RightsIn(version)...)
			}
		}
	}
	for _, g := range grants {
		row := slices.IndexFunc(rows, func(row istio.Right) bool { return row.Fits(g.group, g.resource) })
		if row < 0 || len(g.verbs) == 0 || !onlyReads(g.verbs) || rows[row].Read != istio.ClusterException && rows[row].Read != istio.ListedException {
			return ""
		}
		why = cmp.Or(why, rows[row].Why)
	}
	return why
}

func onlyReads(verbs []string) bool {
	return !slices.ContainsFunc(verbs, func(verb string) bool { return !slices.Contains([]string{"get", "list", "watch"}, verb) })
}
