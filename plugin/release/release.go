package release

import (
	"errors"
	"fmt"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
)

const (
	// Version is the Istio release of the embedded charts.
	Version = "1.31.0"
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
	objects, err := Render(Options{Part: spec.Part, Hub: spec.Hub, Tag: spec.Tag, Values: spec.Values})
	if err != nil {
		return nil, g.name(err)
	}
	return objects, nil
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
