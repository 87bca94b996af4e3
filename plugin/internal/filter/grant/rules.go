package grant

import (
	"slices"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/rbac"
)

// on is a rule on resources of a group.
func on(group string, resources, verbs []string) rbac.Rule {
	return rbac.Rule{APIGroups: []string{group}, Resources: resources, Verbs: verbs}
}

var (
	read  = rbac.Read
	write = slices.Concat(rbac.Write, []string{"deletecollection"})
	all   = slices.Concat(read, write)
)

// viewRules let people see a control plane run: its workloads, logs, events
// and configuration. Secrets are not among them: the CA's key is one.
var viewRules = []rbac.Rule{
	on("", []string{
		"configmaps", "endpoints", "events", "limitranges", "persistentvolumeclaims", "pods", "pods/log", "pods/status",
		"resourcequotas", "serviceaccounts", "services", "services/status",
	}, read),
	on("apps", []string{"daemonsets", "deployments", "deployments/status", "replicasets", "statefulsets"}, read),
	on("autoscaling", []string{"horizontalpodautoscalers"}, read),
	on("batch", []string{"cronjobs", "jobs"}, read),
	on("coordination.k8s.io", []string{"leases"}, read),
	on("discovery.k8s.io", []string{"endpointslices"}, read),
	on("events.k8s.io", []string{"events"}, read),
	on("metrics.k8s.io", []string{"pods"}, read),
	on("networking.k8s.io", []string{"ingresses", "networkpolicies"}, read),
	on("policy", []string{"poddisruptionbudgets"}, read),
	on("rbac.authorization.k8s.io", []string{"rolebindings", "roles"}, read),
	on(istio.ExtensionGroup, istio.Resources[istio.ExtensionGroup], read),
	on(istio.NetworkingGroup, istio.Resources[istio.NetworkingGroup], read),
	on(istio.SecurityGroup, istio.Resources[istio.SecurityGroup], read),
	on(istio.TelemetryGroup, istio.Resources[istio.TelemetryGroup], read),
}

// operateRules add to viewRules what an operator of a mesh does: restart pods
// by deleting them, and configure Istio. What would let them run as istiod is
// left out: exec, tokens, Secrets, workload specs, RBAC, and the ConfigMaps
// that tell istiod which namespaces to watch and what to inject. So are
// extensions: istiod reads the pull Secret that one names in its own namespace.
var operateRules = slices.Concat(viewRules, []rbac.Rule{
	on("", []string{"pods"}, []string{"delete", "deletecollection"}),
	// The body is of the group policy; the resource is a Pod's own.
	on("", []string{"pods/eviction"}, []string{"create"}),
	on(istio.NetworkingGroup, istio.Resources[istio.NetworkingGroup], write),
	on(istio.SecurityGroup, istio.Resources[istio.SecurityGroup], write),
	on(istio.TelemetryGroup, istio.Resources[istio.TelemetryGroup], write),
})

// fullRules are everything that has a namespace and is not RBAC, a quota or
// the Namespace. Endpoints are only read, and so are EndpointSlices: whoever
// writes them leads a Service to other tenants' Pods, past NetworkPolicies.
var fullRules = slices.Concat(operateRules, []rbac.Rule{
	on("", []string{
		"configmaps", "events", "persistentvolumeclaims", "pods", "replicationcontrollers",
		"secrets", "serviceaccounts", "services",
	}, all),
	on("", []string{"pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "services/proxy"}, []string{"create", "get"}),
	on("", []string{"pods/ephemeralcontainers"}, []string{"get", "patch", "update"}),
	on("", []string{"serviceaccounts/token"}, []string{"create"}),
	on(istio.ExtensionGroup, istio.Resources[istio.ExtensionGroup], write),
	on("apps", []string{
		"daemonsets", "deployments", "deployments/rollback", "deployments/scale", "replicasets", "replicasets/scale",
		"statefulsets", "statefulsets/scale",
	}, all),
	on("autoscaling", []string{"horizontalpodautoscalers"}, all),
	on("batch", []string{"cronjobs", "jobs"}, all),
	on("coordination.k8s.io", []string{"leases"}, all),
	on("networking.k8s.io", []string{"ingresses"}, all),
	on("policy", []string{"poddisruptionbudgets"}, all),
})

var adminRules = map[v1alpha1.AdminAccess][]rbac.Rule{
	v1alpha1.AdminAccessOperate: operateRules,
	v1alpha1.AdminAccessFull:    fullRules,
}
