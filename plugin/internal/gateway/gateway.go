// Package gateway finds the gateways among a tenant's objects. It is the one
// place that says what a gateway is.
//
// A gateway belongs to the applications, not to the control plane: it reads its
// certificates from its own namespace, and istiod configures only proxies in
// namespaces that it watches. An object is a gateway's if it says so:
//
//	metadata:
//	  labels:
//	    istio-tenancy.dev/part: gateway                    # IstioRelease
//	    operator.istio.io/component: IngressGateways       # Istio's installers, since 1.6
//
// and a workload is a gateway if its Pods ask for a gateway's proxy:
//
//	spec:
//	  template:
//	    metadata:
//	      annotations:
//	        inject.istio.io/templates: gateway             # the chart "gateway", since 1.12
package gateway

import (
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// Owns says whether o states that it belongs to a gateway.
func Owns(o *yaml.RNode) bool {
	labels := o.GetLabels()
	return labels[v1alpha1.PartLabel] == string(v1alpha1.PartGateway) ||
		slices.Contains(istio.GatewayComponents, labels[istio.OperatorComponentLabel]) || asksForTemplate(o)
}

// asksForTemplate says whether a workload's Pods are injected as gateways. The
// annotation is a list: "gateway,with-our-volumes".
func asksForTemplate(o *yaml.RNode) bool {
	templates := object.String(o, "spec", "template", "metadata", "annotations", istio.TemplatesAnnotation)
	return slices.ContainsFunc(strings.Split(templates, ","), func(t string) bool { return strings.TrimSpace(t) == istio.GatewayTemplate })
}

// Gateways are a tenant's.
type Gateways struct {
	tenant  v1alpha1.IstioTenant
	objects []*yaml.RNode
	// companions belong to a gateway and do not say so.
	companions map[*yaml.Node]bool
}

// In finds the gateways among a tenant's objects.
func In(objects []*yaml.RNode, tenant v1alpha1.IstioTenant) Gateways {
	return Gateways{tenant, objects, companions(objects, tenant.Spec.ControlPlane.Namespace)}
}

// Moves says whether o is in the control plane's namespace and belongs to a gateway,
// which runs in an application namespace.
func (g Gateways) Moves(o *yaml.RNode) bool {
	return o.GetNamespace() == g.tenant.Spec.ControlPlane.Namespace && (Owns(o) || g.companions[o.YNode()])
}

// Namespace is the namespace of o in the output: objects without a namespace, and
// objects that move, are in the first application namespace.
func (g Gateways) Namespace(o *yaml.RNode) string {
	if namespace := o.GetNamespace(); namespace != "" && !g.Moves(o) {
		return namespace
	}
	return g.tenant.Spec.ApplicationNamespaces[0]
}

// Workload makes gateway Pods.
type Workload struct {
	// Kind and Name are its own, Namespace is where it is in the end.
	Kind, Namespace, Name string
	// Selector are labels that select its Pods; never empty.
	Selector map[string]string
	// Ports are the Pods' ports that Services offer to clients outside of the
	// cluster, as a NetworkPolicy writes them; none if they offer none.
	Ports []map[string]any
}

// Workloads returns the gateways' workloads, in their order. Workloads whose Pods
// have no label are left out, because nothing can select only these Pods.
func (g Gateways) Workloads() []Workload {
	var found []Workload
	for _, o := range g.objects {
		labels := PodLabels(o)
		if len(labels) == 0 || !Owns(o) {
			continue
		}
		w := Workload{Kind: o.GetKind(), Namespace: g.Namespace(o), Name: o.GetName(), Selector: labels}
		if selector := object.StringMap(o, "spec", "selector", "matchLabels"); len(selector) > 0 {
			w.Selector = selector
		}
		for _, s := range object.Of("Service", g.objects) {
			if IsExternal(s) && g.Namespace(s) == w.Namespace && selects(object.StringMap(s, "spec", "selector"), labels) {
				w.Ports = append(w.Ports, TargetPorts(s)...)
			}
		}
		w.Ports = distinct(w.Ports)
		found = append(found, w)
	}
	return found
}

// Shared are Services that select more than one gateway, if several Services select
// the same gateways: each gateway should have its own Service. A single Service for
// two gateways is not among them, because that is how a new version is tried next to
// the old one.
type Shared struct {
	Services []*yaml.RNode
	// Gateways are the workloads' kinds and names.
	Gateways []string
}

// Shared returns what gateways share by mistake, in their order.
func (g Gateways) Shared() []Shared {
	var found []Shared
	var workloads []*yaml.RNode
	for _, o := range g.objects {
		if len(PodLabels(o)) > 0 && Owns(o) {
			workloads = append(workloads, o)
		}
	}
	if len(workloads) < 2 {
		return nil
	}
	for _, s := range object.Of("Service", g.objects) {
		var names []string
		selector := object.StringMap(s, "spec", "selector")
		for _, o := range workloads {
			if g.Namespace(o) == g.Namespace(s) && selects(selector, PodLabels(o)) {
				names = append(names, o.GetKind()+" "+o.GetName())
			}
		}
		i := slices.IndexFunc(found, func(other Shared) bool {
			return slices.Equal(other.Gateways, names) && g.Namespace(other.Services[0]) == g.Namespace(s)
		})
		switch {
		case len(names) < 2:
		case i < 0:
			found = append(found, Shared{[]*yaml.RNode{s}, names})
		default:
			found[i].Services = append(found[i].Services, s)
		}
	}
	return slices.DeleteFunc(found, func(s Shared) bool { return len(s.Services) < 2 })
}

// PodLabels are the labels of the Pods that a workload makes; none if o is no
// workload.
func PodLabels(o *yaml.RNode) map[string]string {
	if labels := object.StringMap(o, "spec", "template", "metadata", "labels"); len(labels) > 0 {
		return labels
	}
	if template, err := o.Pipe(yaml.Lookup("spec", "template")); err != nil || template == nil {
		return nil
	}
	return object.StringMap(o, "spec", "selector", "matchLabels")
}

// selects says whether a selector, which is not empty, selects labels.
func selects(selector, labels map[string]string) bool {
	for key, value := range selector {
		if labels[key] != value {
			return false
		}
	}
	return len(selector) > 0
}
