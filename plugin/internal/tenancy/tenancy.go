// Package tenancy resolves a tenant: it finds the tenant's control plane among
// the objects of a base, finds its version, and plans how it is limited. All
// steps of the chain use the result, so that each question is answered once.
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

	// Beside is which of several control planes this is; of one alone, nothing.
	Beside Revision

	components []istio.Component
	warn       func(string)
}

// Revision is one of a tenant's control planes.
type Revision struct {
	// Name is that of the tenant's file; "" where the tenant has one control plane, of a
	// base without a revision.
	Name string
	// Second says that another is the first: that one validates for the tenant, and the
	// tag leads to it.
	Second bool
}

// Named says whether the control plane is of a base that states a revision.
func (r Revision) Named() bool { return r.Name != "" && r.Name != v1alpha1.UnnamedRevision }

// Of is the Istio revision of the control plane.
func (r Revision) Of(t v1alpha1.IstioTenant) string {
	if !r.Named() {
		return t.Spec.ControlPlane.Revision
	}
	return t.RevisionNamed(r.Name)
}

// Tag is the revision tag that leads to the control plane, or will once it is the first:
// what it may read and write stays the same, so that it does not restart. "" is none.
func (r Revision) Tag(t v1alpha1.IstioTenant) string {
	if !r.Named() {
		return ""
	}
	return t.Spec.ControlPlane.Revision
}

// Resolve returns the tenant of a control plane, which is the only one or the one that
// beside says. A tenant that is not valid,
// and one that the version cannot be limited to, are errors. The plan's warnings are
// given to warn, which may be nil.
func Resolve(t v1alpha1.IstioTenant, plane controlplane.ControlPlane, beside Revision, warn func(string)) (Tenant, error) {
	t.Default()
	if err := t.Validate(); err != nil {
		return Tenant{}, err
	}
	if err := plane.Supported(warn); err != nil {
		return Tenant{}, err
	}
	if t.InSharedMesh() && !istio.SharedMeshes.Holds(plane.Version) {
		return Tenant{}, fmt.Errorf("spec.mesh: found %q, and the control plane is Istio %s: several tenants can share a control plane of Istio %s or later "+
			"only, whose debug endpoints need authentication; must be %q", t.Spec.Mesh, plane.Version, istio.SharedMeshes.Since, v1alpha1.MeshDedicated)
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
	resolved := Tenant{IstioTenant: t, Plan: plan, Plane: plane, Beside: beside, components: istio.Of(plane.Version), warn: warn}
	if beside.Name != "" && !plan.Revisions() {
		return Tenant{}, fmt.Errorf("spec.controlPlane.revisions: found %q, and Istio %s knows no revisions: leave the field out, or take a base of Istio 1.6 or later", beside.Name, plane.Version)
	}
	for _, warning := range plan.Warnings {
		resolved.Warn("%s", warning)
	}
	return resolved, nil
}

// Warn gives a warning to the cluster administrator, in one line.
func (t Tenant) Warn(format string, args ...any) {
	if t.warn != nil {
		t.warn(fmt.Sprintf(format, args...))
	}
}

// Own is the control plane's namespace.
func (t Tenant) Own() string { return t.Spec.ControlPlane.Namespace }

// Shares says whether the control plane belongs to another tenant: what replaces it
// among the objects is only there to be read.
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

// Revision is the control plane's revision; "" if its version has none.
func (t Tenant) Revision() string {
	if !t.Revisions() {
		return ""
	}
	return t.Beside.Of(t.IstioTenant)
}

// Serving is what Pods in a namespace name that ask for a control plane; gateways without
// a namespace, and those beside the control plane, go to the first.
func (t Tenant) Serving(namespace string) string {
	switch {
	case !t.Revisions():
		return ""
	case namespace == "" || namespace == t.Own():
		namespace = t.Spec.ApplicationNamespaces[0]
	}
	return t.RevisionOf(namespace)
}

// IsOwnRevision says whether a control plane of the tenant's reads what is for a
// revision: Istio compares with the control plane's own, and not with tags. Source:
// istio/istio, LabelsInRevision in pkg/config, 1.31.
func (t Tenant) IsOwnRevision(revision string) bool {
	return slices.Contains(t.OwnRevisions(), revision)
}

// OwnRevisions are those of all control planes of the tenant.
func (t Tenant) OwnRevisions() []string {
	own := []string{t.Revision()}
	for _, r := range t.Spec.ControlPlane.Revisions {
		own = append(own, t.RevisionNamed(r.Name))
	}
	return own
}

// Holds says whether the version of the tenant's Istio is in a range.
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
		Revision: t.Beside.Of(t.IstioTenant), TrustDomain: s.ControlPlane.TrustDomain,
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
