package split

import (
	"fmt"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/controlplane"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// stateImage writes the image of the API proxy where tenants look for it. One
// that no tenant of the version could use is an error.
func (o Options) stateImage(control []*yaml.RNode) error {
	if o.APIProxyImage == "" {
		return nil
	}
	plane, err := controlplane.Find(control)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(istio.Modes, func(m istio.Mode) bool { return m.Proxied && m.Holds(plane.Version) }) {
		return fmt.Errorf("%s: runs Istio %s, for which there is no API proxy: leave its image out", object.IDOf(plane.Deployment), plane.Version)
	}
	return plane.Deployment.PipeE(yaml.SetAnnotation(v1alpha1.APIProxyImageAnnotation, o.APIProxyImage))
}
