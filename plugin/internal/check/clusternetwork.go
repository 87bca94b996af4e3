package check

import (
	"slices"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// clusterOpening is what a ClusterNetworkPolicy lets into a namespace of a tenant.
type clusterOpening struct {
	o                 *snapshot.Object
	tenant, namespace string
	from              []string // of other tenants
	all               bool     // and everybody else
}

// clusterOpenings calls use for what ClusterNetworkPolicies let into a tenant's namespaces from
// those of others, whatever else the cluster's policies and NetworkPolicies say.
func (e *estate) clusterOpenings(use func(o *snapshot.Object, tenant, namespace string, from []string, all bool)) {
	if e.opened == nil {
		e.opened = e.openedByCluster()
	}
	for _, c := range e.opened {
		use(c.o, c.tenant, c.namespace, c.from, c.all)
	}
}

func (e *estate) openedByCluster() []clusterOpening {
	all := []clusterOpening{}
	if len(e.Of("policy.networking.k8s.io", "ClusterNetworkPolicy")) == 0 {
		return all
	}
	network, err := e.network()
	if err != nil {
		return all // see ways, which says so
	}
	for _, t := range e.Tenants {
		others := e.spaces.all
		for _, namespace := range t.Namespaces {
			for _, opening := range network.ClusterOpens(namespace) {
				c := clusterOpening{o: e.Get(opening.Policy), tenant: t.Name, namespace: namespace, from: opening.From, all: opening.All}
				if c.all {
					c.from = others
				}
				c.from, _ = e.foreign(t.Name, c.from, nil)
				if c.all && len(c.from) == 0 {
					c.from = []string{elsewhere} // which another tenant may get
				}
				c.from = slices.DeleteFunc(c.from, func(from string) bool { return !network.Lets(opening, from, namespace) })
				if len(c.from) > 0 {
					all = append(all, c)
				}
			}
		}
	}
	return all
}
