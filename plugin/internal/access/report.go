package access

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/component-helpers/auth/rbac/validation"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// Report is who may do what.
type Report struct {
	Tenants  []Tenant  `json:"tenants"`
	Subjects []Subject `json:"subjects"`
	// Network is who reaches whom, between tenants.
	Network []Reach `json:"network"`
	// Unread names the network policies that are of a kind which is not evaluated
	// here.
	Unread []string `json:"unread,omitempty"`
}

// Tenant is one of the snapshot. The one without a name has the namespaces that
// belong to no tenant.
type Tenant struct {
	Name         string   `json:"tenant"`
	ControlPlane string   `json:"controlPlane,omitempty"`
	Namespaces   []string `json:"namespaces"`
}

// Subject is who may do something.
type Subject struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
	// Cells are what it may do, by namespace; the whole cluster comes first.
	Cells []Cell `json:"cells"`
}

// String is "User sales-admin", or "ServiceAccount ns-1/default".
func (s Subject) String() string {
	return object.ID{Kind: s.Kind, Namespace: s.Namespace, Name: s.Name}.String()
}

// Cell is what a subject may do in a namespace.
type Cell struct {
	// Namespace is "" for the whole cluster, each namespace included.
	Namespace string `json:"namespace"`
	// May are words: see docs/access.md.
	May []string `json:"may"`
	// Level is the highest level of its words: 1 reads, 2 writes, 3 is dangerous.
	Level Level `json:"level"`
	By    []By  `json:"by"`
}

// By is a binding that gives a role to a subject.
type By struct {
	Binding string `json:"binding"`
	Role    string `json:"role"`
	// At is where the binding is written, and RoleAt where the role is written, and what
	// it gathers; "": every cluster has it.
	At     string `json:"at"`
	RoleAt string `json:"roleAt,omitempty"`
	// May are the words of this role alone.
	May []string `json:"may"`
}

// Model is a snapshot with what the API server makes of it, and what it makes of none:
// what every cluster has. It answers one question at a time.
type Model struct {
	*snapshot.Snapshot
	authorizer, common *authorize.Authorizer
	words              map[roleIn][]said
	complete           map[object.ID]bool
}

// New reads the roles and bindings of a snapshot.
func New(s *snapshot.Snapshot) (*Model, error) {
	authorizer, err := authorize.New(s)
	if err != nil {
		return nil, err
	}
	common, err := authorize.New(snapshot.New(nil, nil))
	return &Model{s, authorizer, common, map[roleIn][]said{}, map[object.ID]bool{}}, err
}

// Report is about all subjects, and about the network.
func (m *Model) Report() (Report, error) {
	network, unread, err := reaches(m.Snapshot)
	if err != nil {
		return Report{}, err
	}
	r := Report{Subjects: []Subject{}, Network: append([]Reach{}, network...), Unread: unread}
	for _, who := range m.subjects() {
		if cells := m.cells(who); m.isOwn(who) && len(cells) > 0 {
			r.Subjects = append(r.Subjects, Subject{who.Kind, who.Namespace, who.Name, cells})
		}
	}
	r.Tenants = tenantsOf(m.Snapshot, r.Subjects)
	return r, nil
}

// subjects are those that bindings name, by kind and name: people first.
func (m *Model) subjects() []rbacv1.Subject {
	order := []string{rbacv1.UserKind, rbacv1.GroupKind, rbacv1.ServiceAccountKind}
	all := m.authorizer.Subjects()
	slices.SortStableFunc(all, func(a, b rbacv1.Subject) int {
		return cmp.Compare(slices.Index(order, a.Kind), slices.Index(order, b.Kind))
	})
	return all
}

// isOwn says whether bindings that name a subject itself, and not a group that it is in, give
// it more than in every cluster.
func (m *Model) isOwn(who rbacv1.Subject) bool {
	named := authorize.SubjectOf(who, "")
	if named.Groups = nil; who.Kind == rbacv1.GroupKind {
		named = authorize.Subject{Groups: []string{who.Name}}
	}
	common := byBinding(m.common.Grants(named))
	for id, grants := range byBinding(m.authorizer.Grants(named)) {
		if covered, _ := validation.Covers(rulesOf(common[id]), rulesOf(grants)); !covered {
			return true
		}
	}
	return false
}

// cells are what a subject may do that it may not do in every cluster.
func (m *Model) cells(who rbacv1.Subject) []Cell {
	subject := authorize.SubjectOf(who, "")
	grants, common := byBinding(m.authorizer.Grants(subject)), byBinding(m.common.Grants(subject))
	in := map[string][]object.ID{}
	for _, id := range slices.SortedFunc(maps.Keys(grants), byName) {
		in[id.Namespace] = append(in[id.Namespace], id)
	}
	var cells []Cell
	for _, namespace := range slices.Sorted(maps.Keys(in)) {
		cell := Cell{Namespace: namespace}
		var all []given
		for _, id := range in[namespace] {
			g := given{m.authorizer.RoleOf(id), rulesOf(grants[id]), len(common[id]) > 0}
			if g.part {
				_, g.rules = validation.Covers(rulesOf(common[id]), g.rules)
			}
			by := By{Binding: id.String(), Role: g.role.String(), At: m.source(id), RoleAt: m.written(g.role, grants[id])}
			if by.May, _ = texts(m.wordsOf(namespace, g)); len(by.May) == 0 {
				continue // a role without a rule, or with none that counts in a namespace
			}
			cell.By, all = append(cell.By, by), append(all, g)
		}
		if len(all) == 0 {
			continue
		}
		cell.May, cell.Level = texts(m.wordsOf(namespace, all...))
		cells = append(cells, cell)
	}
	return cells
}

func byBinding(grants []authorize.Grant) map[object.ID][]authorize.Grant {
	by := map[object.ID][]authorize.Grant{}
	for _, g := range grants {
		by[g.Binding] = append(by[g.Binding], g)
	}
	return by
}

// source is where an object is written; "": every cluster has it.
func (m *Model) source(id object.ID) string {
	if o := m.Get(id); o != nil {
		return o.Source.String()
	}
	return ""
}

// written is where a role is written, and the ClusterRoles whose rules it gathers.
func (m *Model) written(role object.ID, grants []authorize.Grant) string {
	var at []string
	for _, id := range append([]object.ID{role}, rolesOf(grants)...) {
		if source := m.source(id); source != "" && !slices.Contains(at, source) {
			at = append(at, source)
		}
	}
	return join(at)
}

func rolesOf(grants []authorize.Grant) (roles []object.ID) {
	for _, g := range grants {
		roles = append(roles, g.Role)
	}
	return roles
}

func byName(a, b object.ID) int {
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
}

// tenantsOf are those of the snapshot, and after them the namespaces of none in which
// anybody may do anything.
func tenantsOf(s *snapshot.Snapshot, subjects []Subject) []Tenant {
	all := []Tenant{}
	owned := map[string]bool{"": true}
	for _, t := range s.Tenants {
		all = append(all, Tenant{t.Name, t.ControlPlane, t.Namespaces})
		for _, namespace := range t.Namespaces {
			owned[namespace] = true
		}
	}
	others := map[string]bool{}
	for _, subject := range subjects {
		for _, cell := range subject.Cells {
			if !owned[cell.Namespace] {
				others[cell.Namespace] = true
			}
		}
	}
	if len(others) > 0 {
		all = append(all, Tenant{Namespaces: slices.Sorted(maps.Keys(others))})
	}
	return all
}

// title is how output names a tenant.
func (t Tenant) title() string {
	if t.Name == "" {
		return "no tenant"
	}
	return "tenant " + t.Name
}

// about are a subject's cells in namespaces.
func (s Subject) about(namespaces []string) []Cell {
	var cells []Cell
	for _, cell := range s.Cells {
		if slices.Contains(namespaces, cell.Namespace) {
			cells = append(cells, cell)
		}
	}
	return cells
}

func join(words []string) string { return strings.Join(words, ", ") }
