package scope

import (
	"fmt"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/discovery"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/gateway"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// defaultIngressClass is the class of a mesh that names none.
const defaultIngressClass = "istio"

// ownIngressClass says whether the plan's Istio sees other tenants' Ingresses,
// or those of Ingress controllers beside it: with --appNamespace, which up to
// 1.10 serves what names no class, too; and where it lists the whole cluster,
// since Ingresses are selected by discoverySelectors since 1.16, and their
// status is since 1.18. From then on istiod sees the tenant's alone, and "istio"
// is no name that tenants share. Sources: istio/istio,
// pilot/pkg/config/kube/ingressv1/controller.go and status.go of 1.10 to 1.17,
// pilot/pkg/config/kube/ingress of 1.18.
func ownIngressClass(p discovery.Plan) bool {
	return p.Dialect == v1alpha1.DiscoveryAppNamespace || p.Lists && p.Before("1.18")
}

// ingressClass is the tenant's own: two tenants' Pilots that look for one class
// would both serve an Ingress, and both write its status.
func (f Filter) ingressClass() string { return defaultIngressClass + "-" + f.Tenant.Name() }

const classAnnotation = "kubernetes.io/ingress.class"

// ingresses gives the tenant's Ingresses of the base's class the tenant's, by
// the annotation, which every version reads: spec.ingressClassName means
// nothing up to 1.5, and an IngressClass of that name from then on. The API
// server refuses both together.
func (f Filter) ingresses(objects []*yaml.RNode) error {
	if !ownIngressClass(f.Plan) {
		return nil
	}
	base := f.baseMesh(objects, "ingressClass")
	if base == "" {
		base = defaultIngressClass
	}
	for _, o := range object.Of("Ingress", objects) {
		named, found := o.GetAnnotations()[classAnnotation]
		if !found {
			named = object.String(o, "spec", "ingressClassName")
		}
		if named != base {
			continue
		}
		if err := object.Set(o, f.ingressClass(), "metadata", "annotations", classAnnotation); err != nil {
			return fmt.Errorf("%s: %w", object.IDOf(o), err)
		}
		if err := o.PipeE(yaml.Lookup("spec"), yaml.Clear("ingressClassName")); err != nil {
			return fmt.Errorf("%s: %w", object.IDOf(o), err)
		}
	}
	return nil
}

// ingressMode is strict, which serves the tenant's class alone, or off if the
// base says so.
func (f Filter) ingressMode(objects []*yaml.RNode) string {
	const off = "OFF"
	if f.baseMesh(objects, "ingressControllerMode") == off {
		return off
	}
	return "STRICT"
}

// baseMesh is a field of the mesh before it is edited; "" if it has none.
func (f Filter) baseMesh(objects []*yaml.RNode, field string) string {
	for _, o := range object.Of("ConfigMap", objects) {
		if o.GetNamespace() != f.Tenant.Spec.ControlPlane.Namespace {
			continue
		}
		mesh, err := yaml.Parse(object.String(o, "data", "mesh"))
		if err != nil {
			continue // the edit says so
		}
		if value := object.String(mesh, field); value != "" {
			return value
		}
	}
	return ""
}

const (
	// defaultIngressService is the Service of a mesh that names none.
	defaultIngressService = "istio-ingressgateway"
	// ingressLabel selects the proxies that serve Ingresses.
	ingressLabel = "istio"
)

// findIngress is the namespace of the proxies that istiod gives Ingresses to,
// by their label istio, or else of the Service by which clients reach them. If
// there are none, a tenant that adds some later has them with its applications.
// Source: istio/istio, getIngressGatewaySelector in pilot/pkg/config/kube/ingress.
func (f Filter) findIngress(objects []*yaml.RNode) string {
	service := f.baseMesh(objects, "ingressService")
	if service == "" {
		service = defaultIngressService
	}
	label := f.baseMesh(objects, "ingressSelector")
	if label == "" {
		label = service
		if service == defaultIngressService {
			label = "ingressgateway"
		}
	}
	gateways := gateway.In(objects, f.Tenant)
	for _, fits := range []func(*yaml.RNode) bool{
		func(o *yaml.RNode) bool { return gateway.PodLabels(o)[ingressLabel] == label },
		func(o *yaml.RNode) bool { return o.GetKind() == "Service" && o.GetName() == service },
	} {
		var found []string
		for _, o := range objects {
			if fits(o) {
				found = append(found, gateways.Namespace(o))
			}
		}
		for _, namespace := range slices.Concat(f.Tenant.Spec.ApplicationNamespaces, []string{f.Tenant.Spec.ControlPlane.Namespace}) {
			if slices.Contains(found, namespace) {
				return namespace
			}
		}
	}
	return f.Tenant.Spec.ApplicationNamespaces[0]
}
