// Package tenancytest lets tests run one step of the chain on objects that are
// written as YAML.
package tenancytest

import (
	"errors"

	"github.com/Masterminds/semver/v3"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/controlplane"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/tenancy"
)

// Sales is a valid tenant with its control plane in istio-system1 and its
// applications in namespaces, none being ns-1.
func Sales(namespaces ...string) v1alpha1.IstioTenant {
	if len(namespaces) == 0 {
		namespaces = []string{"ns-1"}
	}
	t := v1alpha1.IstioTenant{APIVersion: v1alpha1.APIVersion, Kind: v1alpha1.KindTenant, Metadata: v1alpha1.Metadata{Name: "sales"}}
	t.Spec.ControlPlane.Namespace = "istio-system1"
	t.Spec.ApplicationNamespaces = namespaces
	t.Spec.Admins = []v1alpha1.Subject{{Kind: "User", Name: "sales-admin"}}
	t.Default()
	return t
}

// Step is a step of the chain for a tenant of a version of Istio, whose control
// plane is found among the objects that the step is given, if they hold one.
type Step struct {
	Tenant  v1alpha1.IstioTenant
	Version string
	// Warn may be nil.
	Warn func(string)
	New  func(tenancy.Tenant) kio.Filter
}

var _ kio.Filter = Step{}

// Filter resolves the tenant and runs the step.
func (s Step) Filter(objects []*yaml.RNode) ([]*yaml.RNode, error) {
	version, err := semver.NewVersion(s.Version)
	if err != nil {
		return nil, err
	}
	plane, err := controlplane.Find(objects)
	if err != nil && !errors.Is(err, controlplane.ErrNone) && plane.Deployment == nil {
		return nil, err
	}
	plane.Version = version
	resolved, err := tenancy.Resolve(s.Tenant, plane, tenancy.Revision{}, s.Warn)
	if err != nil {
		return nil, err
	}
	return s.New(resolved).Filter(objects)
}
