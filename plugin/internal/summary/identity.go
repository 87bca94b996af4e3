package summary

import (
	"slices"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
)

// otherAudiences are those that are no tenant's.
func otherAudiences(audiences []string) []string {
	return slices.DeleteFunc(slices.Clone(audiences), func(a string) bool { return strings.HasSuffix(a, "."+v1alpha1.Group) })
}
