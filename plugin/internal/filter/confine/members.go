package confine

import (
	"maps"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/rbac"
)

// members adds, for a control plane that other tenants share, the ClusterRole with what
// the control plane has in an application namespace. The overlay of each tenant binds it
// in the tenant's namespaces, and nobody in the cluster.
func (f Filter) members(objects []*yaml.RNode, confined map[string]parts) ([]*yaml.RNode, error) {
	if !f.Tenant.Hosts() {
		return objects, nil
	}
	var rules []rbac.Rule
	for _, name := range slices.Sorted(maps.Keys(confined)) {
		role := object.ID{Group: rbac.Group, Kind: "ClusterRole", Name: name}
		if !slices.ContainsFunc(objects, func(o *yaml.RNode) bool {
			return object.IDOf(o) == role && slices.ContainsFunc(accountsOf(o, objects), func(account string) bool { return f.programOf(account).Discovery })
		}) {
			continue // of another program
		}
		rules = slices.Concat(rules, confined[name][istio.TenantNamespaces], confined[name][istio.ApplicationNamespaces])
	}
	if len(rules) == 0 { // as an earlier run has left it
		return objects, nil
	}
	return object.Put(objects, f.Tenant.Name(), object.New(rbac.APIVersion, "ClusterRole", "", f.Tenant.Values().Expand(istio.MemberRole),
		map[string]any{"rules": rbac.Values(rbac.Merged(rules))}))
}
