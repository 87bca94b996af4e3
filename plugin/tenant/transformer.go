package tenant

import (
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/applications"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/admit"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/confine"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/grant"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/identify"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/isolate"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/place"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/relocate"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/revision"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/scope"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/sidecar"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/tenancy"
)

// Transformer lays Tenant over the objects of a base.
type Transformer struct {
	// Tenant gets its defaults, and has to be valid with them.
	Tenant v1alpha1.IstioTenant
	// Warn is told, in one line each, what a cluster administrator should look
	// at. May be nil.
	Warn func(string)
}

var _ kio.Filter = Transformer{}

// Filter returns the tenant's objects. On error there are none: the message
// has a line for each thing that is wrong.
func (t Transformer) Filter(objects []*yaml.RNode) ([]*yaml.RNode, error) {
	t.Tenant.Default()
	if err := t.Tenant.Validate(); err != nil {
		return nil, err
	}
	switch part, err := applications.Of(objects, t.Tenant); {
	case err != nil:
		return nil, err
	case part != nil:
		made, err := Transformer{Tenant: t.Tenant, Warn: part.Warn(t.Warn)}.whole(part.Whole())
		if err != nil {
			return nil, err
		}
		return part.Only(made)
	}
	return t.whole(objects)
}

// whole lays the tenant over a control plane, and what is beside it.
func (t Transformer) whole(objects []*yaml.RNode) ([]*yaml.RNode, error) {
	plane, err := admit.Filter{Tenant: t.Tenant, Warn: t.Warn}.ControlPlane(objects)
	if err != nil {
		return nil, err
	}
	resolved, err := tenancy.Resolve(t.Tenant, plane, t.Warn)
	if err != nil {
		return nil, err
	}
	for _, step := range []kio.Filter{
		relocate.Filter{From: v1alpha1.BaseNamespace, To: resolved.Own()},
		revision.Filter{Namespace: resolved.Own(), Revision: resolved.Revision()},
		scope.Filter{Tenant: resolved},
		sidecar.Filter{Tenant: resolved},
		confine.Filter{Tenant: resolved},
		identify.Filter{Tenant: resolved},
		grant.Filter{Tenant: resolved},
		isolate.Filter{Tenant: resolved},
		place.Filter{Tenant: resolved},
	} {
		if objects, err = step.Filter(objects); err != nil {
			return nil, err
		}
	}
	return objects, nil
}
