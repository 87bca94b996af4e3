package split

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// The two parts of a base, which are also the names of their directories.
const (
	Common       = "common"
	ControlPlane = "control-plane"
)

// rules say which part an object belongs to. The first that matches counts.
var rules = []struct {
	scope scope
	group string   // any, where empty
	kinds []string // any, where empty
	names []string // globs; any, where empty
	part  string
}{
	// The node agents of the CNI plugin and of ambient mode, with their accounts,
	// rights and settings: one per node, so one per cluster, for all tenants.
	// Names: Istio's charts istio-cni and ztunnel.
	{names: []string{"istio-cni", "istio-cni-*", "ztunnel", "ztunnel-*"}, part: Common},

	// The control plane's namespace is each tenant's own; others are the cluster's.
	{scope: home, kinds: []string{"Namespace"}, part: ControlPlane},

	// What an istiod has for itself although it is cluster-scoped. The tenant's
	// transformer renames, confines or drops each.
	{group: "rbac.authorization.k8s.io", kinds: []string{"ClusterRole", "ClusterRoleBinding"}, part: ControlPlane},
	{group: "admissionregistration.k8s.io", part: ControlPlane},

	// Any other cluster-scoped object is there once: CustomResourceDefinitions,
	// APIServices, GatewayClasses, IngressClasses, PriorityClasses, MeshPolicies, ...
	{scope: cluster, part: Common},

	// An object in somebody else's namespace is no tenant's.
	{scope: elsewhere, part: Common},

	{part: ControlPlane},
}

// scope is where an object is, seen from the control plane.
type scope int

const (
	anywhere  scope = iota
	home            // in, or is, the control plane's namespace
	elsewhere       // in another namespace
	cluster         // in none
)

type kind struct{ group, kind string }

// decider knows where things are.
type decider struct {
	namespace    string        // of the control plane
	clusterKinds map[kind]bool // by CustomResourceDefinitions of the same manifest
}

// clusterKinds are those that the manifest itself defines as cluster-scoped.
func clusterKinds(objects []*yaml.RNode) map[kind]bool {
	kinds := map[kind]bool{}
	for _, d := range object.Of("CustomResourceDefinition", objects) {
		if object.String(d, "spec", "scope") == "Cluster" {
			kinds[kind{object.String(d, "spec", "group"), object.String(d, "spec", "names", "kind")}] = true
		}
	}
	return kinds
}

// part returns the part of o.
func (d decider) part(o *yaml.RNode) string {
	id, at := object.IDOf(o), d.scope(o)
	for _, r := range rules {
		if (r.scope == anywhere || r.scope == at) &&
			(r.group == "" || r.group == id.Group) &&
			(r.kinds == nil || slices.Contains(r.kinds, id.Kind)) &&
			(r.names == nil || slices.ContainsFunc(r.names, func(glob string) bool { ok, _ := path.Match(glob, id.Name); return ok })) {
			return r.part
		}
	}
	return ControlPlane
}

func (d decider) scope(o *yaml.RNode) scope {
	id := object.IDOf(o)
	switch {
	case id.Group == "" && id.Kind == "Namespace" && id.Name == d.namespace:
		return home
	case d.isClusterScoped(o):
		return cluster
	case id.Namespace == d.namespace:
		return home
	}
	return elsewhere
}

// isClusterScoped also knows what the manifest itself defines.
func (d decider) isClusterScoped(o *yaml.RNode) bool {
	id := object.IDOf(o)
	return object.IsClusterScoped(o) || d.clusterKinds[kind{id.Group, id.Kind}]
}

// place gives o the namespace that it has in a cluster, and says if that is
// not the one that it states:
//
//   - a cluster-scoped object has none, which an API server ignores (0.8 states one);
//   - an object that states none goes where its chart is installed.
func (d decider) place(o *yaml.RNode) (repair string, err error) {
	id := object.IDOf(o)
	switch inCluster := d.isClusterScoped(o); {
	case inCluster && id.Namespace != "":
		repair = fmt.Sprintf("%s: metadata.namespace dropped; a %s has none", id, id.Kind)
		return repair, o.PipeE(yaml.Lookup("metadata"), yaml.Clear("namespace"))
	case !inCluster && id.Namespace == "":
		repair = fmt.Sprintf("%s: has no metadata.namespace; put in the control plane's, %s", id, d.namespace)
		return repair, o.SetNamespace(d.namespace)
	}
	return "", nil
}

// builtin namespaces exist in every cluster.
var builtin = []string{"default", "kube-system", "kube-public", "kube-node-lease"}

// notes say what somebody should know who deploys the common part.
func (d decider) notes(common []*yaml.RNode) (notes []string) {
	made, needed := map[string]bool{}, map[string]bool{}
	for _, o := range common {
		id := object.IDOf(o)
		if id.Kind == "Namespace" && id.Group == "" {
			made[id.Name] = true
		}
		if id.Namespace != "" && !slices.Contains(builtin, id.Namespace) {
			needed[id.Namespace] = true
		}
		if d.scope(o) == elsewhere {
			notes = append(notes, fmt.Sprintf("%s is outside the control plane's namespace, so it is in %s, as it is", id, Common))
		}
	}
	if len(object.Of("CustomResourceDefinition", common)) == 0 {
		notes = append(notes, "no CustomResourceDefinitions; split them together with the rest, or apply them first (istio-init, istio-base)")
	}
	maps.DeleteFunc(needed, func(namespace string, _ bool) bool { return made[namespace] })
	if len(needed) > 0 {
		notes = append(notes, fmt.Sprintf("%s has objects in namespaces that it does not create: %s",
			Common, strings.Join(slices.Sorted(maps.Keys(needed)), ", ")))
	}
	return notes
}
