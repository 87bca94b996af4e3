package object

import (
	"maps"
	"slices"
	"strings"
)

// Groups are those in which a resource is of a kind that is known, sorted; "" is the core
// group. Groups from which Kubernetes has moved a kind away are left out. What is of
// Kubernetes' own kinds is in their groups alone, and with one of the core group there
// alone, as kubectl finds it.
func Groups(resource string) []string {
	found := map[string]bool{}
	is := func(kind string) bool { return plural(kind) == resource }
	for _, scope := range []map[string]string{clusterScoped, namespaced} {
		for group, kinds := range scope {
			if group != "extensions" && slices.ContainsFunc(strings.Fields(kinds), is) {
				found[group] = true
			}
		}
	}
	if found[""] {
		return []string{""}
	}
	for _, list := range []string{readKinds, otherKinds} {
		for line := range strings.Lines(list) {
			if words := strings.Fields(line); !isOwn(found) && len(words) > 2 && words[0] != "#" && slices.ContainsFunc(words[2:], is) {
				found[words[0]] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// isOwn says whether any group is Kubernetes' own.
func isOwn(groups map[string]bool) bool {
	for group := range groups {
		if clusterScoped[group]+namespaced[group] != "" {
			return true
		}
	}
	return false
}

// Resource is the resource of a kind, as Kubernetes forms it.
func Resource(kind string) string {
	if resource := resources[kind]; resource != "" {
		return resource
	}
	return plural(kind)
}

// resources are those that are not called as their kind.
var resources = map[string]string{"NodeMetrics": "nodes", "PodMetrics": "pods"}

// shortNames are those that Kubernetes' own resources have.
//
// Source: ShortNames in pkg/registry of kubernetes/kubernetes 1.36.
var shortNames = map[string]string{
	"cm": "configmaps", "cs": "componentstatuses", "ep": "endpoints", "ev": "events", "limits": "limitranges", "no": "nodes", "ns": "namespaces",
	"po": "pods", "pv": "persistentvolumes", "pvc": "persistentvolumeclaims", "quota": "resourcequotas", "rc": "replicationcontrollers", "sa": "serviceaccounts",
	"svc": "services", "deploy": "deployments", "ds": "daemonsets", "rs": "replicasets", "sts": "statefulsets", "hpa": "horizontalpodautoscalers",
	"cj": "cronjobs", "ing": "ingresses", "netpol": "networkpolicies", "pdb": "poddisruptionbudgets", "pc": "priorityclasses", "sc": "storageclasses",
	"crd": "customresourcedefinitions", "crds": "customresourcedefinitions", "csr": "certificatesigningrequests",
}

// Named is the resource with a name, a kind or one of Kubernetes' own short names:
// "pods" of "pods", "pod", "Pod" and "po". An unknown name is returned unchanged.
func Named(name string) string {
	name = strings.ToLower(name)
	if long := shortNames[name]; long != "" {
		return long
	}
	if many := plural(name); len(Groups(name)) == 0 && len(Groups(many)) > 0 {
		return many
	}
	return name
}
