package place

import (
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// warnOfUndeployed names a Gateway of the Gateway API beside the control plane.
// istiod sees it where it watches its own namespace, and may not write Deployments
// there: whoever may is the control plane. One with addresses asks for none.
func (f Filter) warnOfUndeployed(o *yaml.RNode) {
	id := object.IDOf(o)
	if id.Kind != "Gateway" || id.Group != istio.GatewayGroup || id.Namespace != f.Tenant.Own() || o.GetLabels()[v1alpha1.TenantLabel] != "" {
		return
	}
	deploys := slices.ContainsFunc(istio.DeployedLabels, func(d struct {
		istio.Range
		Label string
	}) bool {
		return f.Tenant.Holds(d.Range)
	})
	if !deploys || !slices.Contains(f.Tenant.Watch, id.Namespace) || len(object.List(o, "spec", "addresses")) > 0 {
		return
	}
	f.Tenant.Warn("%s: metadata.namespace: istiod may not deploy a gateway beside itself, where it writes no Deployments, so that this one gets no Pods: "+
		"write namespace: %s, or the Service of a gateway that is there under spec.addresses", id, f.Tenant.Spec.ApplicationNamespaces[0])
}
