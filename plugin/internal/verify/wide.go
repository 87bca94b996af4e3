package verify

import (
	"cmp"
	"slices"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/check"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// deciding are groups whose answers decide who may do what.
var deciding = []string{"authentication.k8s.io", "authorization.k8s.io", "certificates.k8s.io"}

// foreignServers finds APIServices that have another server answer requests for kinds of tenants.
func (v *verifier) foreignServers(s *snapshot.Snapshot) {
	for _, o := range s.Of("apiregistration.k8s.io", "APIService") {
		service, group := snapshot.Field(o.Content, "spec", "service"), snapshot.Text(o.Content, "spec", "group")
		if service == nil || v.isRendered(o.ID) || v.isLabelled(o) || !v.hasGroup(group) {
			continue
		}
		v.unexpected(o, "", check.Error, "Service %s/%s answers the requests for %s instead of the API server", snapshot.Text(service, "namespace"), snapshot.Text(service, "name"), group)
	}
}

// foreignConversions finds kinds of which every object goes through a webhook whenever it is read or written.
func (v *verifier) foreignConversions(s *snapshot.Snapshot) {
	for _, o := range s.Of("apiextensions.k8s.io", "CustomResourceDefinition") {
		conversion := snapshot.Field(o.Content, "spec", "conversion")
		if snapshot.Text(conversion, "strategy") != "Webhook" || v.isRendered(o.ID) || v.isLabelled(o) || !v.hasGroup(snapshot.Text(o.Content, "spec", "group")) {
			continue
		}
		to := snapshot.Text(conversion, "webhook", "clientConfig", "url")
		if service := snapshot.Field(conversion, "webhook", "clientConfig", "service"); service != nil {
			to = "Service " + snapshot.Text(service, "namespace") + "/" + snapshot.Text(service, "name")
		}
		v.unexpected(o, "", check.Warning, "its objects are sent to %s, which sees and changes them between two versions", cmp.Or(withoutPassword(to), "a webhook"))
	}
}

// hasGroup says whether tenants, or what keeps them apart, have objects of a group.
func (v *verifier) hasGroup(group string) bool {
	_, ofIstio := istio.Resources[group]
	return ofIstio || slices.Contains(deciding, group) || slices.ContainsFunc(reads, func(r read) bool { return r.group == group }) ||
		slices.ContainsFunc(v.rendered, func(it item) bool { return idOf(it.object).Group == group })
}

// foreignPeers finds policies of the whole cluster that decide about the connections of tenants'
// Pods before, or after, NetworkPolicies do.
func (v *verifier) foreignPeers(s *snapshot.Snapshot) {
	for _, kind := range []string{"ClusterNetworkPolicy", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy"} {
		for _, o := range s.Of("policy.networking.k8s.io", kind) {
			if v.isRendered(o.ID) || v.isLabelled(o) {
				continue
			}
			namespaces := selectedIn(s, snapshot.Field(o.Content, "spec", "subject"), func(ns string) bool { return v.owners[ns] != "" })
			if len(namespaces) == 0 {
				continue
			}
			before := kind == "AdminNetworkPolicy" || kind == "ClusterNetworkPolicy" && snapshot.Text(o.Content, "spec", "tier") == "Admin"
			if before && v.accepts(s, o, namespaces) {
				v.unexpected(o, "", check.Error, "it lets Pods of other namespaces connect to those of %s, which no NetworkPolicy can forbid", some(namespaces))
				continue
			}
			v.unexpected(o, "", check.Warning, "it decides about connections of Pods of %s", some(namespaces))
		}
	}
}

// accepts says whether a policy lets in Pods of namespaces that are not of the same tenant.
func (v *verifier) accepts(s *snapshot.Snapshot, o *snapshot.Object, namespaces []string) bool {
	return slices.ContainsFunc(snapshot.List(o.Content, "spec", "ingress"), func(rule any) bool {
		if action := snapshot.Text(rule, "action"); action != "Accept" && action != "Allow" {
			return false
		}
		return slices.ContainsFunc(snapshot.List(rule, "from"), func(peer any) bool {
			for _, to := range namespaces {
				foreign := selectedIn(s, peer, func(from string) bool { return v.owners[from] != v.owners[to] })
				if len(foreign) > 0 {
					return true
				}
			}
			return false
		})
	})
}

// selectedIn are those of some namespaces that a subject or a peer selects, or Pods of which.
func selectedIn(s *snapshot.Snapshot, peer any, of func(string) bool) (found []string) {
	value := snapshot.Field(peer, "namespaces")
	if value == nil {
		value = snapshot.Field(peer, "pods", "namespaceSelector")
	}
	selector, err := snapshot.Selector(value)
	if value == nil || err != nil {
		return nil
	}
	for _, o := range s.Of("", "Namespace") {
		if of(o.ID.Name) && selector.Matches(namespaceLabels(o)) {
			found = append(found, o.ID.Name)
		}
	}
	slices.Sort(found)
	return found
}
