// Package authorize says what RBAC allows, over the Roles, ClusterRoles and bindings of a
// snapshot and those that every cluster has. Kubernetes' own code evaluates the rules.
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
	// asks for the whole cluster, and Name "" for any object.
	Group, Resource, Subresource, Namespace, Name string
	// Path is a URL that is no resource, such as "/metrics".
	Path string
}

// Grant is a rule that a binding gives to a subject.
type Grant struct {
	// Namespace is where it holds; "": in the whole cluster.
	Namespace string
	Rule      rbacv1.PolicyRule
	// Role has the rule. What an aggregated ClusterRole has of another is that one's.
	Role, Binding object.ID
	// RoleSource and BindingSource are where they are written; the zero value: every
	// cluster has them.
	RoleSource, BindingSource snapshot.Source
}

// Decision is the answer to a request.
type Decision struct {
	Allowed bool
	// By is what allows it.
	By Grant
	// Broken are bindings that name a role that is not there, which grant nothing.
	Broken []object.ID
}
