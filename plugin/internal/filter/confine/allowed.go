package confine

import (
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/rbac"
)

// warnOfUnused names the rights of the tenant's file that no ClusterRole of the
// base gives: they are granted to nobody, and may be a slip of the pen.
func (f Filter) warnOfUnused(objects []*yaml.RNode) {
	for i, right := range f.Tenant.Spec.ControlPlane.Rights {
		granted := rulesFor(right.ServiceAccount, objects)
		var unused []string
		for _, group := range right.APIGroups {
			for _, resource := range right.Resources {
				if !slices.ContainsFunc(granted, func(r rbac.Rule) bool { return covers(r, group, resource, right.Verbs) }) {
					unused = append(unused, rbac.Resource(group, resource))
				}
			}
		}
		if len(unused) > 0 {
			f.Tenant.Warn("spec.controlPlane.rights[%d]: no ClusterRole of the base gives ServiceAccount %s any of these, so that this entry has no effect: %s %s",
				i, right.ServiceAccount, strings.Join(right.Verbs, ", "), strings.Join(unused, ", "))
		}
	}
}

// rulesFor are the confined rules that a ServiceAccount has in the tenant's namespaces.
func rulesFor(account string, objects []*yaml.RNode) []rbac.Rule {
	var rules []rbac.Rule
	for _, binding := range object.Of("RoleBinding", objects) {
		name := object.String(binding, "roleRef", "name")
		bound := slices.ContainsFunc(object.List(binding, "subjects"), func(s *yaml.RNode) bool { return object.String(s, "name") == account })
		if !bound || !strings.HasSuffix(name, suffix) {
			continue
		}
		for _, role := range object.Of("Role", objects) {
			if role.GetName() == name && role.GetNamespace() == binding.GetNamespace() {
				granted, _ := rbac.Of(role) // was written by this step
				rules = append(rules, granted...)
			}
		}
	}
	return rules
}

// covers says whether a rule gives any of verbs on a resource.
func covers(r rbac.Rule, group, resource string, verbs []string) bool {
	return slices.Contains(r.APIGroups, group) && slices.Contains(r.Resources, resource) &&
		slices.ContainsFunc(verbs, func(v string) bool { return slices.Contains(r.Verbs, v) })
}

// allows are those of verbs that the tenant allows on a resource.
func (h holder) allows(group, resource string, verbs []string) []string {
	return slices.DeleteFunc(slices.Clone(verbs), func(verb string) bool {
		return !slices.ContainsFunc(h.allowed, func(r v1alpha1.Right) bool {
			return slices.Contains(r.APIGroups, group) && slices.Contains(r.Resources, resource) && slices.Contains(r.Verbs, verb)
		})
	})
}

// snippet is how a tenant's file allows a right.
func (h holder) snippet(group, resource string, verbs []string) string {
	return fmt.Sprintf("{serviceAccount: %s, apiGroups: [%q], resources: [%s], verbs: [%s]}",
		h.accounts[0], group, resource, strings.Join(verbs, ", "))
}
