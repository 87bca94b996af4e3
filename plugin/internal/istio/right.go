package istio

import (
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// Place is where a right is granted.
type Place int

const (
	// None: no feature that a tenant has needs it.
	None Place = iota
	// Cluster: the kind has no namespace, and says nothing about another tenant.
	Cluster
	// ClusterByName: the kind has no namespace, and only the tenant's own objects are meant.
	ClusterByName
	// Watched: in the application namespaces if the control plane watches only
	// those, in the cluster if it lists everything and selects afterwards.
	Watched
	// WatchedAndControlPlane: the same, and in the control plane's own namespace.
	WatchedAndControlPlane
	// TenantNamespaces: in all of the tenant's namespaces.
	TenantNamespaces
	// ApplicationNamespaces: in all but the control plane's.
	ApplicationNamespaces
	// ControlPlaneNamespace: in the control plane's.
	ControlPlaneNamespace
	// ClusterException: in the cluster, although it reaches other tenants: the
	// program does not start, or does nothing, without it.
	ClusterException
)

// In says where the right goes that a mode's control plane has, which lists the
// whole cluster or not: Watched, WatchedAndControlPlane and ClusterException
// become one of the others.
func (p Place) In(lists bool) Place {
	switch {
	case p == ClusterException:
		return Cluster
	case p != Watched && p != WatchedAndControlPlane:
		return p
	case lists:
		return Cluster
	case p == WatchedAndControlPlane:
		return TenantNamespaces
	default:
		return ApplicationNamespaces
	}
}

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

// URL says whether a program is given a URL of the API server.
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
