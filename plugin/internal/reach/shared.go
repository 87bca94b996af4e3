package reach

import (
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// given are the bindings that a tenant's file makes for those whom it names, with what they
// bind: in the applications' namespaces, and in the control plane's. See package grant.
var given = []struct {
	binding, clusterRole, role string
	of                         func(People) []Identity
	views                      bool
}{
	{"access-all-NAMESPACE", "admin", "ns-access-for-TENANT-admin-NAMESPACE", func(p People) []Identity { return p.Admins }, false},
	{"view-all-NAMESPACE", "view", "ns-view-for-TENANT-viewer-NAMESPACE", func(p People) []Identity { return p.Viewers }, true},
}

// isShared says that the files of two tenants name the same person, which is not a way from
// the one to the other, and that a binding is what such a file makes of it. Where nobody has
// read the owner's file, that is taken for granted of a viewer of both alone: whoever can
// write a binding can call it as the file would.
func (s *search) isShared(who Identity, namespace string, binding object.ID) bool {
	o := s.Get(binding)
	if who.Kind == rbacv1.ServiceAccountKind || o == nil || binding.Kind != "RoleBinding" {
		return false
	}
	kind, role := snapshot.Text(o.Content, "roleRef", "kind"), snapshot.Text(o.Content, "roleRef", "name")
	for _, owner := range s.owners[namespace] {
		in := strings.NewReplacer("TENANT", owner, "NAMESPACE", namespace)
		for _, g := range given {
			if binding.Name != in.Replace(g.binding) || (kind != "ClusterRole" || role != g.clusterRole) && (kind != "Role" || role != in.Replace(g.role)) {
				continue
			}
			people, read := s.People[owner]
			if !read && o.Tenant() == owner && s.hasLess(who, g.views) || slices.Contains(g.of(people), who) && s.names(who) {
				return true
			}
		}
	}
	return false
}

// hasLess says whether somebody has nothing in the tenant's own namespaces, or, as a viewer,
// only reads there.
func (s *search) hasLess(who Identity, views bool) bool {
	return !slices.ContainsFunc(s.Rights.Grants(who.subject()), func(g authorize.Grant) bool { return s.tenant.Has(g.Namespace) && (!views || writes(g)) })
}

// names says whether the tenant's own file names somebody, or nobody has read it.
func (s *search) names(who Identity) bool {
	people, read := s.People[s.tenant.Name]
	return !read || slices.Contains(people.Admins, who) || slices.Contains(people.Viewers, who)
}
