package isolate

import (
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
		name := "allow-webhooks"
		if f.Tenant.Beside.Named() {
			name += "-" + f.Tenant.Revision()
		}
		return []policy{{own, name, pods, nil, []map[string]any{tcp(f.Tenant.Port(istio.PortWebhooks))}}}
	}
	webhooks := webhookServices(objects)
	var policies []policy
	for _, s := range object.Of("Service", objects) {
		selector := object.StringMap(s, "spec", "selector")
		if s.GetNamespace() != own || len(selector) == 0 {
			continue
		}
		pods := map[string]any{"matchLabels": selector}
		// A policy without ports would open all of them.
		if called := webhooks[s.GetName()]; len(called) > 0 {
			if ports := gateway.TargetPorts(s, called...); len(ports) > 0 {
				policies = append(policies, policy{own, "allow-webhooks-" + s.GetName(), pods, nil, ports})
			}
		}
		if gateway.IsExternal(s) {
			policies = append(policies, policy{own, "allow-ingress-" + s.GetName(), pods, nil, gateway.TargetPorts(s)})
		}
	}
	return policies
}

// webhookServices are the ports that webhooks call, by the names of the Services.
func webhookServices(objects []*yaml.RNode) map[string][]string {
	called := map[string][]string{}
	for _, kind := range []string{"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"} {
		for _, o := range object.Of(kind, objects) {
			for _, w := range object.List(o, "webhooks") {
				name, port := object.String(w, "clientConfig", "service", "name"), object.String(w, "clientConfig", "service", "port")
				if port == "" {
					port = "443"
				}
				called[name] = append(called[name], port)
			}
		}
	}
	return called
}
