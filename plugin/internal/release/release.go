package release

import (
	"errors"
	"fmt"

	"github.com/Masterminds/semver/v3"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/applications"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/controlplane"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
)

const (
	// Version is the Istio release of the embedded charts.
	Version = istio.Release
	// Hub is the registry that Istio publishes its releases to. The charts in the
	// module name the registry of Istio's test builds.
	Hub = "docker.io/istio"
)

// Generator renders the part of Istio that its IstioRelease names.
type Generator struct {
	Release v1alpha1.IstioRelease
}

var _ kio.Filter = Generator{}

// Filter returns the rendered objects, in the order of the chart's file names;
// it ignores its input. The error joins one line per wrong field.
func (g Generator) Filter([]*yaml.RNode) ([]*yaml.RNode, error) {
	spec := g.Release.Spec
	if err := check(spec); err != nil {
		return nil, g.name(err)
	}
	if isMarker(spec.Part) {
		return g.marker()
	}
	namespace := spec.Namespace
	if spec.Part == v1alpha1.PartControlPlane {
		namespace = v1alpha1.BaseNamespaceOf(spec.Revision)
	}
	objects, err := Render(Options{Part: spec.Part, Namespace: namespace, Hub: spec.Hub, Tag: spec.Tag, Values: spec.Values})
	if err != nil {
		return nil, g.name(err)
	}
	if err := version(objects); err != nil {
		return nil, g.name(err)
	}
	if err := stateImage(objects, spec.APIProxy.Image); err != nil {
		return nil, g.name(err)
	}
	return objects, nil
}

// isMarker says whether a part renders nothing of Istio.
func isMarker(part v1alpha1.Part) bool {
	return part == v1alpha1.PartApplications || part == v1alpha1.PartShared
}

// marker is what an overlay has in the place of a control plane.
func (g Generator) marker() ([]*yaml.RNode, error) {
	version := g.Release.Spec.Tag
	setDefault(&version, Version)
	marker, err := applications.Marker(g.Release.Spec.Part, version, g.Release.Spec.APIProxy.Image)
	return []*yaml.RNode{marker}, err
}

// stateImage writes the image of the API proxy where tenants look for it.
func stateImage(objects []*yaml.RNode, image *string) error {
	if image == nil {
		return nil
	}
	plane, err := controlplane.Find(objects)
	if err != nil {
		return err
	}
	return plane.Deployment.PipeE(yaml.SetAnnotation(v1alpha1.APIProxyImageAnnotation, *image))
}

// version holds the control plane's image to the charts' minor version: flags,
// settings and rights are that version's. An image that does not tell its
// version is taken to be of it, and says so from then on.
func version(objects []*yaml.RNode) error {
	plane, err := controlplane.Find(objects)
	if plane.Deployment == nil {
		return nil // another part
	}
	if err != nil {
		return plane.Deployment.PipeE(yaml.SetAnnotation(controlplane.VersionAnnotation, Version))
	}
	own, err := semver.NewVersion(Version)
	if err != nil {
		return err
	}
	if v := plane.Version; v.Major() != own.Major() || v.Minor() != own.Minor() {
		return fmt.Errorf("spec.tag: the control plane is Istio %s; the charts are for %d.%d; for another version, split its own manifest (istio-tenancy split)",
			v, own.Major(), own.Minor())
	}
	return nil
}

// name puts the configuration's name in front of every error of a joined one.
func (g Generator) name(err error) error {
	list := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		list = joined.Unwrap()
	}
	for i, err := range list {
		list[i] = fmt.Errorf("IstioRelease %s: %w", g.Release.Metadata.Name, err)
	}
	return errors.Join(list...)
}
