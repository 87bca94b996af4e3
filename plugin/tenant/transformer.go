package tenant

import (
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/controlplane"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/discovery"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/claim"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/confine"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/grant"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/isolate"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/relocate"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/revise"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/scope"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/settle"
)

// Transformer lays Tenant over the objects of a base.
type Transformer struct {
	// Tenant is a defaulted and valid tenant.
	Tenant v1alpha1.IstioTenant
	// Warn is told, in one line each, what a cluster administrator should look
	// at. May be nil.
	Warn func(string)
}

var _ kio.Filter = Transformer{}

// Filter returns the tenant's objects. On error there are none: the message
// has a line for each thing that is wrong.
func (t Transformer) Filter(objects []*yaml.RNode) ([]*yaml.RNode, error) {
	objects, err := claim.Filter{Tenant: t.Tenant, Warn: t.Warn}.Filter(objects)
	if err != nil {
		return nil, err
	}
	plane, err := controlplane.Find(objects)
	if err != nil {
		return nil, err
	}
	plan, err := discovery.For(t.Tenant, plane.Version)
	if err != nil {
		return nil, err
	}
	if plan.Warning != "" && t.Warn != nil {
		t.Warn(plan.Warning)
	}
	own := t.Tenant.Spec.ControlPlane
	for _, step := range []kio.Filter{
		relocate.Filter{From: v1alpha1.BaseNamespace, To: own.Namespace},
		revision(plan, own),
		scope.Filter{Tenant: t.Tenant, Plan: plan},
		confine.Filter{Tenant: t.Tenant, Plan: plan, Warn: t.Warn},
		grant.Filter{Tenant: t.Tenant, Plan: plan},
		isolate.Filter{Tenant: t.Tenant, Plan: plan, Warn: t.Warn},
		settle.Filter{Tenant: t.Tenant, Plan: plan, Warn: t.Warn},
	} {
		if objects, err = step.Filter(objects); err != nil {
			return nil, err
		}
	}
	return objects, nil
}

// revision gives the control plane its revision, if its version knows any.
func revision(plan discovery.Plan, own v1alpha1.ControlPlane) kio.Filter {
	if !plan.Revisions() {
		return kio.FilterFunc(func(objects []*yaml.RNode) ([]*yaml.RNode, error) { return objects, nil })
	}
	return revise.Filter{Namespace: own.Namespace, Revision: own.Revision}
}
