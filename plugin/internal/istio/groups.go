package istio

import "slices"

// GatewayGroup is the group of the Gateway API's kinds.
const GatewayGroup = "gateway.networking.k8s.io"

// The API groups of Istio's kinds, and of those that Istio reads.
var (
	// goneGroups are those of Mixer's and Pilot's kinds before 1.8.
	goneGroups = []string{"config.istio.io", "authentication.istio.io", "rbac.istio.io"}
	// istioGroups are all that Istio ever had.
	istioGroups = slices.Concat([]string{
		"security.istio.io", "networking.istio.io", "telemetry.istio.io", "extensions.istio.io",
	}, goneGroups)
	// gatewayGroups are those of the Gateway API, and of what came before it.
	gatewayGroups = []string{
		GatewayGroup, "gateway.networking.x-k8s.io", "networking.x-k8s.io", "inference.networking.k8s.io",
	}
)

// ClusterScoped are the resources that a rule for all resources of a group
// includes, and that are listed in the whole cluster: they have no namespace, or
// Pilot takes it that they have none. The rows say who reads them.
var ClusterScoped = map[string][]string{
	GatewayGroup:              {"gatewayclasses"},
	"authentication.istio.io": {"meshpolicies"},                      // 0.8 to 1.5
	"rbac.istio.io":           {"clusterrbacconfigs", "rbacconfigs"}, // 1.1 to 1.5, 1.0
	"networking.istio.io":     {"syntheticserviceentries"},           // 1.4
}
