package check

import (
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// isFront says whether a rule that lets everybody in is about the ports of Pods that are there
// for everybody: gateways, and what the API server calls. The latter counts only where called
// is true: a rule about Pods is not for the API server, which is none.
func (e *estate) isFront(namespace string, selector any, ports []any, called bool) bool {
	if len(ports) == 0 {
		return false
	}
	for _, m := range snapshot.List(selector, "matchExpressions") {
		if key := snapshot.Text(m, "key"); snapshot.Text(m, "operator") == "Exists" && (strings.HasPrefix(key, "gateway.networking.k8s.io/") || strings.HasPrefix(key, "gateway.istio.io/")) {
			return true // of gateways that Istio deploys later
		}
	}
	wanted := snapshot.TextMap(selector, "matchLabels")
	if len(wanted) == 0 {
		return false
	}
	for _, s := range e.in[[2]string{namespace, "Service"}] {
		kind := snapshot.Text(s.Content, "spec", "type")
		if (kind == "LoadBalancer" || kind == "NodePort" || called && e.calls(s)) && overlap(wanted, snapshot.TextMap(s.Content, "spec", "selector")) {
			return true
		}
	}
	return false
}

// overlap says whether two selectors have a label in common, and none that differs.
func overlap(a, b map[string]string) bool {
	common := false
	for key, value := range a {
		if other, both := b[key]; both {
			if other != value {
				return false
			}
			common = true
		}
	}
	return common
}
