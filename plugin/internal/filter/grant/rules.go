package grant

import (
	"slices"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
)

// rule is an RBAC PolicyRule.
type rule struct{ groups, resources, verbs []string }

func values(rules []rule) []any {
	var list []any
	for _, r := range rules {
		list = append(list, map[string]any{"apiGroups": r.groups, "resources": r.resources, "verbs": r.verbs})
	}
	return list
}

var (
	read  = []string{"get", "list", "watch"}
	write = []string{"create", "update", "patch", "delete", "deletecollection"}
	all   = slices.Concat(read, write)
)

// viewRules let people see a control plane run: its workloads, logs, events
// and configuration. Secrets are not among them: the CA's key is one.
var viewRules = []rule{
	{[]string{""}, []string{
		"configmaps", "endpoints", "events", "limitranges", "persistentvolumeclaims", "pods", "pods/log", "pods/status",
		"resourcequotas", "serviceaccounts", "services", "services/status",
	}, read},
	{[]string{"apps"}, []string{"daemonsets", "deployments", "deployments/status", "replicasets", "statefulsets"}, read},
	{[]string{"autoscaling"}, []string{"horizontalpodautoscalers"}, read},
	{[]string{"batch"}, []string{"cronjobs", "jobs"}, read},
	{[]string{"coordination.k8s.io"}, []string{"leases"}, read},
	{[]string{"discovery.k8s.io"}, []string{"endpointslices"}, read},
	{[]string{"events.k8s.io"}, []string{"events"}, read},
	{[]string{"metrics.k8s.io"}, []string{"pods"}, read},
	{[]string{"networking.k8s.io"}, []string{"ingresses", "networkpolicies"}, read},
	{[]string{"policy"}, []string{"poddisruptionbudgets"}, read},
	{[]string{"rbac.authorization.k8s.io"}, []string{"rolebindings", "roles"}, read},
	{[]string{"extensions.istio.io"}, extensionKinds, read},
	{[]string{"networking.istio.io"}, networkingKinds, read},
	{[]string{"security.istio.io"}, securityKinds, read},
	{[]string{"telemetry.istio.io"}, telemetryKinds, read},
}

// Istio's kinds, as its CustomResourceDefinitions of 1.31 name them.
var (
	extensionKinds  = []string{"trafficextensions", "wasmplugins"}
	networkingKinds = []string{
		"destinationrules", "envoyfilters", "gateways", "proxyconfigs", "serviceentries", "sidecars", "virtualservices",
		"workloadentries", "workloadgroups",
	}
	securityKinds  = []string{"authorizationpolicies", "peerauthentications", "requestauthentications"}
	telemetryKinds = []string{"telemetries"}
)

// operateRules add to viewRules what an operator of a mesh does: restart pods
// by deleting them, and configure Istio. What would let them run as istiod is
// left out: exec, tokens, Secrets, workload specs, RBAC, and the ConfigMaps
// that tell istiod which namespaces to watch and what to inject. So are
// extensions: istiod reads the pull Secret that one names in its own namespace.
var operateRules = slices.Concat(viewRules, []rule{
	{[]string{""}, []string{"pods"}, []string{"delete", "deletecollection"}},
	{[]string{"policy"}, []string{"pods/eviction"}, []string{"create"}},
	{[]string{"networking.istio.io"}, networkingKinds, write},
	{[]string{"security.istio.io"}, securityKinds, write},
	{[]string{"telemetry.istio.io"}, telemetryKinds, write},
})

// fullRules are everything that has a namespace and is not RBAC, a quota or
// the Namespace.
var fullRules = slices.Concat(operateRules, []rule{
	{[]string{""}, []string{
		"configmaps", "endpoints", "events", "persistentvolumeclaims", "pods", "replicationcontrollers",
		"secrets", "serviceaccounts", "services",
	}, all},
	{[]string{""}, []string{"pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "services/proxy"}, []string{"create", "get"}},
	{[]string{""}, []string{"pods/ephemeralcontainers"}, []string{"get", "patch", "update"}},
	{[]string{""}, []string{"pods/eviction", "serviceaccounts/token"}, []string{"create"}},
	{[]string{"extensions.istio.io"}, extensionKinds, write},
	{[]string{"apps"}, []string{
		"daemonsets", "deployments", "deployments/rollback", "deployments/scale", "replicasets", "replicasets/scale",
		"statefulsets", "statefulsets/scale",
	}, all},
	{[]string{"autoscaling"}, []string{"horizontalpodautoscalers"}, all},
	{[]string{"batch"}, []string{"cronjobs", "jobs"}, all},
	{[]string{"coordination.k8s.io"}, []string{"leases"}, all},
	{[]string{"networking.k8s.io"}, []string{"ingresses"}, all},
	{[]string{"policy"}, []string{"poddisruptionbudgets"}, all},
})

var adminRules = map[v1alpha1.AdminAccess][]rule{
	v1alpha1.AdminAccessOperate: operateRules,
	v1alpha1.AdminAccessFull:    fullRules,
}
