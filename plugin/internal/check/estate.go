package check

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/netpol"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/setting"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// estate is a snapshot, indexed for the rules.
type estate struct {
	*snapshot.Reading
	// owners are the tenants of a namespace: one, or there is a finding.
	owners  map[string][]string
	tenants map[string]*tenant
	spaces  spaces
	// in are the objects in a namespace, by namespace and kind, of the kinds of lookedUp.
	in map[[2]string][]*snapshot.Object
	// planesOf are the control planes of a tenant, by its name; "": of no tenant.
	planesOf map[string][]snapshot.Plane
	// asks are the namespaces that a tenant, or a namespace of it, wants to let in.
	asks map[[2]string]string
	// called are the Services that webhooks call; nil: nobody has asked yet.
	called map[[2]string]bool
	who    map[subject]roles // see people
	opened []clusterOpening  // see openedByCluster
	// network evaluates the policies of all namespaces, or says why nothing can.
	network func() (*netpol.Network, error)
	rights  *authorize.Authorizer
	// podLabels are those of the workloads of a mesh; nil: nobody has asked yet.
	podLabels map[string][]map[string]string
	writers   *writers // nil: nobody has searched who may write what
	// unknown says of a control plane which of its variables come from where nobody has looked.
	unknown map[*snapshot.Object]setting.Unknown
}

// tenant is what is known of a tenant.
type tenant struct {
	snapshot.Tenant
	config *snapshot.Config // nil: nobody has read its file
	mesh   string           // that it shares with others; "": none
	// partial says that the tenant's applications alone are here, and what is around
	// them is in another overlay: what is missing here may be there.
	partial bool
}

// newEstate also returns what of the rights could not be read.
func newEstate(r *snapshot.Reading) (*estate, error) {
	rights, err := authorize.New(r.Snapshot)
	e := &estate{Reading: r, rights: rights, owners: map[string][]string{}, tenants: map[string]*tenant{}, in: map[[2]string][]*snapshot.Object{},
		planesOf: map[string][]snapshot.Plane{}, asks: map[[2]string]string{}, unknown: map[*snapshot.Object]setting.Unknown{}}
	e.network = sync.OnceValues(func() (*netpol.Network, error) { return netpol.New(r.Snapshot) })
	e.setPlanes()
	for _, t := range r.Tenants {
		e.tenants[t.Name] = &tenant{Tenant: t, partial: true}
		for _, ns := range t.Namespaces {
			e.owners[ns] = append(e.owners[ns], t.Name)
		}
	}
	for i, c := range r.Configs {
		t := e.tenants[c.Name()]
		if t.config == nil {
			t.config = &r.Configs[i]
		}
		if c.InSharedMesh() {
			t.mesh = c.MeshName()
		}
		for j, ns := range c.Spec.Network.AllowFrom {
			e.asks[[2]string{c.Name(), ns}] = c.File + ": " + object.Index("spec.network.allowFrom", j)
		}
	}
	for _, o := range r.Of("", "Namespace") {
		labels := o.Labels()
		if t := e.tenants[e.tenantOf(o)]; t != nil {
			if t.config != nil { // whose file says it
				continue
			}
			t.mesh = cmp.Or(t.mesh, labels[v1alpha1.MeshLabel])
			for ns := range strings.SplitSeq(o.Annotations()[v1alpha1.AllowFromAnnotation], ",") {
				if key := [2]string{t.Name, ns}; ns != "" && e.asks[key] == "" {
					e.asks[key] = o.ID.String() + ": metadata.annotations[" + v1alpha1.AllowFromAnnotation + "]"
				}
			}
		}
	}
	for _, o := range r.Objects {
		if t := e.tenants[e.tenantOf(o)]; t != nil && !isApart(o) {
			t.partial = false
		}
		if o.ID.Namespace != "" && r.Get(o.ID) == o && slices.Contains(lookedUp[o.ID.Kind], o.ID.Group) {
			key := [2]string{o.ID.Namespace, o.ID.Kind}
			e.in[key] = append(e.in[key], o)
		}
	}
	for _, p := range e.Planes {
		of := e.tenantOf(p.Object)
		e.planesOf[of] = append(e.planesOf[of], p)
	}
	e.spaces = e.newSpaces()
	return e, err
}

// lookedUp are the kinds that rules look up in a namespace, and their groups. Other projects
// have kinds with the same names, such as the NetworkPolicy of Calico.
var lookedUp = map[string][]string{
	"AuthorizationPolicy": {security}, "ConfigMap": {""}, "Deployment": {"apps", "extensions"}, "NetworkPolicy": {networking, "extensions"},
	"PeerAuthentication": {security}, "Policy": {"authentication.istio.io"}, "RoleBinding": {"rbac.authorization.k8s.io"}, "Service": {""}, "ServiceAccount": {""},
}

// isApart says whether an object is of an overlay with a tenant's applications alone.
func isApart(o *snapshot.Object) bool {
	return snapshot.Text(o.Content, "metadata", "labels", v1alpha1.PartLabel) == string(v1alpha1.PartApplications)
}

// owner is the tenant of a namespace, or "".
func (e *estate) owner(namespace string) string {
	if owners := e.owners[namespace]; len(owners) > 0 {
		return owners[0]
	}
	return ""
}

// isOf says whether a namespace is a tenant's.
func (e *estate) isOf(tenant, namespace string) bool {
	return slices.Contains(e.owners[namespace], tenant)
}

// tenantOf is the tenant of an object: by the overlay that gives it, or by its label, or by
// where it is, or by what it calls.
func (e *estate) tenantOf(o *snapshot.Object) string {
	if tenant := o.Tenant(); tenant != "" {
		return tenant
	}
	switch {
	case o.ID.Namespace != "":
		return e.owner(o.ID.Namespace)
	case o.ID.Kind == "Namespace":
		return e.owner(o.ID.Name)
	}
	for _, w := range snapshot.List(o.Content, "webhooks") {
		if tenant := e.owner(snapshot.Text(w, "clientConfig", "service", "namespace")); tenant != "" {
			return tenant
		}
	}
	return ""
}

// hosts says whether a tenant has the control plane of another: its own, too. A shared mesh
// is called as the tenant that has its control plane, which says itself that it shares it.
func (e *estate) hosts(a, b string) bool {
	host, member := e.tenants[a], e.tenants[b]
	return a == b || host != nil && member != nil && host.ControlPlane != "" && host.mesh == a && member.mesh == a
}

// root is the namespace of the control plane that serves a tenant, or "".
func (e *estate) root(t *tenant) string {
	if t.ControlPlane != "" || t.mesh == "" {
		return t.ControlPlane
	}
	if e.hosts(t.mesh, t.Name) {
		return e.tenants[t.mesh].ControlPlane
	}
	return ""
}

// most is how many namespaces of others a finding looks for: where it is everybody, they
// are not all named, or as many findings would each name as many tenants.
const most = 50

// foreign are those of some namespaces that are another tenant's, but for tenants of which
// but is true; no more than one over most.
func (e *estate) foreign(tenant string, namespaces []string, but func(owner string) bool) (found, tenants []string) {
	for _, ns := range namespaces {
		owners := e.owners[ns]
		if len(owners) == 0 || slices.Contains(owners, tenant) || but != nil && slices.ContainsFunc(owners, but) {
			continue
		}
		found, tenants = append(found, ns), append(tenants, owners...)
		if len(found) > most {
			break
		}
	}
	return found, distinct(tenants)
}

// about tells findings about namespaces apart, those of everybody by nothing: they stay
// the same where a tenant comes.
func about(namespaces []string) string {
	if len(namespaces) > most {
		return "everybody"
	}
	return strings.Join(namespaces, " ")
}

// served says which tenants a tenant's control plane serves.
func (e *estate) served(by string) func(owner string) bool {
	return func(owner string) bool { return e.hosts(by, owner) }
}

// spec is that of a tenant's file, or the zero value.
func (t *tenant) spec() v1alpha1.TenantSpec {
	if t == nil || t.config == nil {
		return v1alpha1.TenantSpec{}
	}
	return t.config.Spec
}

// applications are a tenant's namespaces without that of its control plane.
func (t *tenant) applications() []string {
	return slices.DeleteFunc(slices.Clone(t.Namespaces), func(ns string) bool { return ns == t.ControlPlane })
}
