package v1alpha1

// Mesh says which control plane a tenant uses.
type Mesh string

const (
	// MeshDedicated is the tenant's own control plane.
	MeshDedicated Mesh = "dedicated"
	// MeshShared is the control plane of the cluster administrator, which several
	// tenants share: the tenant's output has no control plane.
	MeshShared Mesh = "shared"
	// MeshHost says that the tenant has the control plane that other tenants share.
	// The tenant belongs to the cluster administrator.
	MeshHost Mesh = "host"
)

// defaultMesh is what a shared mesh is called where nobody says it.
const defaultMesh = "shared"

// MeshName is the name of the tenant's mesh: the name of the tenant that has the
// control plane. If several tenants share it, its revision has the same name.
func (t IstioTenant) MeshName() string {
	if t.Spec.Mesh == MeshShared {
		return t.Spec.ControlPlane.Revision
	}
	return t.Name()
}

// InSharedMesh says whether several tenants share the tenant's mesh.
func (t IstioTenant) InSharedMesh() bool {
	return t.Spec.Mesh == MeshShared || t.Spec.Mesh == MeshHost
}

// defaultControlPlane fills in what a tenant says of its control plane; of one that
// is not the tenant's, only which it is.
func (t *IstioTenant) defaultControlPlane() {
	own := &t.Spec.ControlPlane
	if t.Spec.Mesh == MeshShared {
		setDefault(&own.Revision, defaultMesh)
		setDefault(&own.Namespace, "istio-"+own.Revision)
		return
	}
	setDefault(&own.Namespace, "istio-"+t.Name())
	setDefault(&own.Revision, t.Name())
	setDefault(&own.TrustDomain, t.Name()+".mesh")
	setDefault(&own.AdminAccess, AdminAccessOperate)
	if t.Spec.Mesh == MeshHost {
		setDefault(&t.Spec.Discovery, DiscoverySelectors)
	}
	setDefault(&t.Spec.Discovery, DiscoveryAuto)
}

// checkMesh refuses what a tenant says of a control plane that is not its own, and
// what does not hold for one that several tenants share.
func (p *problems) checkMesh(t IstioTenant) {
	s, own := t.Spec, t.Spec.ControlPlane
	stated := func(path string, is bool, why string) {
		if is {
			p.add(path, `has no effect where spec.mesh is "shared": %s: leave it out`, why)
		}
	}
	switch s.Mesh {
	case MeshShared:
		const ofMesh = "the tenant that has the mesh's control plane sets it for all tenants"
		stated("spec.controlPlane.trustDomain", own.TrustDomain != "", ofMesh)
		stated("spec.controlPlane.extraTokenAudiences", len(own.ExtraTokenAudiences) > 0, ofMesh)
		stated("spec.controlPlane.readNodes", own.ReadNodes != nil, ofMesh)
		stated("spec.controlPlane.revisions", len(own.Revisions) > 0, ofMesh)
		stated("spec.controlPlane.rights", len(own.Rights) > 0, ofMesh)
		stated("spec.controlPlane.adminAccess", own.AdminAccess != "", "the tenant's administrators have no right in the control plane's namespace")
		stated("spec.discovery", s.Discovery != "", "the control plane selects the Namespaces with the label "+MeshLabel)
		if t.Name() == own.Revision {
			p.add("metadata.name", "%q is the mesh's name (spec.controlPlane.revision), and the tenant with the control plane has this name: must be another name", t.Name())
		}
	case MeshHost:
		if len(own.Revisions) > 0 {
			p.add("spec.controlPlane.revisions", `is for control planes that no other tenant uses, and where spec.mesh is "host" several tenants share one: leave it out`)
		}
		if own.Revision != t.Name() {
			p.add("spec.controlPlane.revision", `%q is not the tenant's name, and where spec.mesh is "host" other tenants refer to the mesh by that name: must be %q, or left out`,
				own.Revision, t.Name())
		}
		if s.Discovery != DiscoverySelectors {
			p.add("spec.discovery", `%q selects namespaces by their names, and where spec.mesh is "host" they are selected by the label %s: must be selectors, or left out`,
				s.Discovery, MeshLabel)
		}
		if own.ReadNodes != nil {
			p.add("spec.controlPlane.readNodes", `is for the discovery proxy, and where spec.mesh is "host" the control plane always reads the nodes: leave it out`)
		}
	default:
		return
	}
	if s.Network.Floor != nil && *s.Network.Floor {
		p.add("spec.network.floor", `true is for a tenant with a control plane of its own, and spec.mesh is %q: must be false, or left out`, s.Mesh)
	}
	if s.CreateNamespaces != nil && !*s.CreateNamespaces {
		p.add("spec.createNamespaces", "false leaves the Namespaces to you, and where spec.mesh is %q, admission policies look for what this program writes into them: must be true, or left out", s.Mesh)
	}
}
