package summary

import (
	"cmp"
	"maps"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/rbac"
)

// access lists where each person has which role. The tenant's own
// ServiceAccounts are workloads, and no persons.
func (f *facts) access() []Access {
	own := map[object.ID]bool{}
	for _, id := range f.ids {
		own[id] = true
	}
	roles := map[Person][]Role{}
	for _, b := range f.bindings {
		for _, s := range b.subjects {
			if s.Kind == "ServiceAccount" {
				account := object.ID{Kind: s.Kind, Namespace: cmp.Or(s.Namespace, b.id.Namespace), Name: s.Name}
				if own[account] {
					continue
				}
			} else {
				s.Namespace = ""
			}
			roles[s] = append(roles[s], b.role)
		}
	}
	people := slices.SortedFunc(maps.Keys(roles), func(a, b Person) int { return cmp.Compare(a.String(), b.String()) })
	all := []Access{}
	for _, who := range people {
		slices.SortFunc(roles[who], func(a, b Role) int {
			return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
		})
		all = append(all, Access{who, slices.Compact(roles[who])})
	}
	return all
}

// secretReaders are the subjects that a ClusterRoleBinding lets read the
// Secrets of all namespaces, as "ServiceAccount istio-system1/istiod".
func (f *facts) secretReaders() []string {
	readers := map[string]bool{}
	for _, b := range f.bindings {
		if b.id.Kind == "ClusterRoleBinding" && f.secretRole[b.role.Name] {
			for _, s := range b.subjects {
				readers[s.String()] = true
			}
		}
	}
	return sorted(readers)
}

// readsSecrets says whether a rule allows a request that is answered with Secrets, of whatever
// name.
func readsSecrets(rule *yaml.RNode) bool {
	for field, wanted := range map[string][]string{"apiGroups": {""}, "resources": {"secrets"}, "verbs": rbac.Returning} {
		if !slices.ContainsFunc(object.Strings(rule, field), func(value string) bool { return value == "*" || slices.Contains(wanted, value) }) {
			return false
		}
	}
	names := object.Strings(rule, "resourceNames")
	return len(names) == 0 || slices.Contains(names, "") // which is that of a request without a name
}
