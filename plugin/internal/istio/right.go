package istio

import (
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// Place is where a right is granted.
type Place int

const (
	// None: no feature of a tenant needs it.
	None Place = iota
	// Cluster: the kind has no namespace, and gives no information about another
	// tenant.
	Cluster
	// ClusterByName: the kind has no namespace, and the right is for the tenant's own
	// objects only.
	ClusterByName
	// ClusterOwn: as ClusterByName, for objects that only the tenant reads.
	ClusterOwn
	// ClusterOrByName: as ClusterByName where the control plane asks for its own
	// objects by name, and as Cluster where it lists all.
	ClusterOrByName
	// ClusterNodes: as Cluster, where the control plane lists the nodes.
	ClusterNodes
	// Watched: in the namespaces that the control plane watches, or in the cluster
	// if it lists everything and selects afterwards.
	Watched
	// WatchedAndControlPlane: the same, and in the control plane's own namespace.
	WatchedAndControlPlane
	// WatchedOfTenant: in the namespaces that the control plane watches, even if it
	// lists everything: it writes there alone.
	WatchedOfTenant
	// TenantNamespaces: in all of the tenant's namespaces.
	TenantNamespaces
	// ApplicationNamespaces: in all but the control plane's.
	ApplicationNamespaces
	// ControlPlaneNamespace: in the control plane's.
	ControlPlaneNamespace
	// ListedException: in the tenant's namespaces, if the program reads through the
	// API proxy, which asks for each; otherwise as ClusterException.
	ListedException
	// ClusterException: in the cluster, although it reaches other tenants: the
	// program does not start, or does nothing, without it.
	ClusterException
)

// In returns where the right goes in a mode: places that depend on how the control
// plane reads are replaced by the place in that mode.
func (p Place) In(m Mode) Place {
	own := ApplicationNamespaces
	if m.OwnNamespace {
		own = TenantNamespaces
	}
	switch {
	case p == ListedException && m.Proxied:
		return TenantNamespaces
	case p == ListedException, p == ClusterException:
		return Cluster
	case p == ClusterOrByName && m.Proxied:
		return ClusterByName
	case p == ClusterOrByName || p == ClusterNodes && m.Nodes:
		return Cluster
	case p == ClusterNodes:
		return None
	case p == WatchedOfTenant:
		return own
	case p != Watched && p != WatchedAndControlPlane:
		return p
	case m.Lists:
		return Cluster
	case p == WatchedAndControlPlane:
		return TenantNamespaces
	}
	return own
}

// OfNobody says whether a right in the cluster's rules that the place gives says
// nothing about another tenant.
func (p Place) OfNobody() bool {
	return p == Cluster || p == ClusterOwn || p == ClusterOrByName || p == ClusterNodes
}

// ByName says whether a right that the place gives is to the tenant's own objects
// of a kind without a namespace.
func (p Place) ByName() bool { return p == ClusterByName || p == ClusterOwn }

// Right says where the rights on some resources go.
type Right struct {
	Range
	Groups []string
	// Resources: "*" stands for any, and for the rule that says "*"; "*/status"
	// for any status.
	Resources []string
	// Read is for get, list and watch; Write for all other verbs.
	Read, Write Place
	// Verbs are those of Write that are needed; none is all.
	Verbs []string
	Why   string
}

// Fits says whether the row is about a resource.
func (r Right) Fits(group, resource string) bool {
	return slices.Contains(r.Groups, group) &&
		(slices.Contains(r.Resources, resource) || slices.Contains(r.Resources, "*") ||
			strings.HasSuffix(resource, "/status") && slices.Contains(r.Resources, "*/status"))
}

// RightsIn are the rows of a component that hold for a version.
func (c Component) RightsIn(v *semver.Version) []Right {
	return slices.DeleteFunc(slices.Clone(c.Rights), func(r Right) bool { return !r.Holds(v) })
}

// URL says whether a program gets a right to a URL of the API server.
type URL struct {
	Path  string
	Given bool
	Why   string
}

// publicURLs are those that every cluster gives to everybody who has logged in,
// by the ClusterRoles system:discovery and system:public-info-viewer.
var publicURLs = []string{
	"/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz", "/version", "/version/",
}

// URLOf returns a program's row for a URL, or what is everybody's.
func URLOf(c Component, path string) (URL, bool) {
	for _, u := range c.URLs {
		if u.Path == path {
			return u, true
		}
	}
	return URL{Path: path, Given: true, Why: "everybody has it"}, slices.Contains(publicURLs, path)
}
