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
	// Name is a DNS label of at most 40 characters: it becomes part of other names.
	Name        string            `json:"name"`
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// TenantSpec is the desired state of a tenant.
type TenantSpec struct {
	// Mesh is whose control plane the tenant's Istio is. Default: dedicated.
	Mesh         Mesh         `json:"mesh,omitempty"`
	ControlPlane ControlPlane `json:"controlPlane,omitempty"`
	// ApplicationNamespaces are where the tenant's workloads run; the first is
	// where gateways and application objects without a namespace go. Default:
	// the tenant's name.
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
	// Allowed is what of the cluster the tenant may take.
	Allowed Allowed `json:"allowed,omitempty"`
	// NodeSelector is what each Pod of the tenant carries in its own nodeSelector.
	NodeSelector map[string]string `json:"nodeSelector,omitempty"`
	// Suspended keeps everything as it is, while nobody of the tenant may create or
	// change anything. Default: false.
	Suspended *bool `json:"suspended,omitempty"`
	// NamespaceLabels are added to the tenant's namespaces.
	NamespaceLabels map[string]string `json:"namespaceLabels,omitempty"`
	// CreateNamespaces says whether the output holds the tenant's Namespace
	// objects. Default: true.
	CreateNamespaces *bool `json:"createNamespaces,omitempty"`
	// NamespacedKinds are kinds of CustomResourceDefinitions that have a
	// namespace, as "Kind.group": those that are not known otherwise, which are
	// refused unless they are listed.
	NamespacedKinds []string `json:"namespacedKinds,omitempty"`
	// AcceptDomainNames are those of the tenant's namespaces that are called as
	// names of hosts end, such as hr, and shall be all the same.
	AcceptDomainNames []string `json:"acceptDomainNames,omitempty"`
}

// ControlPlane says where the tenant's Istio runs and what it is called.
type ControlPlane struct {
	// Namespace of the control plane. Default: istio-<tenant>.
	Namespace string `json:"namespace,omitempty"`
	// Revision of the control plane. Default: the tenant's name. Control planes
	// older than Istio 1.6 have none.
	Revision string `json:"revision,omitempty"`
	// Revisions are the control planes of the tenant where there are several, or one
	// of a base that states a revision. Each is of a base of its own. The first serves
	// every application namespace that no other lists. Default: one, of a base without
	// a revision.
	Revisions []Revision `json:"revisions,omitempty"`
	// TrustDomain of the mesh's identities. Default: <tenant>.mesh.
	TrustDomain string `json:"trustDomain,omitempty"`
	// ExtraTokenAudiences are audiences of ServiceAccount tokens that the control
	// plane takes beside the tenant's own: for each, whoever gets a token of it and
	// reaches the control plane joins the mesh. Default: none.
	ExtraTokenAudiences []string `json:"extraTokenAudiences,omitempty"`
	// AdminAccess is what Admins may do in the control plane's namespace.
	// Default: operate.
	AdminAccess AdminAccess `json:"adminAccess,omitempty"`
	// ReadNodes lets a control plane read the cluster's nodes that would not
	// otherwise, with the discovery proxy: names, addresses and labels of all of
	// them. They tell the locality of endpoints, and the addresses of gateways by
	// NodePort. Default: false.
	ReadNodes *bool `json:"readNodes,omitempty"`
	// Rights are what programs beside istiod need in the tenant's namespaces,
	// beyond what this release knows of them.
	Rights []Right `json:"rights,omitempty"`
}

// Revision is one of a tenant's control planes.
type Revision struct {
	// Name is what the base states, such as "1-31"; [UnnamedRevision] is the base
	// that states none, which comes first.
	Name string `json:"name"`
	// ApplicationNamespaces are those that this control plane serves by its own revision,
	// whichever is the first.
	ApplicationNamespaces []string `json:"applicationNamespaces,omitempty"`
}

// Right allows a ServiceAccount of the control plane's namespace what a
// ClusterRole of the base gives it, in the tenant's namespaces and nowhere else.
type Right struct {
	ServiceAccount string `json:"serviceAccount"`
	// APIGroups, Resources and Verbs are as in a rule of RBAC, without wildcards.
	APIGroups []string `json:"apiGroups"`
	Resources []string `json:"resources"`
	Verbs     []string `json:"verbs"`
}

// AdminAccess is how far administrators reach into the control plane's namespace.
type AdminAccess string

const (
	// AdminAccessOperate lets administrators read, restart and configure the
	// control plane, and never become it.
	AdminAccessOperate AdminAccess = "operate"
	// AdminAccessFull lets administrators change everything in the control
	// plane's namespace but the Namespace itself.
	AdminAccessFull AdminAccess = "full"
)

// Discovery is a way to say "watch only my namespaces" to a control plane.
type Discovery string

const (
	// DiscoveryAuto takes the strictest way that the base, its version and the
	// number of namespaces allow.
	DiscoveryAuto Discovery = "auto"
	// DiscoveryProxy puts the API proxy beside the control plane, which asks the
	// API server namespace by namespace: any number of namespaces, and the control
	// plane's own. The base states the image: see [APIProxyImageAnnotation].
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
	// Floor adds ClusterNetworkPolicies, which deny what Policy isolated does
	// not let in whatever NetworkPolicies the tenant's administrators write.
	// Default: false.
	Floor *bool `json:"floor,omitempty"`
}

// WithinTenant is whether a tenant's Pods accept traffic from one another.
type WithinTenant string

const (
	// WithinTenantAllow opens every Pod to the tenant's namespaces.
	WithinTenantAllow WithinTenant = "allow"
	// WithinTenantDeny opens Pods of application namespaces to the control
	// plane's namespace only; the tenant's own NetworkPolicies open more.
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

// TokenAudience is the audience of the ServiceAccount tokens by which Pods prove
// that they are of the tenant's mesh: "sales.istio-tenancy.dev".
func (t IstioTenant) TokenAudience() string { return t.MeshName() + "." + Group }

// RevisionNamed is the Istio revision of the control plane whose base states a
// name: "sales-1-31" of "1-31", and "sales" of [UnnamedRevision], where
// spec.controlPlane.revision is "sales".
func (t IstioTenant) RevisionNamed(name string) string {
	if name == UnnamedRevision {
		return t.Spec.ControlPlane.Revision
	}
	return t.Spec.ControlPlane.Revision + "-" + name
}

// RevisionOf is the value of the label istio.io/rev of an application namespace: the
// revision that lists it, or else spec.controlPlane.revision, which is a tag that
// leads to the first of the control planes, if none is called so itself.
func (t IstioTenant) RevisionOf(namespace string) string {
	for _, r := range t.Spec.ControlPlane.Revisions {
		if slices.Contains(r.ApplicationNamespaces, namespace) {
			return t.RevisionNamed(r.Name)
		}
	}
	return t.Spec.ControlPlane.Revision
}

// Namespaces are all namespaces of the tenant, that of its own control plane first.
func (t IstioTenant) Namespaces() []string {
	if t.Spec.Mesh == MeshShared {
		return slices.Clone(t.Spec.ApplicationNamespaces)
	}
	return append([]string{t.Spec.ControlPlane.Namespace}, t.Spec.ApplicationNamespaces...)
}
