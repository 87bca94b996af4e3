package access

import (
	"fmt"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/component-helpers/auth/rbac/validation"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// escalation says what a role or binding that is written gives more than its writer has, for
// which the API server refuses it; "": nothing.
//
// Source: "Privilege escalation prevention and bootstrapping" of Kubernetes' documentation, in
// Using RBAC Authorization, and pkg/registry/rbac of Kubernetes 1.36.
func (m *Model) escalation(q Question) (string, error) {
	if q.Group != rbacv1.GroupName || q.Verb == "delete" || slices.Contains(q.Groups, "system:masters") {
		return "", nil
	}
	var rules []rbacv1.PolicyRule
	switch q.Resource {
	case "roles", "clusterroles":
		name := q.Name
		if q.Verb == "create" {
			name = "" // which the path of the request does not have
		}
		if m.may(q.Request, "escalate", q.Resource, name) {
			return "", nil
		}
		role, err := snapshot.Decode[rbacv1.ClusterRole](q.Object)
		if err != nil {
			return "", err
		}
		if rules = role.Rules; role.AggregationRule != nil && q.Resource == "clusterroles" {
			all := []string{"*"} // which it may gather
			rules = append(rules, rbacv1.PolicyRule{Verbs: all, APIGroups: all, Resources: all}, rbacv1.PolicyRule{Verbs: all, NonResourceURLs: all})
		}
	case "rolebindings", "clusterrolebindings":
		binding, err := snapshot.Decode[rbacv1.RoleBinding](q.Object)
		if err != nil {
			return "", err
		}
		role := object.ID{Group: rbacv1.GroupName, Kind: binding.RoleRef.Kind, Name: binding.RoleRef.Name}
		if role.Kind == "Role" {
			role.Namespace = q.Namespace
		}
		if m.may(q.Request, "bind", object.Resource(role.Kind), role.Name) {
			return "", nil
		}
		if !slices.Contains(m.authorizer.RolesIn(q.Namespace), role) {
			return role.String() + " is not in what was read, and must be there, or the subject must have the right to bind it", nil
		}
		rules = rulesOf(m.authorizer.Rules(role))
	default:
		return "", nil
	}
	grants := slices.DeleteFunc(m.authorizer.Grants(q.Subject), func(g authorize.Grant) bool { return g.Namespace != "" && g.Namespace != q.Namespace })
	_, missing := validation.Covers(rulesOf(grants), rules)
	if len(missing) == 0 {
		return "", nil
	}
	text := "it gives rights that the subject does not have: " + sentence(missing[0])
	if len(missing) > 1 {
		text += fmt.Sprintf(", and %d more", len(missing)-1)
	}
	return text, nil
}

// may says whether RBAC allows the subject of a request another verb, on a role of a name.
func (m *Model) may(r authorize.Request, verb, resource, name string) bool {
	r.Verb, r.Resource, r.Name = verb, resource, name
	return m.authorizer.Decide(r).Allowed
}
