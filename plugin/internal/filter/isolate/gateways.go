package isolate

import (
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/gateway"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
)

// gateways let everybody in to the tenant's gateways, on the ports that they
// are for.
func (f Filter) gateways(objects []*yaml.RNode) []policy {
	var policies []policy
	named := map[[2]string]bool{}
	for _, w := range gateway.In(objects, f.Tenant.IstioTenant).Workloads() {
		if len(w.Ports) == 0 {
			continue
		}
		name := istio.IngressPolicyPrefix + w.Name
		if named[[2]string{w.Namespace, name}] { // a Deployment and a DaemonSet of one name
			name += "-" + strings.ToLower(w.Kind)
		}
		named[[2]string{w.Namespace, name}] = true
		policies = append(policies, policy{w.Namespace, name, map[string]any{"matchLabels": w.Selector}, nil, w.Ports})
	}
	label := f.deployedLabel()
	if label == "" {
		return policies
	}
	for _, namespace := range f.Tenant.Spec.ApplicationNamespaces {
		policies = append(policies, policy{namespace, "allow-deployed-gateways", map[string]any{"matchExpressions": []any{
			map[string]any{"key": label, "operator": "Exists"},
			map[string]any{"key": istio.ManagedLabel, "operator": "NotIn", "values": istio.Waypoints},
		}}, nil, listenerPorts})
	}
	return policies
}

func (f Filter) deployedLabel() string {
	for _, d := range istio.DeployedLabels {
		if f.Tenant.Holds(d.Range) {
			return d.Label
		}
	}
	return ""
}

// listenerPorts are those that a listener of a Gateway may have, and the one
// that load balancers ask. Which ones it has is known when the tenant makes the
// Gateway, and not yet here. The rest of Istio's own is nobody else's business.
var listenerPorts = []map[string]any{
	{"protocol": "TCP", "port": 1, "endPort": istio.FirstProxyPort - 1},
	{"protocol": "TCP", "port": istio.ProxyStatusPort},
	{"protocol": "TCP", "port": istio.LastProxyPort + 1, "endPort": 65535},
}
