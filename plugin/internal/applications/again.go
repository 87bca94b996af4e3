package applications

import (
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
)

// Again is the build of a tenant that objects are the output of. The output has no marker:
// stated are the annotations that the marker had.
func Again(objects []*yaml.RNode, t v1alpha1.IstioTenant, stated map[string]string) (*Build, error) {
	b := &Build{part: v1alpha1.PartApplications, own: slices.Clone(objects)}
	if t.Spec.Mesh == v1alpha1.MeshShared && slices.ContainsFunc(objects, func(o *yaml.RNode) bool {
		labels := o.GetLabels() // all that an output of applications has made says that it is of one
		return labels[v1alpha1.TenantLabel] != "" && labels[v1alpha1.PartLabel] != string(v1alpha1.PartApplications)
	}) {
		b.part = v1alpha1.PartShared
	}
	if err := b.foreign(t.Spec.ControlPlane.Namespace); err != nil {
		return nil, err
	}
	var err error
	if b.marker, err = Marker(b.part, "", nil); err != nil {
		return nil, err
	}
	if err := b.marker.SetAnnotations(stated); err != nil {
		return nil, err
	}
	return b, b.standsIn()
}
