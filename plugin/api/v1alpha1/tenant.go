package v1alpha1

import "slices"

// IstioTenant is one tenant: a control plane, the namespaces of its
// applications, and the people who administer them.
type IstioTenant struct {
	APIVersion string     `json:"apiVersion"`
	Kind       string     `json:"kind"`
	Metadata   Metadata   `json:"metadata"`
	Spec       TenantSpec `json:"spec"`
}

// Metadata is the part of Kubernetes' ObjectMeta that a function's
// configuration uses.
type Metadata struct {
	// Name is a DNS label of at most 40 characters, because it becomes part of other
	// names.
	Name        string            `json:"name"`
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// TenantSpec is the desired state of a tenant.
type TenantSpec struct {
	// Mesh says which control plane the tenant uses. Default: dedicated.
	Mesh         Mesh         `json:"mesh,omitempty"`
	ControlPlane ControlPlane `json:"controlPlane,omitempty"`
	// ApplicationNamespaces are where the tenant's workloads run. Gateways and
	// application objects without a namespace go to the first one. Default: the
	// tenant's name.
	ApplicationNamespaces []string `json:"applicationNamespaces,omitempty"`
	// Discovery is how the control plane is limited to the tenant's namespaces.
	// Default: auto.
	Discovery Discovery `json:"discovery,omitempty"`
	// Admins administer the tenant. At least one.
	Admins []Subject `json:"admins"`
	// Viewers may read what Admins may change.
	Viewers []Subject `json:"viewers,omitempty"`
	Network Network   `json:"network,omitempty"`
	// MTLS is the mesh-wide mode of mutual TLS. Default: STRICT.
	MTLS MTLS `json:"mtls,omitempty"`
	// Quota is a ResourceQuota's spec.hard, applied to each application
	// namespace: resource name to Kubernetes quantity.
	Quota map[string]string `json:"quota,omitempty"`
	// LimitRange is a LimitRange's spec.limits, applied to each application namespace.
	LimitRange []Limit `json:"limitRange,omitempty"`
	// Allowed is what the tenant may use of the cluster.
	Allowed Allowed `json:"allowed,omitempty"`
	// NodeSelector is in the nodeSelector of each Pod of the tenant.
	NodeSelector map[string]string `json:"nodeSelector,omitempty"`
	// Suspended keeps everything as it is, while no subject of the tenant may create
	// or change anything. Default: false.
	Suspended *bool `json:"suspended,omitempty"`
	// NamespaceLabels are added to the tenant's namespaces.
	NamespaceLabels map[string]string `json:"namespaceLabels,omitempty"`
	// CreateNamespaces says whether the output holds the tenant's Namespace
	// objects. Default: true.
	CreateNamespaces *bool `json:"createNamespaces,omitempty"`
	// NamespacedKinds are namespaced kinds, as "Kind.group", that this program does
	// not know. They are refused unless they are listed.
	NamespacedKinds []string `json:"namespacedKinds,omitempty"`
	// AcceptDomainNames are namespaces of the tenant that are accepted although their
	// names are also the last part of host names, such as hr.
	AcceptDomainNames []string `json:"acceptDomainNames,omitempty"`
}

// ControlPlane says where the tenant's Istio runs, and its names.
type ControlPlane struct {
	// Namespace of the control plane. Default: istio-<tenant>.
	Namespace string `json:"namespace,omitempty"`
	// Revision of the control plane. Default: the tenant's name. Control planes
	// older than Istio 1.6 have none.
	Revision string `json:"revision,omitempty"`
	// Revisions are the tenant's control planes, if there are several, or one of a
	// base that states a revision. Each is from a base of its own. The first serves
	// every application namespace that no other one lists. Default: one, of a base
	// without a revision.
	Revisions []Revision `json:"revisions,omitempty"`
	// TrustDomain of the mesh's identities. Default: <tenant>.mesh.
	TrustDomain string `json:"trustDomain,omitempty"`
	// ExtraTokenAudiences are audiences of ServiceAccount tokens that the control
	// plane accepts in addition to the tenant's own: whoever gets a token for one of
	// them and can connect to the control plane joins the mesh. Default: none.
	ExtraTokenAudiences []string `json:"extraTokenAudiences,omitempty"`
	// AdminAccess is what Admins may do in the control plane's namespace.
	// Default: operate.
	AdminAccess AdminAccess `json:"adminAccess,omitempty"`
	// ReadNodes lets a control plane with the discovery proxy read the names,
	// addresses and labels of all nodes of the cluster. It needs them for the locality
	// of endpoints, and for the addresses of gateways by NodePort. Default: false.
	ReadNodes *bool `json:"readNodes,omitempty"`
	// Rights are rights that programs other than istiod need in the tenant's
	// namespaces, and that this release does not know.
	Rights []Right `json:"rights,omitempty"`
}

// Revision is one of a tenant's control planes.
type Revision struct {
	// Name is the revision that the base states, such as "1-31"; [UnnamedRevision] is
	// the base that states none, which comes first.
	Name string `json:"name"`
	// ApplicationNamespaces are those that this control plane serves by its own
	// revision, even if another control plane becomes the first.
	ApplicationNamespaces []string `json:"applicationNamespaces,omitempty"`
}

// Right allows a ServiceAccount of the control plane's namespace, only in the
// tenant's namespaces, what a ClusterRole of the base grants to it.
type Right struct {
	ServiceAccount string `json:"serviceAccount"`
	// APIGroups, Resources and Verbs are as in a rule of RBAC, without wildcards.
	APIGroups []string `json:"apiGroups"`
	Resources []string `json:"resources"`
	Verbs     []string `json:"verbs"`
}

// AdminAccess is what administrators may do in the control plane's namespace.
type AdminAccess string

const (
	// AdminAccessOperate lets administrators read, restart and configure the control
	// plane, but not get its rights.
	AdminAccessOperate AdminAccess = "operate"
	// AdminAccessFull lets administrators change everything in the control plane's
	// namespace except the Namespace itself.
	AdminAccessFull AdminAccess = "full"
)

// Discovery is a way to limit a control plane to the tenant's namespaces.
type Discovery string

const (
	// DiscoveryAuto takes the strictest way that the base, its version and the
	// number of namespaces allow.
	DiscoveryAuto Discovery = "auto"
	// DiscoveryProxy adds the API proxy to the Pod of the control plane. The proxy
	// asks the API server namespace by namespace: any number of namespaces, and the
	// control plane's own. The base states the image: see [APIProxyImageAnnotation].
	DiscoveryProxy Discovery = "proxy"
	// DiscoveryNamespace is istiod's ISTIO_WATCH_NAMESPACE: one namespace.
	DiscoveryNamespace Discovery = "namespace"
	// DiscoverySelectors is the mesh's discoverySelectors: any number of namespaces.
	DiscoverySelectors Discovery = "selectors"
	// DiscoveryAppNamespace is Pilot's --appNamespace, up to Istio 1.10.
	DiscoveryAppNamespace Discovery = "appNamespace"
)

// Subject is an RBAC subject.
type Subject struct {
	// Kind is User, Group or ServiceAccount.
	Kind string `json:"kind"`
	Name string `json:"name"`
	// Namespace of a ServiceAccount; empty for other kinds.
	Namespace string `json:"namespace,omitempty"`
}

// Network says who may connect to the tenant's namespaces.
type Network struct {
	// Policy is isolated (default) or open.
	Policy NetworkPolicy `json:"policy,omitempty"`
	// AllowFrom are namespaces outside the tenant that may connect.
	AllowFrom []string `json:"allowFrom,omitempty"`
	// WithinTenant is whether the tenant's Pods may connect to one another.
	// Default: allow.
	WithinTenant WithinTenant `json:"withinTenant,omitempty"`
	// Floor adds ClusterNetworkPolicies, which deny the connections that Policy
	// isolated does not allow, even if NetworkPolicies of the tenant's administrators
	// allow them. Default: false.
	Floor *bool `json:"floor,omitempty"`
}

// WithinTenant is whether a tenant's Pods accept traffic from one another.
type WithinTenant string

const (
	// WithinTenantAllow allows connections to every Pod from the tenant's namespaces.
	WithinTenantAllow WithinTenant = "allow"
	// WithinTenantDeny allows connections to Pods of application namespaces only from
	// the control plane's namespace; the tenant's own NetworkPolicies can allow more.
	WithinTenantDeny WithinTenant = "deny"
)

// NetworkPolicy is whether a tenant's namespaces accept traffic from outside.
type NetworkPolicy string

const (
	// NetworkIsolated accepts traffic from the tenant's namespaces and AllowFrom.
	NetworkIsolated NetworkPolicy = "isolated"
	// NetworkOpen generates no NetworkPolicy and no AuthorizationPolicy.
	NetworkOpen NetworkPolicy = "open"
)

// MTLS is a mode of mutual TLS.
type MTLS string

const (
	// MTLSStrict accepts mutual TLS only.
	MTLSStrict MTLS = "STRICT"
	// MTLSPermissive accepts plaintext as well.
	MTLSPermissive MTLS = "PERMISSIVE"
	// MTLSNone leaves the mode to the tenant's own PeerAuthentications.
	MTLSNone MTLS = "none"
)

// Default fills in every field that may be left out.
func (t *IstioTenant) Default() {
	name, s := t.Metadata.Name, &t.Spec
	setDefault(&s.Mesh, MeshDedicated)
	t.defaultControlPlane()
	if len(s.ApplicationNamespaces) == 0 {
		s.ApplicationNamespaces = []string{name}
	}
	setDefault(&s.Network.Policy, NetworkIsolated)
	setDefault(&s.Network.WithinTenant, WithinTenantAllow)
	if s.Network.Floor == nil {
		s.Network.Floor = new(bool)
	}
	setDefault(&s.MTLS, MTLSStrict)
	if s.Suspended == nil {
		s.Suspended = new(bool)
	}
	if s.CreateNamespaces == nil {
		create := true
		s.CreateNamespaces = &create
	}
}

func setDefault[T ~string](field *T, value T) {
	if *field == "" {
		*field = value
	}
}

// Name of the tenant.
func (t IstioTenant) Name() string { return t.Metadata.Name }

// TokenAudience is the audience of the ServiceAccount tokens with which Pods prove
// that they belong to the tenant's mesh: "sales.istio-tenancy.dev".
func (t IstioTenant) TokenAudience() string { return t.MeshName() + "." + Group }

// RevisionNamed is the Istio revision of the control plane whose base states a name.
// If spec.controlPlane.revision is "sales", it is "sales-1-31" of "1-31", and "sales"
// of [UnnamedRevision].
func (t IstioTenant) RevisionNamed(name string) string {
	if name == UnnamedRevision {
		return t.Spec.ControlPlane.Revision
	}
	return t.Spec.ControlPlane.Revision + "-" + name
}

// RevisionOf is the value of the label istio.io/rev of an application namespace: the
// revision that lists it, or otherwise spec.controlPlane.revision. If no control
// plane has that revision, it is a revision tag for the first one.
func (t IstioTenant) RevisionOf(namespace string) string {
	for _, r := range t.Spec.ControlPlane.Revisions {
		if slices.Contains(r.ApplicationNamespaces, namespace) {
			return t.RevisionNamed(r.Name)
		}
	}
	return t.Spec.ControlPlane.Revision
}

// Namespaces are all namespaces of the tenant, with the namespace of its own control
// plane first.
func (t IstioTenant) Namespaces() []string {
	if t.Spec.Mesh == MeshShared {
		return slices.Clone(t.Spec.ApplicationNamespaces)
	}
	return append([]string{t.Spec.ControlPlane.Namespace}, t.Spec.ApplicationNamespaces...)
}
