package isolate

import (
	"maps"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/gateway"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// openings let in who is no pod of the tenant's: the API server, whose address
// is not known here, to webhooks; and before there were gateways in application
// namespaces, clients of the ingress beside the control plane.
func (f Filter) openings(objects []*yaml.RNode) []policy {
	own := f.Tenant.Own()
	if f.Tenant.Revisions() {
		pods := map[string]any{"matchLabels": f.Tenant.Plane.PodLabels()}
		return []policy{{own, "allow-webhooks", pods, nil, []map[string]any{tcp(f.Tenant.Port(istio.PortWebhooks))}}}
	}
	webhooks := webhookServices(objects)
	var policies []policy
	for _, s := range object.Of("Service", objects) {
		selector := object.StringMap(s, "spec", "selector")
		if s.GetNamespace() != own || len(selector) == 0 {
			continue
		}
		pods := map[string]any{"matchLabels": selector}
		if slices.Contains(webhooks, s.GetName()) {
			policies = append(policies, policy{own, "allow-webhooks-" + s.GetName(), pods, nil, gateway.TargetPorts(s, "443")})
		}
		if gateway.IsExternal(s) {
			policies = append(policies, policy{own, "allow-ingress-" + s.GetName(), pods, nil, gateway.TargetPorts(s)})
		}
	}
	return policies
}

// webhookServices are the names of the Services that webhooks call.
func webhookServices(objects []*yaml.RNode) []string {
	names := map[string]bool{}
	for _, kind := range []string{"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"} {
		for _, o := range object.Of(kind, objects) {
			for _, w := range object.List(o, "webhooks") {
				names[object.String(w, "clientConfig", "service", "name")] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}
