package v1alpha1

// Mesh is whose control plane a tenant's Istio is.
type Mesh string

const (
	// MeshDedicated is a control plane of the tenant's own.
	MeshDedicated Mesh = "dedicated"
	// MeshShared is the control plane of the cluster administrator, which several
	// tenants share: the tenant's output has none.
	MeshShared Mesh = "shared"
	// MeshHost is the control plane that those tenants share. The tenant is the
	// cluster administrator's own.
	MeshHost Mesh = "host"
)

// defaultMesh is what a shared mesh is called where nobody says it.
const defaultMesh = "shared"

// MeshName is what the tenant's mesh is called: as the tenant that has the control
// plane, whose revision is called the same where several tenants share it.
func (t IstioTenant) MeshName() string {
	if t.Spec.Mesh == MeshShared {
		return t.Spec.ControlPlane.Revision
	}
	return t.Name()
}

// InSharedMesh says whether the tenant's mesh is one of several tenants.
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
			p.add(path, `means nothing where spec.mesh is "shared": %s: leave it out`, why)
		}
	}
	switch s.Mesh {
	case MeshShared:
		const ofMesh = "the tenant that has the mesh's control plane says it for all"
		stated("spec.controlPlane.trustDomain", own.TrustDomain != "", ofMesh)
		stated("spec.controlPlane.extraTokenAudiences", len(own.ExtraTokenAudiences) > 0, ofMesh)
		stated("spec.controlPlane.readNodes", own.ReadNodes != nil, ofMesh)
		stated("spec.controlPlane.revisions", len(own.Revisions) > 0, ofMesh)
		stated("spec.controlPlane.rights", len(own.Rights) > 0, ofMesh)
		stated("spec.controlPlane.adminAccess", own.AdminAccess != "", "the tenant's administrators have no right in the control plane's namespace")
		stated("spec.discovery", s.Discovery != "", "the control plane selects the Namespaces with the label "+MeshLabel)
		if t.Name() == own.Revision {
			p.add("metadata.name", "%q is the mesh's name (spec.controlPlane.revision), which is that of the tenant with the control plane: must be another name", t.Name())
		}
	case MeshHost:
		if len(own.Revisions) > 0 {
			p.add("spec.controlPlane.revisions", `is for one tenant's control planes, and where spec.mesh is "host" several tenants name one by its revision: leave it out`)
		}
		if own.Revision != t.Name() {
			p.add("spec.controlPlane.revision", `%q is not the tenant's name, by which other tenants know the mesh where spec.mesh is "host": must be %q, or left out`,
				own.Revision, t.Name())
		}
		if s.Discovery != DiscoverySelectors {
			p.add("spec.discovery", `%q knows namespaces by their names, and where spec.mesh is "host" they are those with the label %s: must be selectors, or left out`,
				s.Discovery, MeshLabel)
		}
		if own.ReadNodes != nil {
			p.add("spec.controlPlane.readNodes", `is for the discovery proxy, and where spec.mesh is "host" the control plane reads the nodes whatever this says: leave it out`)
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
