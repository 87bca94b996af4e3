package check

import (
	"context"
	"slices"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/netpol"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// clusterOpening is what a ClusterNetworkPolicy lets into a namespace of a tenant, whatever else
// the cluster's policies and NetworkPolicies say.
type clusterOpening struct {
	o                 *snapshot.Object
	rule              any // of its spec.ingress
	tenant, namespace string
	from              []string // of other tenants
	all               bool     // everybody, instead
	// unsure says that there is too much to try, and nothing was found.
	unsure bool
}

// doubt is what a message says if it is unsure.
func (c clusterOpening) doubt() string {
	if c.unsure {
		return ", unless a rule decides before it: there are too many labels and ports to try all"
	}
	return ""
}

// openedByCluster returns what ClusterNetworkPolicies let into the namespaces of tenants.
func (e *estate) openedByCluster(ctx context.Context) (all []clusterOpening) {
	if len(e.Of("policy.networking.k8s.io", "ClusterNetworkPolicy")) == 0 {
		return nil
	}
	network, err := e.network()
	if err != nil {
		return nil // see ways, which says so
	}
	for _, t := range e.Tenants {
		for _, namespace := range t.Namespaces {
			for _, opening := range network.ClusterOpens(namespace) {
				all = append(all, e.openedBy(ctx, network, opening, t.Name, namespace)...)
			}
		}
	}
	return all
}

func (e *estate) openedBy(ctx context.Context, network *netpol.Network, opening netpol.Opening, tenant, namespace string) []clusterOpening {
	c := clusterOpening{o: e.Get(opening.Policy), tenant: tenant, namespace: namespace}
	c.rule = snapshot.List(c.o.Content, "spec", "ingress")[opening.Rule]
	from, lets := opening.From, network.Lets(ctx, opening, namespace)
	if opening.All {
		if in, sure := lets(elsewhere); in { // another tenant may get that namespace
			c.all, c.unsure = true, !sure
			return []clusterOpening{c}
		}
		from = e.spaces.all
	}
	for _, ns := range from {
		if ctx.Err() != nil {
			return nil
		}
		if owners := e.owners[ns]; len(owners) == 0 || slices.Contains(owners, tenant) {
			continue
		}
		if in, sure := lets(ns); in {
			c.from, c.unsure = append(c.from, ns), c.unsure || !sure
		}
	}
	if len(c.from) == 0 {
		return nil
	}
	return []clusterOpening{c}
}
