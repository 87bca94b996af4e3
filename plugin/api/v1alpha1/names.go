package v1alpha1

import "strings"

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

	// RevisionLabel is on what a control plane of a base with a revision has for
	// itself, beside what the tenant has; its value is the control plane's revision.
	RevisionLabel = Group + "/revision"
	// UnnamedRevision is how a tenant names the control plane of a base without a
	// revision among several. It is Istio's own name for no revision.
	UnnamedRevision = "default"
)

// BaseNamespaceOf is the namespace that a base of a revision carries:
// "ISTIO_TENANT_NAMESPACE_1-31" of "1-31", and [BaseNamespace] of "". So the bases of
// two control planes have no object in common, and one kustomization lists both.
func BaseNamespaceOf(revision string) string {
	if revision == "" {
		return BaseNamespace
	}
	return BaseNamespace + "_" + revision
}

// BaseRevision is the revision of the base that carries a namespace, "" if it
// states none; no base carries any other than those of [BaseNamespaceOf].
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
