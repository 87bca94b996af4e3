package v1alpha1

import "strings"

const (
	// Group is the API group of both kinds.
	Group = "istio-tenancy.dev"
	// APIVersion is the apiVersion of both kinds.
	APIVersion = Group + "/v1alpha1"

	// TenantLabel is on every object that a tenant owns; its value is the tenant's name.
	TenantLabel = Group + "/tenant"
	// AdoptAnnotation is on a Namespace that a tenant takes over as it is. The cluster
	// administrator sets it after checking what is in the Namespace.
	AdoptAnnotation = Group + "/adopt"
	// InjectionLabel is on a Namespace whose Pods the control plane injects only if
	// they ask for it. Its value is InjectionOnRequest. The admission policy that
	// refuses Pods without their proxy ignores the other Pods.
	InjectionLabel     = Group + "/injection"
	InjectionOnRequest = "on-request"
	// SuspendedLabel is on the Namespaces of a suspended tenant, with the value
	// "true". ControlPlaneAnnotation names the control plane's Namespace there.
	SuspendedLabel         = Group + "/suspended"
	ControlPlaneAnnotation = Group + "/control-plane"
	// These are on the Namespaces of tenants whose file sets them: as labels with the
	// value "true", by which the admission policies select, and as annotations with
	// the allowed or required values, separated by commas.
	AllowedRegistries      = Group + "/allowed-registries"
	AllowedStorageClasses  = Group + "/allowed-storageclasses"
	AllowedPriorityClasses = Group + "/allowed-priorityclasses"
	AllowedIngressClasses  = Group + "/allowed-ingressclasses"
	AllowedRuntimeClasses  = Group + "/allowed-runtimeclasses"
	NodeSelector           = Group + "/node-selector"
	// MeshLabel is on the Namespaces of tenants that share a control plane, and of the
	// tenant that has it; its value is the mesh's name. That control plane discovers,
	// injects and validates only in Namespaces with the label.
	MeshLabel = Group + "/mesh"
	// NamespacesAnnotation and AllowFromAnnotation, on those Namespaces, list the
	// tenant's namespaces and other namespaces that may connect, separated by commas.
	// The admission policies read there which namespaces belong to a tenant.
	NamespacesAnnotation = Group + "/namespaces"
	AllowFromAnnotation  = Group + "/allow-from"
	// PartLabel says which part of Istio an object of a base belongs to, if the
	// object's own labels do not: IstioRelease sets it on gateways. In the output of a
	// build of applications only, its value is PartApplications.
	PartLabel = Group + "/part"

	// APIProxyImageAnnotation, on the Deployment of a base's control plane, is the
	// image of the API proxy, which runs in the control plane's Pod if a tenant's
	// discovery is proxy. An IstioRelease writes it, and so does split.
	APIProxyImageAnnotation = Group + "/api-proxy-image"

	// BaseNamespace is the namespace in the objects of a base. It is not a valid name
	// of a namespace, so that an API server refuses a base over which no transformer
	// has laid a tenant.
	BaseNamespace = "ISTIO_TENANT_NAMESPACE"

	// RevisionLabel is on the objects that belong to one control plane of a base with
	// a revision, and not to the whole tenant; its value is the control plane's
	// revision.
	RevisionLabel = Group + "/revision"
	// UnnamedRevision is the name with which a tenant that has several control planes
	// refers to the one of a base without a revision. Istio itself uses this name if
	// there is no revision.
	UnnamedRevision = "default"
)

// BaseNamespaceOf is the namespace in a base of a revision:
// "ISTIO_TENANT_NAMESPACE_1-31" of "1-31", and [BaseNamespace] of "". So the bases of
// two control planes have no object in common, and one kustomization can list both.
func BaseNamespaceOf(revision string) string {
	if revision == "" {
		return BaseNamespace
	}
	return BaseNamespace + "_" + revision
}

// BaseRevision is the revision of the base that has a namespace, "" if it states
// none; a base has only namespaces of [BaseNamespaceOf].
func BaseRevision(namespace string) (revision string, ofBase bool) {
	if namespace == BaseNamespace {
		return "", true
	}
	if revision, ofBase = strings.CutPrefix(namespace, BaseNamespace+"_"); !ofBase {
		return "", false
	}
	return revision, true
}

// IsBaseRevision says whether a base may state a revision of this name: a DNS label of
// at most 40 characters, and not [UnnamedRevision].
func IsBaseRevision(name string) bool {
	return len(name) <= 40 && name != UnnamedRevision && !strings.Contains(name, ".") && dnsSubdomain(name)
}
