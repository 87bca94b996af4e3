package summary

import (
	"slices"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/controlplane"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/program"
)

// audiences are those of the tokens that a control plane says it takes.
func audiences(plane controlplane.ControlPlane) []string {
	for _, component := range istio.Of(plane.Version) {
		if component.Identity == nil || !component.Identity.Holds(plane.Version) {
			continue
		}
		variable, err := program.Variable(plane.Container, component.Identity.Audience)
		if err != nil || variable == nil || object.String(variable, "value") == "" {
			return nil
		}
		return strings.Split(object.String(variable, "value"), ",")
	}
	return nil
}

// otherAudiences are those that are no tenant's.
func otherAudiences(audiences []string) []string {
	return slices.DeleteFunc(slices.Clone(audiences), func(a string) bool { return strings.HasSuffix(a, "."+v1alpha1.Group) })
}
