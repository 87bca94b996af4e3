package v1alpha1

const (
	// Group is the API group of both kinds.
	Group = "istio-tenancy.dev"
	// APIVersion is the apiVersion of both kinds.
	APIVersion = Group + "/v1alpha1"

	// TenantLabel is on every object that a tenant owns; its value is the tenant's name.
	TenantLabel = Group + "/tenant"
	// AdoptAnnotation is on a Namespace that a tenant takes over as it is. The
	// cluster administrator writes it, having looked at what is in the Namespace.
	AdoptAnnotation = Group + "/adopt"
	// InjectionLabel is on a Namespace whose Pods the control plane injects only if
	// they ask for it, with the value InjectionOnRequest: the admission policy that
	// refuses Pods without their proxy leaves the others alone.
	InjectionLabel     = Group + "/injection"
	InjectionOnRequest = "on-request"
	// MeshLabel is on the Namespaces of tenants that share a control plane, and of the
	// one that has it; its value is the mesh's name. That control plane discovers,
	// injects and validates what has it, and nothing else.
	MeshLabel = Group + "/mesh"
	// NamespacesAnnotation and AllowFromAnnotation, on those Namespaces, list the
	// tenant's namespaces and those of others that may connect, with commas between them:
	// the admission policies read there what a tenant is.
	NamespacesAnnotation = Group + "/namespaces"
	AllowFromAnnotation  = Group + "/allow-from"
	// PartLabel says which part of Istio an object of a base belongs to, where its
	// own labels do not: IstioRelease writes it on gateways. On what a build of
	// applications alone prints, its value is PartApplications.
	PartLabel = Group + "/part"

	// APIProxyImageAnnotation, on the Deployment of a base's control plane, is the
	// image of this program that runs beside it where a tenant's discovery is
	// proxy. An IstioRelease writes it, and so does split.
	APIProxyImageAnnotation = Group + "/api-proxy-image"

	// BaseNamespace is the namespace that a base carries. It is no valid
	// namespace name, so that an API server refuses a base that no transformer
	// has laid a tenant over.
	BaseNamespace = "ISTIO_TENANT_NAMESPACE"
)
