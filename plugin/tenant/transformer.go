package tenant

import (
	"fmt"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/applications"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/admit"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/confine"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/grant"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/identify"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/isolate"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/limit"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/place"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/relocate"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/revision"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/scope"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/sidecar"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/revisions"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/tenancy"
)

// Transformer lays Tenant over the objects of a base.
type Transformer struct {
	// Tenant gets its defaults, and has to be valid with them.
	Tenant v1alpha1.IstioTenant
	// Warn is called with each warning for the cluster administrator, which is one
	// line. May be nil.
	Warn func(string)

	again bool // see Again
}

var _ kio.Filter = Transformer{}

// Filter returns the tenant's objects. On error it returns no objects, and the
// message has a line for each mistake.
func (t Transformer) Filter(objects []*yaml.RNode) ([]*yaml.RNode, error) {
	t.Tenant.Default()
	if err := t.Tenant.Validate(); err != nil {
		return nil, err
	}
	parts, err := revisions.Of(objects, t.Tenant, t.Warn)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", v1alpha1.KindTenant, t.Tenant.Name(), err)
	}
	t.Warn = once(t.Warn)
	var made [][]*yaml.RNode
	for _, part := range parts {
		laid, err := t.part(part.Objects, part.Revision)
		if err != nil {
			return nil, part.Failed(err)
		}
		made = append(made, laid)
	}
	return revisions.Join(parts, made, t.Warn)
}

// part lays the tenant over one control plane and what is beside it, or over the
// applications alone.
func (t Transformer) part(objects []*yaml.RNode, of tenancy.Revision) ([]*yaml.RNode, error) {
	apart, err := applications.Of(objects, t.Tenant)
	if err != nil {
		return nil, err
	}
	if apart == nil {
		return t.whole(objects, of)
	}
	made, err := Transformer{Tenant: t.Tenant, Warn: apart.Warn(t.Warn)}.whole(apart.Whole(), of)
	if err != nil {
		return nil, err
	}
	return apart.Only(made)
}

// Again lays the tenant over what Filter has made of objects without a control plane:
// applications that are built apart, or a tenant that shares the control plane of another.
// stated are the annotations of a base's marker, which Filter does not print.
func (t Transformer) Again(objects []*yaml.RNode, stated map[string]string) ([]*yaml.RNode, error) {
	t.Tenant.Default()
	if err := t.Tenant.Validate(); err != nil {
		return nil, err
	}
	apart, err := applications.Again(objects, t.Tenant, stated)
	if err != nil {
		return nil, err
	}
	var of tenancy.Revision
	if listed := t.Tenant.Spec.ControlPlane.Revisions; len(listed) > 0 {
		of.Name = listed[0].Name
	}
	t.again = true
	made, err := t.whole(apart.Whole(), of)
	if err != nil {
		return nil, err
	}
	return apart.Only(made)
}

// whole lays the tenant over a control plane, and what is beside it.
func (t Transformer) whole(objects []*yaml.RNode, of tenancy.Revision) ([]*yaml.RNode, error) {
	plane, err := admit.Filter{Tenant: t.Tenant, Warn: t.Warn, Revision: of.Of(t.Tenant), Again: t.again}.ControlPlane(objects)
	if err != nil {
		return nil, err
	}
	resolved, err := tenancy.Resolve(t.Tenant, plane, of, t.Warn)
	if err != nil {
		return nil, err
	}
	for _, step := range []kio.Filter{
		relocate.Filter{From: v1alpha1.BaseNamespace, To: resolved.Own()},
		revision.Filter{Namespace: resolved.Own(), Revision: resolved.Revision(), Beside: resolved.OwnRevisions(), Serving: resolved.Serving},
		revision.Tag{Namespace: resolved.Own(), Revision: resolved.Revision(), Tag: of.Tag(t.Tenant)},
		scope.Filter{Tenant: resolved},
		sidecar.Filter{Tenant: resolved},
		confine.Filter{Tenant: resolved},
		identify.Filter{Tenant: resolved},
		grant.Filter{Tenant: resolved},
		isolate.Filter{Tenant: resolved},
		limit.Filter{Tenant: resolved},
		place.Filter{Tenant: resolved},
	} {
		if objects, err = step.Filter(objects); err != nil {
			return nil, err
		}
	}
	return objects, nil
}

// once passes a warning on that two control planes give of one object a single time.
func once(warn func(string)) func(string) {
	if warn == nil {
		return nil
	}
	said := map[string]bool{}
	return func(warning string) {
		if !said[warning] {
			said[warning] = true
			warn(warning)
		}
	}
}
