package object

import (
	"slices"
	"strings"
)

// IsClusterKind says whether a kind is known to have no namespace.
func IsClusterKind(group, kind string) bool {
	return slices.Contains(strings.Fields(clusterScoped[group]), kind) || slices.Contains(listed(group, "cluster"), kind)
}
