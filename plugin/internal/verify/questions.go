package verify

// where is a place that questions are about.
type where int

const (
	// applications are the subject's own application namespaces, and beside is that of
	// the own control plane.
	applications where = iota
	beside
	// others are all namespaces of another tenant: each tenant's people are asked about
	// those of the tenant that follows by name. About the rest, the rules of check tell.
	others
	// system is kube-system, and everywhere the whole cluster.
	system
	everywhere
)

// answer is what the API server must say.
type answer int

const (
	// rendered is what the rendered Roles and bindings say.
	rendered answer = iota
	yes
	no
)

// question asks whether somebody may do something. A resource has its subresource after a slash.
type question struct {
	where                 where
	verb, group, resource string
	// admin, viewer and plane are what a tenant's administrators, its viewers and the
	// ServiceAccounts of its control planes must be answered.
	admin, viewer, plane answer
}

const (
	apps       = "apps"
	rbac       = "rbac.authorization.k8s.io"
	admissions = "admissionregistration.k8s.io"
	networking = "networking.istio.io"
	security   = "security.istio.io"
)

// questions are the test results of the post, and the ways around what it shows: an
// administrator reads Pods in the own namespaces, and those of all namespaces, or of
// another tenant's, not. Of Istio's kinds, those are asked about that the cluster has.
var questions = []question{
	{applications, "list", "", "pods", yes, yes, rendered},
	{applications, "get", "", "pods/log", yes, yes, rendered},
	{applications, "list", apps, "deployments", yes, yes, rendered},
	{applications, "create", apps, "deployments", yes, no, rendered},
	{applications, "delete", "", "services", yes, no, rendered},
	{applications, "list", networking, "virtualservices", yes, yes, rendered},
	{applications, "create", networking, "virtualservices", yes, no, rendered},
	{applications, "create", networking, "destinationrules", yes, no, rendered},
	{applications, "create", security, "authorizationpolicies", yes, no, rendered},
	{applications, "create", "", "pods/exec", rendered, no, no},
	{applications, "create", "", "serviceaccounts/token", rendered, no, rendered},
	{applications, "list", "", "secrets", rendered, no, rendered},
	{applications, "update", "", "namespaces", no, no, no},
	{applications, "delete", "", "namespaces", no, no, no},
	{applications, "bind", rbac, "roles", no, no, no},
	{applications, "escalate", rbac, "roles", no, no, no},

	{beside, "list", "", "pods", yes, yes, rendered},
	{beside, "get", "", "pods/log", yes, rendered, rendered},
	{beside, "list", "", "services", yes, yes, rendered},
	{beside, "create", networking, "virtualservices", rendered, no, rendered},
	{beside, "create", "", "pods/exec", no, no, no},
	{beside, "create", "", "pods/portforward", no, no, no},
	{beside, "patch", "", "pods/ephemeralcontainers", no, no, no},
	{beside, "get", "", "secrets", no, no, rendered},
	{beside, "list", "", "secrets", no, no, rendered},
	{beside, "create", "", "secrets", no, no, rendered},
	{beside, "create", "", "serviceaccounts/token", no, no, rendered},
	{beside, "impersonate", "", "serviceaccounts", no, no, no},
	{beside, "create", "", "pods", no, no, no},
	{beside, "create", apps, "deployments", no, no, rendered},
	{beside, "patch", apps, "deployments", no, no, rendered},
	{beside, "create", apps, "daemonsets", no, no, rendered},
	{beside, "create", "batch", "jobs", no, no, no},
	{beside, "update", "", "configmaps", no, no, rendered},
	{beside, "create", rbac, "rolebindings", no, no, no},
	{beside, "update", "", "namespaces", no, no, no},

	{others, "list", "", "pods", no, no, rendered},
	{others, "get", "", "pods/log", no, no, no},
	{others, "create", "", "pods", no, no, no},
	{others, "create", "", "pods/exec", no, no, no},
	{others, "create", apps, "deployments", no, no, no},
	{others, "list", "", "services", no, no, rendered},
	{others, "list", "", "secrets", no, no, rendered},
	{others, "create", "", "secrets", no, no, no},
	{others, "create", "", "serviceaccounts/token", no, no, no},
	{others, "list", networking, "virtualservices", no, no, rendered},
	{others, "create", networking, "virtualservices", no, no, no},
	{others, "create", security, "authorizationpolicies", no, no, no},
	{others, "create", rbac, "rolebindings", no, no, no},
	{others, "update", "", "namespaces", no, no, no},

	{system, "list", "", "secrets", no, no, rendered},
	{system, "create", "", "pods", no, no, no},
	{system, "create", "", "serviceaccounts/token", no, no, no},

	{everywhere, "list", "", "pods", no, no, rendered},
	{everywhere, "list", "", "secrets", no, no, rendered},
	{everywhere, "list", "", "services", no, no, rendered},
	{everywhere, "create", "", "namespaces", no, no, no},
	{everywhere, "create", "", "nodes/proxy", no, no, no},
	{everywhere, "impersonate", "", "users", no, no, no},
	{everywhere, "create", rbac, "clusterroles", no, no, no},
	{everywhere, "create", rbac, "clusterrolebindings", no, no, no},
	{everywhere, "create", admissions, "mutatingwebhookconfigurations", no, no, rendered},
	{everywhere, "update", admissions, "mutatingwebhookconfigurations", no, no, rendered},
	{everywhere, "update", admissions, "validatingwebhookconfigurations", no, no, rendered},
	{everywhere, "update", admissions, "validatingadmissionpolicies", no, no, no},
	{everywhere, "update", admissions, "validatingadmissionpolicybindings", no, no, no},
	{everywhere, "create", "apiextensions.k8s.io", "customresourcedefinitions", no, no, rendered},
	{everywhere, "update", "certificates.k8s.io", "certificatesigningrequests/approval", no, no, rendered},
}
