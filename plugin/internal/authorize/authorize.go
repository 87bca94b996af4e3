// Package authorize says what RBAC allows, over the Roles, ClusterRoles and bindings of a
// snapshot and those that every cluster has. Kubernetes' own code evaluates the rules.
//
//	RoleBinding ns-1/access-all-ns-1: User sales-admin -> ClusterRole admin
//
//	sales-admin create pods/exec in ns-1   ->  allowed, by RoleBinding ns-1/access-all-ns-1 and a rule of ClusterRole system:aggregate-to-edit
//	sales-admin create pods/exec in ns-0   ->  not allowed
//
// An object of the snapshot replaces the one of the same name that every cluster has. A
// role also gets the rules of that one that it lacks: an API server that starts adds them,
// unless the annotation rbac.authorization.kubernetes.io/autoupdate is "false". Of a role that
// gathers rules, and is given with rules of its own instead, both count. Subjects that
// a binding lacks, which it adds as well, are not added here. The authorizer Node, which
// decides only about nodes, is not modelled.
package authorize

import (
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// Subject is who asks, as the API server knows it.
type Subject struct {
	User   string
	Groups []string
}

// Request is a question to the API server: may a subject do this?
type Request struct {
	Subject
	Verb string
	// Group, Resource, Subresource, Namespace and Name are of a resource. Namespace ""
	// asks for the whole cluster, and Name "" for any object. Of a Namespace object, its
	// name is in both Namespace and Name: see OfNamespace.
	Group, Resource, Subresource, Namespace, Name string
	// Path is a URL that is no resource, such as "/metrics". With it, what is of a
	// resource does not count.
	Path string
}

// OfNamespace is the question about an existing Namespace object. The API server asks
// it within that namespace, so that a Role there may allow it. For a Namespace that
// is to be created, and for a list of Namespaces, the question is about the whole
// cluster.
func OfNamespace(s Subject, verb, subresource, name string) Request {
	return Request{Subject: s, Verb: verb, Resource: "namespaces", Subresource: subresource, Namespace: name, Name: name}
}

// Grant is a rule that a binding gives to a subject.
type Grant struct {
	// Namespace is where the rule applies; "": in the whole cluster.
	Namespace string
	Rule      rbacv1.PolicyRule
	// Role has the rule. For a rule of an aggregated ClusterRole, it is the
	// ClusterRole that has the rule itself. Role and Binding are the zero value if no
	// object grants the right: the API server allows everything to the group
	// system:masters.
	Role, Binding object.ID
	// At is which of the rules of Role it is, from 0.
	At int
	// RoleSource and BindingSource are where the role and the binding are written; the
	// zero value: every cluster has them.
	RoleSource, BindingSource snapshot.Source
}

// Decision is the answer to a request.
type Decision struct {
	Allowed bool
	// By is what allows it.
	By Grant
	// Broken are bindings of the subject that name a role that does not exist, and so
	// grant nothing. A request that is allowed has none.
	Broken []object.ID
}

// Authorizer answers requests. It may be asked from several goroutines.
type Authorizer struct {
	// bindings are by whom they name, and by where they hold.
	bindings map[rbacv1.Subject]map[string][]*binding
	named    map[object.ID]*binding
	roles    map[object.ID]*role
	// builtin are the objects that are as every cluster has them.
	builtin map[object.ID]bool
}

// New is the authorizer of an API server that has the objects of a snapshot. The
// error names every object of RBAC that is not valid; the rights that the others
// grant are known in spite of it.
func New(s *snapshot.Snapshot) (*Authorizer, error) {
	all, err := read(s)
	a := &Authorizer{bindings: map[rbacv1.Subject]map[string][]*binding{}, named: map[object.ID]*binding{}, roles: resolve(all), builtin: all.builtin}
	a.index(all)
	return a, err
}

// Decide answers a request.
func (a *Authorizer) Decide(r Request) Decision {
	q := question(r)
	var broken []object.ID
	for _, b := range a.of(r.Subject, r.namespaces()) {
		if b.role == nil {
			broken = append(broken, b.id)
			continue
		}
		if i, allowed := b.role.allows(q); allowed {
			return Decision{Allowed: true, By: b.grant(b.role.rules[i])}
		}
	}
	return Decision{Broken: broken}
}

// namespaces are those whose bindings count.
func (r Request) namespaces() []string {
	if r.Path != "" || r.Namespace == "" {
		return []string{""}
	}
	return []string{"", r.Namespace}
}

// Grants are all rules that a subject has: those for the whole cluster, and then by
// namespace. What a rule says in vain is left out: see effective.
func (a *Authorizer) Grants(s Subject) []Grant {
	var grants []Grant
	for _, b := range a.of(s, nil) {
		grants = append(grants, b.grants()...)
	}
	return grants
}
