package access

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"

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
	// At is where the binding is written, and RoleAt where the role is written; "":
	// every cluster has it.
	At     string `json:"at"`
	RoleAt string `json:"roleAt,omitempty"`
	// May are the words of this role alone.
	May []string `json:"may"`
}

// bootstrapping is the label of what every cluster has, as a dump shows it.
//
// Source: plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go of Kubernetes 1.36.
const bootstrapping = "kubernetes.io/bootstrapping"

// model is a snapshot with what the API server makes of it.
type model struct {
	*snapshot.Snapshot
	authorizer *authorize.Authorizer
	words      map[object.ID][]said
	bindings   map[object.ID]*snapshot.Object
}

func newModel(s *snapshot.Snapshot) (*model, error) {
	authorizer, err := authorize.New(s)
	if err != nil {
		return nil, err
	}
	m := &model{s, authorizer, map[object.ID][]said{}, map[object.ID]*snapshot.Object{}}
	for _, kind := range []string{"ClusterRoleBinding", "RoleBinding"} {
		for _, o := range s.Of(rbacv1.GroupName, kind) {
			if o.Labels()[bootstrapping] == "" {
				m.bindings[o.ID] = o
			}
		}
	}
	return m, nil
}

// New is the report of a snapshot.
func New(s *snapshot.Snapshot) (Report, error) {
	m, err := newModel(s)
	if err != nil {
		return Report{}, err
	}
	network, unread, err := reaches(s)
	if err != nil {
		return Report{}, err
	}
	r := Report{Subjects: []Subject{}, Network: network, Unread: unread}
	for _, who := range m.subjects() {
		if cells := m.cells(who); len(cells) > 0 {
			r.Subjects = append(r.Subjects, Subject{who.Kind, who.Namespace, who.Name, cells})
		}
	}
	r.Tenants = tenantsOf(s, r.Subjects)
	return r, nil
}

// subjects are those that bindings name, by kind and name: people first.
func (m *model) subjects() []rbacv1.Subject {
	found := map[rbacv1.Subject]bool{}
	for id, o := range m.bindings {
		for _, who := range subjectsOf(o) {
			if who.Kind != rbacv1.ServiceAccountKind {
				who.Namespace = ""
			} else if who.Namespace == "" {
				who.Namespace = id.Namespace
			}
			found[rbacv1.Subject{Kind: who.Kind, Namespace: who.Namespace, Name: who.Name}] = true
		}
	}
	order := []string{rbacv1.UserKind, rbacv1.GroupKind, rbacv1.ServiceAccountKind}
	return slices.SortedFunc(maps.Keys(found), func(a, b rbacv1.Subject) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.Kind), slices.Index(order, b.Kind)), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
}

func subjectsOf(o *snapshot.Object) (all []rbacv1.Subject) {
	for _, s := range snapshot.List(o.Content, "subjects") {
		all = append(all, rbacv1.Subject{Kind: snapshot.Text(s, "kind"), Namespace: snapshot.Text(s, "namespace"), Name: snapshot.Text(s, "name")})
	}
	return all
}

// roleOf is the role that a binding names.
func roleOf(o *snapshot.Object) object.ID {
	id := object.ID{Group: rbacv1.GroupName, Kind: snapshot.Text(o.Content, "roleRef", "kind"), Name: snapshot.Text(o.Content, "roleRef", "name")}
	if id.Kind == "Role" {
		id.Namespace = o.ID.Namespace
	}
	return id
}

// cells are what a subject may do by the bindings of the snapshot.
func (m *model) cells(who rbacv1.Subject) []Cell {
	rules := map[object.ID][]rbacv1.PolicyRule{}
	for _, grant := range m.authorizer.Grants(authorize.SubjectOf(who, "")) {
		rules[grant.Binding] = append(rules[grant.Binding], grant.Rule)
	}
	in := map[string][]object.ID{}
	for _, id := range slices.SortedFunc(maps.Keys(rules), byName) {
		if m.bindings[id] != nil {
			in[id.Namespace] = append(in[id.Namespace], id)
		}
	}
	var cells []Cell
	for _, namespace := range slices.Sorted(maps.Keys(in)) {
		cell := Cell{Namespace: namespace}
		words := map[string]said{}
		for _, id := range in[namespace] {
			binding := m.bindings[id]
			role := roleOf(binding)
			said := m.wordsOf(role, rules[id])
			if len(said) == 0 {
				continue // a role without a rule
			}
			by := By{Binding: id.String(), Role: role.String(), At: binding.Source.String(), May: texts(said)}
			if o := m.Get(role); o != nil {
				by.RoleAt = o.Source.String()
			}
			cell.By = append(cell.By, by)
			for _, s := range said {
				if before, found := words[s.Name]; !found || before.some {
					words[s.Name] = s
				}
			}
		}
		if len(cell.By) == 0 {
			continue
		}
		cell.May, cell.Level = short(words)
		cells = append(cells, cell)
	}
	return cells
}

func byName(a, b object.ID) int {
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
}

// wordsOf are the words of a role: of one that every cluster has for people, its name.
func (m *model) wordsOf(role object.ID, rules []rbacv1.PolicyRule) []said {
	words, found := m.words[role]
	if !found {
		words = wordsOf(rules)
		if i := slices.IndexFunc(builtIn, func(w Word) bool { return w.Name == role.Name }); i >= 0 && role.Kind == "ClusterRole" && m.asEverywhere(role) {
			words = []said{{Word: builtIn[i]}}
		}
		m.words[role] = words
	}
	return words
}

// asEverywhere says whether a role is the one that every cluster has.
func (m *model) asEverywhere(role object.ID) bool {
	o := m.Get(role)
	return o == nil || o.Labels()[bootstrapping] != ""
}

// implied are words that a built-in role makes needless. What is in edit is in admin,
// and what is in admin is in cluster-admin.
//
// Source: plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go of Kubernetes 1.36.
var implied = map[string][]string{
	"view":  {"read"},
	"edit":  {"view", "read", "write", "secrets", "tokens", "exec", "workloads", "impersonate", "network", "restart"},
	"admin": {"edit", "view", "read", "write", "secrets", "tokens", "exec", "workloads", "impersonate", "network", "restart", "roles"},
}

// short are the fewest words for what many say.
func short(words map[string]said) (may []string, level Level) {
	_, admin := words["cluster-admin"]
	_, all := words["everything"]
	for _, w := range Words() {
		s, found := words[w.Name]
		needless := (admin && w.Name != "cluster-admin") || (all && w.Name != "everything" && w.Name != "cluster-admin")
		for by, less := range implied {
			_, has := words[by]
			needless = needless || has && slices.Contains(less, w.Name)
		}
		if found && !needless {
			may, level = append(may, s.String()), max(level, s.Level)
		}
	}
	if len(may) > 1 {
		may = slices.DeleteFunc(may, func(word string) bool {
			return word == reads.Name || word == writes.Name && level > Reads && len(may) > 2
		})
	}
	return may, level
}

func texts(words []said) []string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = w.String()
	}
	return all
}

// tenantsOf are those of the snapshot, and after them the namespaces of none in which
// anybody may do anything.
func tenantsOf(s *snapshot.Snapshot, subjects []Subject) []Tenant {
	var all []Tenant
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
