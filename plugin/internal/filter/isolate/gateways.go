package isolate

import (
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/gateway"
)

// gateways let everybody in to the tenant's gateways, on the ports that they
// are for.
func (f Filter) gateways(objects []*yaml.RNode) []map[string]any {
	var policies []map[string]any
	named := map[[2]string]bool{}
	for _, w := range gateway.In(objects, f.Tenant).Workloads() {
		if len(w.Ports) == 0 {
			continue
		}
		name := "allow-ingress-" + w.Name
		if named[[2]string{w.Namespace, name}] { // a Deployment and a DaemonSet of one name
			name += "-" + strings.ToLower(w.Kind)
		}
		named[[2]string{w.Namespace, name}] = true
		policies = append(policies, policy(w.Namespace, name, map[string]any{"matchLabels": w.Selector}, rule(nil, w.Ports...)))
	}
	label := f.deployedLabel()
	if label == "" {
		return policies
	}
	for _, namespace := range f.Tenant.Spec.ApplicationNamespaces {
		policies = append(policies, policy(namespace, "allow-deployed-gateways", map[string]any{"matchExpressions": []any{
			map[string]any{"key": label, "operator": "Exists"},
			map[string]any{"key": managedLabel, "operator": "NotIn", "values": waypoints},
		}}, rule(nil, listenerPorts...)))
	}
	return policies
}

// deployedLabels are on the Pods that istiod deploys for a Gateway of the
// Gateway API, at any time after the build. Source: istio/istio,
// pilot/pkg/config/kube/gateway/templates and later
// manifests/charts/istio-control/istio-discovery/files/kube-gateway.yaml. Pods
// that an earlier version has deployed get the later label at its upgrade, too.
var deployedLabels = []struct{ since, before, label string }{
	{since: "1.12", before: "1.21", label: "istio.io/gateway-name"},
	{since: "1.21", label: "gateway.networking.k8s.io/gateway-name"},
}

// managedLabel says which of istiod's controllers has deployed a Pod. Waypoints
// are proxies of ambient mode, for clients in the mesh alone. Source:
// istio/istio, pkg/config/constants.
const managedLabel = "gateway.istio.io/managed"

var waypoints = []string{"istio.io-mesh-controller", "istio.io-agentgateway-waypoint-controller"}

// listenerPorts are those that a listener of a Gateway may have. Which ones it
// has is known when the tenant makes the Gateway, and not yet here. Istio keeps
// 15000 to 15090 for itself, such as for metrics, which are nobody else's
// business; of these, load balancers ask 15021 whether the gateway is ready.
// Source: istio.io, docs/ops/deployment/application-requirements.
var listenerPorts = []map[string]any{
	{"protocol": "TCP", "port": 1, "endPort": 14999},
	{"protocol": "TCP", "port": 15021},
	{"protocol": "TCP", "port": 15091, "endPort": 65535},
}

func (f Filter) deployedLabel() string {
	for _, d := range deployedLabels {
		if f.Plan.AtLeast(d.since) && (d.before == "" || f.Plan.Before(d.before)) {
			return d.label
		}
	}
	return ""
}
