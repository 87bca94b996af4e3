package scope

import (
	"fmt"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/gateway"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/strictyaml"
)

// ingressClass is the tenant's own: two tenants' Pilots that look for one class
// would both serve an Ingress, and both write its status.
func (f Filter) ingressClass() string { return f.Tenant.Values().Expand(istio.IngressClass) }

// ownsIngressClass says whether the mesh has the tenant's own class.
func (f Filter) ownsIngressClass() bool {
	for _, c := range f.Tenant.Components() {
		if slices.ContainsFunc(c.Mesh, func(s istio.Setting) bool {
			return s.Value == istio.IngressClass && f.Tenant.Needs(s.Range, s.Modes)
		}) {
			return true
		}
	}
	return false
}

// ingresses gives the tenant's Ingresses of the base's class the tenant's, by
// the annotation, which every version reads: spec.ingressClassName means
// nothing up to 1.5, and an IngressClass of that name from then on. The API
// server refuses both together.
func (f Filter) ingresses(objects []*yaml.RNode) error {
	if !f.ownsIngressClass() {
		return nil
	}
	base := f.baseMesh(objects, "ingressClass")
	if base == "" {
		base = istio.DefaultIngressClass
	}
	for _, o := range object.Of("Ingress", objects) {
		named, found := o.GetAnnotations()[istio.IngressClassAnnotation]
		if !found {
			named = object.String(o, "spec", "ingressClassName")
		}
		if named != base {
			continue
		}
		if err := object.Set(o, f.ingressClass(), "metadata", "annotations", istio.IngressClassAnnotation); err != nil {
			return fmt.Errorf("%s: %w", object.IDOf(o), err)
		}
		if err := o.PipeE(yaml.Lookup("spec"), yaml.Clear("ingressClassName")); err != nil {
			return fmt.Errorf("%s: %w", object.IDOf(o), err)
		}
	}
	return nil
}

// baseMesh is a field of the mesh before it is edited; "" if it has none.
func (f Filter) baseMesh(objects []*yaml.RNode, field string) string {
	for _, o := range object.Of("ConfigMap", objects) {
		if o.GetNamespace() != f.Tenant.Own() {
			continue
		}
		mesh, err := strictyaml.Parse(object.String(o, "data", istio.MeshKey))
		if err != nil {
			continue // the edit says so
		}
		if value := object.String(mesh, field); value != "" {
			return value
		}
	}
	return ""
}

// findIngress is the namespace of the proxies that istiod gives Ingresses to,
// by their label istio, or else of the Service by which clients reach them. If
// there are none, a tenant that adds some later has them with its applications.
// Source: istio/istio, getIngressGatewaySelector in pilot/pkg/config/kube/ingress.
func (f Filter) findIngress(objects []*yaml.RNode) string {
	service := f.baseMesh(objects, "ingressService")
	if service == "" {
		service = istio.DefaultIngressService
	}
	label := f.baseMesh(objects, "ingressSelector")
	if label == "" {
		label = service
		if service == istio.DefaultIngressService {
			label = istio.DefaultIngressSelector
		}
	}
	gateways := gateway.In(objects, f.Tenant.IstioTenant)
	for _, fits := range []func(*yaml.RNode) bool{
		func(o *yaml.RNode) bool { return gateway.PodLabels(o)[istio.IngressLabel] == label },
		func(o *yaml.RNode) bool { return o.GetKind() == "Service" && o.GetName() == service },
	} {
		var found []string
		for _, o := range objects {
			if fits(o) {
				found = append(found, gateways.Namespace(o))
			}
		}
		for _, namespace := range slices.Concat(f.Tenant.Spec.ApplicationNamespaces, []string{f.Tenant.Own()}) {
			if slices.Contains(found, namespace) {
				return namespace
			}
		}
	}
	return f.Tenant.Spec.ApplicationNamespaces[0]
}
