// Package tenancy resolves a tenant: it finds the tenant's control plane among
// the objects of a base, tells its version, and plans how it is limited. The
// steps of the chain are handed the result, so that each question is asked once.
package tenancy

import (
	"fmt"
	"slices"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/controlplane"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/discovery"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// Tenant is a valid tenant with its control plane.
type Tenant struct {
	v1alpha1.IstioTenant
	discovery.Plan
	Plane controlplane.ControlPlane

	components []istio.Component
	warn       func(string)
}

// Resolve returns the tenant of a control plane. A tenant that is not valid,
// and one that the version cannot be limited to, are errors. The plan's warnings are
// given to warn, which may be nil.
func Resolve(t v1alpha1.IstioTenant, plane controlplane.ControlPlane, warn func(string)) (Tenant, error) {
	t.Default()
	if err := t.Validate(); err != nil {
		return Tenant{}, err
	}
	if err := plane.Supported(warn); err != nil {
		return Tenant{}, err
	}
	if t.InSharedMesh() && !istio.SharedMeshes.Holds(plane.Version) {
		return Tenant{}, fmt.Errorf("spec.mesh: found %q, and the control plane is Istio %s: several tenants share one of Istio %s or later only, "+
			"whose debug endpoints ask who calls; must be %q", t.Spec.Mesh, plane.Version, istio.SharedMeshes.Since, v1alpha1.MeshDedicated)
	}
	image, err := plane.APIProxyImage()
	if err != nil {
		return Tenant{}, err
	}
	plan, err := discovery.For(t, plane.Version, image)
	if err != nil {
		return Tenant{}, err
	}
	if plan.Image != "" {
		plane.APIProxyLooksRight(warn)
	}
	resolved := Tenant{IstioTenant: t, Plan: plan, Plane: plane, components: istio.Of(plane.Version), warn: warn}
	for _, warning := range plan.Warnings {
		resolved.Warn("%s", warning)
	}
	return resolved, nil
}

// Warn tells a cluster administrator, in one line, what to look at.
func (t Tenant) Warn(format string, args ...any) {
	if t.warn != nil {
		t.warn(fmt.Sprintf(format, args...))
	}
}

// Own is the control plane's namespace.
func (t Tenant) Own() string { return t.Spec.ControlPlane.Namespace }

// Shares says whether the control plane is another tenant's: what stands for it among
// the objects is only there to be asked.
func (t Tenant) Shares() bool { return t.Spec.Mesh == v1alpha1.MeshShared }

// Hosts says whether other tenants share the control plane.
func (t Tenant) Hosts() bool { return t.Spec.Mesh == v1alpha1.MeshHost }

// Select is an element of matchExpressions that selects some of the tenant's
// namespaces: by name, or all of a mesh by its label where others share it.
func (t Tenant) Select(namespaces []string) map[string]any {
	if t.Hosts() {
		return map[string]any{"key": v1alpha1.MeshLabel, "operator": "In", "values": []string{t.MeshName()}}
	}
	return object.InNamespaces(namespaces)
}

// Revision is the control plane's; "" where its version knows none.
func (t Tenant) Revision() string {
	if !t.Revisions() {
		return ""
	}
	return t.Spec.ControlPlane.Revision
}

// Holds says whether the tenant's Istio is in a range of versions.
func (t Tenant) Holds(r istio.Range) bool { return r.Holds(t.Version) }

// Needs says whether the tenant's Istio, limited as it is, needs what has a
// range and modes.
func (t Tenant) Needs(r istio.Range, modes []v1alpha1.Discovery) bool {
	return r.Holds(t.Version) && (len(modes) == 0 || slices.Contains(modes, t.Plan.Mode.Name))
}

// Components are those of the tenant's version.
func (t Tenant) Components() []istio.Component { return t.components }

// Values are what the catalogue's placeholders stand for.
func (t Tenant) Values() istio.Values {
	s := t.Spec
	return istio.Values{
		Tenant: t.MeshName(), ControlPlane: s.ControlPlane.Namespace, Applications: s.ApplicationNamespaces, Watched: t.Watch,
		Revision: s.ControlPlane.Revision, TrustDomain: s.ControlPlane.TrustDomain,
		Audiences: append([]string{t.TokenAudience()}, s.ControlPlane.ExtraTokenAudiences...),
	}
}

// Account is the ServiceAccount that the control plane runs as.
func (t Tenant) Account() string {
	if t.Plane.Deployment == nil {
		return ""
	}
	if name := object.String(t.Plane.Deployment, "spec", "template", "spec", "serviceAccountName"); name != "" {
		return name
	}
	return "default"
}

// Port is where the control plane serves what has a name; 0, where it does not.
func (t Tenant) Port(name string) int {
	for _, c := range t.Components() {
		if !c.Discovery {
			continue
		}
		for _, p := range c.Ports {
			if p.Name == name && p.Holds(t.Version) {
				return p.Number
			}
		}
	}
	return 0
}
