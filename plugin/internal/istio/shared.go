package istio

// SharedMeshes are the versions of which several tenants may share a control plane:
// all releases of those before have none, or some have not, of what makes the debug
// endpoints and xDS tell a caller of its own namespace only. Source: istio/istio,
// releasenotes of 1.27.7, 1.28.4 and 1.29.0.
var SharedMeshes = Range{Since: "1.29"}

// What a shared control plane's namespace has, and its tenants' overlays name, with
// placeholders (see [Values]).
const (
	// MemberRole is a ClusterRole with what istiod writes in a tenant's namespace.
	// Nobody has it in the whole cluster.
	MemberRole = "istiod-member-{revision}-{controlPlane}"
	// MemberBinding is the RoleBinding to it.
	MemberBinding = "istiod-member-{revision}"
	// SharedAccount is the ServiceAccount that istiod of a revision runs as.
	SharedAccount = "istiod-{revision}"
	// Partition is the Sidecar that says what a namespace sees.
	Partition = "tenant-partition"
)
