package place

import (
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/gateway"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// warnOfGateway names a Gateway beside the control plane that comes to nothing.
func (f Filter) warnOfGateway(o *yaml.RNode, objects []*yaml.RNode, gateways gateway.Gateways) {
	id := object.IDOf(o)
	if id.Kind != "Gateway" || id.Namespace != f.Tenant.Own() || o.GetLabels()[v1alpha1.TenantLabel] != "" || !slices.Contains(f.Tenant.Watch, id.Namespace) {
		return
	}
	switch id.Group {
	case istio.GatewayGroup:
		f.warnOfUndeployed(o)
	case istio.NetworkingGroup:
		f.warnOfUnselected(o, objects, gateways)
	}
}

// warnOfShared names Services of several gateways that send to all of them, as where
// one base is listed twice with other names: kustomize's namePrefix changes no labels.
func (f Filter) warnOfShared(gateways gateway.Gateways) {
	for _, s := range gateways.Shared() {
		var others []string
		for _, o := range s.Services[1:] {
			others = append(others, o.GetName())
		}
		f.Tenant.Warn("%s: spec.selector: selects the Pods of %s, and so does the Service %s: each of these Services sends to all of these gateways; "+
			"give each gateway labels of its own, by an IstioRelease for each with a name under values: docs/gateways.md shows it",
			object.IDOf(s.Services[0]), strings.Join(s.Gateways, " and of "), strings.Join(others, " and "))
	}
}

// warnOfUnselected names a Gateway of Istio's that selects no Pods of its own
// namespace: istiod gives it to no others, and gateways run with the applications.
func (f Filter) warnOfUnselected(o *yaml.RNode, objects []*yaml.RNode, gateways gateway.Gateways) {
	selector := object.StringMap(o, "spec", "selector")
	if !f.Tenant.Revisions() || slices.ContainsFunc(objects, func(w *yaml.RNode) bool {
		labels := gateway.PodLabels(w)
		return len(labels) > 0 && gateways.Namespace(w) == f.Tenant.Own() && selects(selector, labels)
	}) {
		return
	}
	f.Tenant.Warn("%s: metadata.namespace: istiod gives a Gateway to proxies of its own namespace alone, and no workload among the objects here has the labels "+
		"of its selector; gateways run with the applications: write namespace: %s", object.IDOf(o), f.Tenant.Spec.ApplicationNamespaces[0])
}

func selects(selector, labels map[string]string) bool {
	for key, value := range selector {
		if labels[key] != value {
			return false
		}
	}
	return true
}

// warnOfUndeployed names a Gateway of the Gateway API beside the control plane.
// istiod sees it where it watches its own namespace, and may not write Deployments
// there: whoever may is the control plane. One with addresses asks for none.
func (f Filter) warnOfUndeployed(o *yaml.RNode) {
	deploys := slices.ContainsFunc(istio.DeployedLabels, func(d istio.DeployedLabel) bool { return f.Tenant.Holds(d.Range) })
	if !deploys || len(object.List(o, "spec", "addresses")) > 0 {
		return
	}
	f.Tenant.Warn("%s: metadata.namespace: istiod has no right to write Deployments in its own namespace, so that this Gateway gets no Pods: "+
		"write namespace: %s, or name the Service of an existing gateway under spec.addresses", object.IDOf(o), f.Tenant.Spec.ApplicationNamespaces[0])
}
