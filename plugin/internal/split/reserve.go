package split

import (
	"fmt"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// references name an object of cluster scope.
var references = []struct {
	kind, to string
	path     []string
}{
	{"ClusterRoleBinding", "ClusterRole", []string{"roleRef", "name"}},
	{"RoleBinding", "ClusterRole", []string{"roleRef", "name"}},
	{"ValidatingAdmissionPolicyBinding", "ValidatingAdmissionPolicy", []string{"spec", "policyName"}},
}

// reserve gives each cluster-scoped object of the control plane a name that
// ends in the base's namespace, to, as most have one from upstream: applied as it
// is, a base overwrites no other Istio's.
func (d decider) reserve(objects []*yaml.RNode, to string) (notes []string, err error) {
	renamed := map[object.ID]string{}
	for _, o := range objects {
		id := object.IDOf(o)
		if !d.isClusterScoped(o) || strings.Contains(id.Name, to) {
			continue
		}
		after := ""
		if strings.HasPrefix(id.Kind, "ValidatingAdmissionPolicy") {
			after = istio.Domain
		}
		name := strings.TrimSuffix(id.Name, after) + "-" + to + after
		renamed[object.ID{Kind: id.Kind, Name: id.Name}] = name
		if err := o.SetName(name); err != nil {
			return nil, fmt.Errorf("%s: %w", id, err)
		}
		notes = append(notes, fmt.Sprintf("%s is now %s, a name that no other Istio in the cluster has", id, name))
	}
	for _, o := range objects {
		for _, r := range references {
			name := renamed[object.ID{Kind: r.to, Name: object.String(o, r.path...)}]
			if name == "" || o.GetKind() != r.kind || object.String(o, "roleRef", "kind") == "Role" {
				continue
			}
			if err := object.Set(o, name, r.path...); err != nil {
				return nil, fmt.Errorf("%s: %w", object.IDOf(o), err)
			}
		}
	}
	return notes, nil
}
