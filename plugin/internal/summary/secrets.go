package summary

import (
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// secretReaders are the subjects that a ClusterRoleBinding lets list the
// Secrets of all namespaces, as "ServiceAccount istio-system1/istiod".
func secretReaders(objects []*yaml.RNode) []string {
	roles := map[string]bool{}
	for _, role := range object.Of("ClusterRole", objects) {
		roles[role.GetName()] = slices.ContainsFunc(object.List(role, "rules"), listsSecrets)
	}
	var readers []string
	for _, binding := range object.Of("ClusterRoleBinding", objects) {
		if !roles[object.String(binding, "roleRef", "name")] {
			continue
		}
		for _, s := range object.List(binding, "subjects") {
			name := strings.TrimPrefix(object.String(s, "namespace")+"/"+object.String(s, "name"), "/")
			readers = append(readers, object.String(s, "kind")+" "+name)
		}
	}
	slices.Sort(readers)
	return slices.Compact(readers)
}

func listsSecrets(rule *yaml.RNode) bool {
	for field, wanted := range map[string]string{"apiGroups": "", "resources": "secrets", "verbs": "list"} {
		if values := object.Strings(rule, field); !slices.Contains(values, wanted) && !slices.Contains(values, "*") {
			return false
		}
	}
	return len(object.List(rule, "resourceNames")) == 0
}
