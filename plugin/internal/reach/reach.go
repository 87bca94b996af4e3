// Package reach finds which other identities a tenant's people and programs can use, and
// whether these have rights outside of the tenant. For each identity it reads what RBAC
// grants, takes each step that a grant makes possible, such as a Pod that runs as another
// ServiceAccount, asks the admission policies whether they allow it, and continues from there:
//
//	User sales-admin
//	  creates a token of ServiceAccount istio-system1/istiod     by RoleBinding istio-system1/access-all-istio-system1
//	  ServiceAccount istio-system1/istiod
//	  may list Secrets in every namespace                        by ClusterRoleBinding istiod-istio-system1
//
// A path has each request that an API server would have to allow, so that it can be tried
// on one.
package reach

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/netpol"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/workers"
)

// Identity is who acts: a User, a Group or a ServiceAccount, which has a namespace.
type Identity struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
}

// String is "User sales-admin" or "ServiceAccount ns-1/default".
func (i Identity) String() string {
	if i.Namespace == "" {
		return i.Kind + " " + i.Name
	}
	return i.Kind + " " + i.Namespace + "/" + i.Name
}

func (i Identity) subject() authorize.Subject {
	return authorize.SubjectOf(rbacv1.Subject{Kind: i.Kind, Namespace: i.Namespace, Name: i.Name}, i.Namespace)
}

func account(namespace, name string) Identity {
	return Identity{rbacv1.ServiceAccountKind, namespace, name}
}

// Request is a request to the API server, and the grant that allows it.
type Request struct {
	Verb        string `json:"verb"`
	Group       string `json:"group,omitempty"`
	Version     string `json:"version,omitempty"`
	Resource    string `json:"resource"`
	Subresource string `json:"subresource,omitempty"`
	Namespace   string `json:"namespace,omitempty"`
	Name        string `json:"name,omitempty"`
	// Path is a URL that is no resource; with it, what is of a resource is not there.
	Path string `json:"path,omitempty"`
	// Object is what is sent; nil, if nothing is sent.
	Object map[string]any  `json:"object,omitempty"`
	By     authorize.Grant `json:"-"`
	// twin is Object without what the hop is about; nil: there is none.
	twin map[string]any
}

// Hop is a step of a path.
type Hop struct {
	Kind Kind     `json:"kind"`
	As   Identity `json:"as"`
	// Text says what As does, without a subject: "creates a Pod in ns-1 that runs as ...".
	Text     string    `json:"text"`
	Requests []Request `json:"requests"`
	// Becomes is the identity that the hop gives; nil at the end of a path.
	Becomes *Identity `json:"becomes,omitempty"`
	// With is what As does with the rights that it gives itself by a hop Bind or
	// Escalate.
	With Kind `json:"with,omitempty"`
	// Rights are the rights of an end, sorted, each by itself: "get secrets x".
	Rights []string `json:"-"`
	// Beyond says that of a right in the whole cluster, not all is of namespaces.
	Beyond bool `json:"-"`
}

// By is the grant without which there would be no hop: that of the right to get more rights,
// if it has one.
func (h Hop) By() authorize.Grant {
	for _, r := range h.Requests {
		if r.Verb == "bind" || r.Verb == "escalate" {
			return r.By
		}
	}
	return h.Requests[0].By
}

// Path is a way out of a tenant. Without a tenant, it is a way of clients without a
// token.
type Path struct {
	Tenant string `json:"tenant"`
	Hops   []Hop  `json:"hops"`
	// Others are further identities with a way to the same end, sorted, but for those whom the hops lead to.
	Others []Identity `json:"others,omitempty"`
	// Namespace is the foreign one that it leads to; "": the whole cluster.
	Namespace string `json:"namespace,omitempty"`
	// Tenants are those whose namespace that is; none, of the whole cluster, and of a
	// namespace that is no tenant's.
	Tenants []string `json:"tenants,omitempty"`
	// Host: it is a right of the tenant's control plane in a namespace that its mesh has
	// from another tenant, which the cluster administrator has given to it.
	Host bool `json:"host,omitempty"`
}

// Who are all that have the way: whoever begins it, those whom it leads to, and others.
func (p Path) Who() []Identity {
	all := slices.Clone(p.Others)
	for _, h := range p.Hops {
		all = append(all, h.As)
	}
	return all
}

// Admission says which of the cluster's policies refuses a request, and by which
// expression.
type Admission interface {
	Refusals(ctx context.Context, as authorize.Subject, r Request) ([]string, error)
}

// Model is the input of the search in a snapshot.
type Model struct {
	*snapshot.Snapshot
	// Planes are the control planes among the objects.
	Planes []snapshot.Plane
	Rights *authorize.Authorizer
	// Admission may be nil: then nothing is refused.
	Admission Admission
	// People are the subjects in the files of tenants, by tenant, as far as the files
	// were read.
	People map[string]People
	// Network may be nil: then every connection is allowed.
	Network *netpol.Network
}

// People are those whom a tenant's file names.
type People struct{ Admins, Viewers []Identity }

// anonymous is whoever has no token. Every Pod can be that: it need not send the one it has.
var anonymous = Identity{Kind: rbacv1.GroupKind, Name: "system:unauthenticated"}

// Find returns the ways out of each tenant, the shortest to each right that is not the
// tenant's, those of one tenant after those of another. Where a person and a program have
// a way to the same, it is the person's, and the program is among the others. Reached are all
// identities that the people and programs of any tenant are, or can become; of ServiceAccounts
// of a namespace that no binding names, it may be one.
func Find(ctx context.Context, m Model) (paths []Path, reached []Identity, err error) {
	c := newCluster(m)
	searches, failed := make([]*search, len(m.Tenants)), make([]error, len(m.Tenants))
	workers.OnAllCores(len(searches), func(i int) {
		people, programs := c.actorsOf(m.Tenants[i])
		searches[i], failed[i] = c.leave(ctx, m.Tenants[i], people, programs)
	})
	if len(m.Tenants) > 0 {
		s, err := c.leave(ctx, snapshot.Tenant{}, []Identity{anonymous})
		searches, failed = append(searches, s), append(failed, err)
	}
	if err := errors.Join(failed...); err != nil {
		return nil, nil, err
	}
	all := map[Identity]bool{}
	for _, s := range searches {
		paths = append(paths, s.paths...)
		for who := range s.visits {
			all[who] = true
		}
	}
	return paths, slices.SortedFunc(maps.Keys(all), compare), nil
}

// leave searches the ways out of a tenant. People are searched before programs, whose ways
// are told only where people have none.
func (c *cluster) leave(ctx context.Context, t snapshot.Tenant, actors ...[]Identity) (*search, error) {
	s := &search{cluster: c, tenant: t, ctx: ctx, actors: actors, visits: map[Identity]*visit{}, told: map[end]told{}}
	for i, group := range actors {
		for _, who := range group {
			if err := s.from(who, i); err != nil {
				return nil, err
			}
		}
	}
	for i := range s.paths {
		p := &s.paths[i]
		p.Others = slices.DeleteFunc(p.Others, func(who Identity) bool { // the way tells of them
			return slices.ContainsFunc(p.Hops, func(h Hop) bool { return h.As == who })
		})
		slices.SortFunc(p.Others, compare)
	}
	return s, nil
}

// compare puts identities in order.
func compare(a, b Identity) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}

// actorsOf are the people of a tenant, and its programs: whoever a binding in the tenant's
// namespaces, or with its label, names, and every ServiceAccount there. A ServiceAccount in a namespace of
// another tenant is that one's.
func (c *cluster) actorsOf(t snapshot.Tenant) (people, programs []Identity) {
	met := map[Identity]bool{}
	add := func(list *[]Identity, who Identity) {
		if !met[who] {
			met[who] = true
			*list = append(*list, who)
		}
	}
	bound := c.labelled[t.Name]
	for _, namespace := range t.Namespaces {
		bound = append(slices.Clip(bound), c.bound[namespace]...)
	}
	for _, who := range bound {
		switch {
		case who == anonymous || who.Name == "system:anonymous": // who is searched once
		case who.Kind != rbacv1.ServiceAccountKind:
			add(&people, who)
		case len(c.owners[who.Namespace]) == 0:
			add(&people, who) // a tool outside of all tenants that acts for this one
		}
	}
	for _, namespace := range t.Namespaces {
		for _, name := range c.accounts[namespace] {
			add(&programs, account(namespace, name))
		}
	}
	slices.SortFunc(people, compare)
	slices.SortFunc(programs, compare)
	return people, programs
}
