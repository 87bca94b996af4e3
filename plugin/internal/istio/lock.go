package istio

import (
	"slices"
	"strings"
)

// LeaderAnnotation is on a ConfigMap by which programs elect a leader, and says which of them
// leads. Source: tools/leaderelection/resourcelock of k8s.io/client-go.
const LeaderAnnotation = "control-plane.alpha.kubernetes.io/leader"

// locks are the ConfigMaps beside it by which the programs of a control plane elect a leader,
// whichever version has them. Other locks of theirs are Leases.
//
// Source: istio/istio from 1.5 to 1.31: pilot/pkg/leaderelection.
var locks = []string{
	"istio-analyze-leader", "istio-clustertrustbundle-controller-election", "istio-gateway-deployment-leader", "istio-gateway-leader",
	"istio-gateway-status-leader", "istio-ip-autoallocate", "istio-leader", "istio-namespace-controller-election", "istio-node-untaint",
	"istio-serviceexport-controller-election", "istio-status-leader", "istio-validation-controller-election",
}

// ingressLock is how the name of Pilot's begins, up to 1.4; the class of the Ingresses ends it.
//
// Source: istio/istio at 0.7.1 and 1.4.10: pilot/pkg/config/kube/ingress/status.go.
const ingressLock = "istio-ingress-controller-leader-"

// IsLock says whether a ConfigMap beside a control plane is called as one by which its programs
// elect a leader.
func IsLock(name string) bool {
	return slices.Contains(locks, name) || strings.HasPrefix(name, ingressLock)
}
