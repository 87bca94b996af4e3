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
	// SuspendedLabel is on the Namespaces of a tenant that is suspended, with the
	// value "true", and ControlPlaneAnnotation says there which is the control plane's.
	SuspendedLabel         = Group + "/suspended"
	ControlPlaneAnnotation = Group + "/control-plane"
	// These are on Namespaces of tenants whose file says so, both as labels with the
	// value "true", by which the admission policies select, and as annotations with
	// what is allowed or wanted, separated by commas.
	AllowedRegistries      = Group + "/allowed-registries"
	AllowedStorageClasses  = Group + "/allowed-storageclasses"
	AllowedPriorityClasses = Group + "/allowed-priorityclasses"
	AllowedIngressClasses  = Group + "/allowed-ingressclasses"
	AllowedRuntimeClasses  = Group + "/allowed-runtimeclasses"
	NodeSelector           = Group + "/node-selector"
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
