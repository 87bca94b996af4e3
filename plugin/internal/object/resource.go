package object

import (
	"maps"
	"slices"
	"strings"
)

// Groups are those in which a resource is of a kind that is known, sorted; "" is the core
// group. Groups from which Kubernetes has moved a kind away are left out.
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
	for _, list := range []string{readKinds, otherKinds} {
		for line := range strings.Lines(list) {
			if words := strings.Fields(line); len(words) > 2 && words[0] != "#" && slices.ContainsFunc(words[2:], is) {
				found[words[0]] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// Resource is the resource of a kind, as Kubernetes forms it.
func Resource(kind string) string { return plural(kind) }
