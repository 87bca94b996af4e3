package isolate

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// FloorTier is the tier of a floor's policies, and FloorGroup the group of their kind,
// ClusterNetworkPolicy.
const (
	FloorTier  = "Admin"
	FloorGroup = "policy.networking.k8s.io"
)

// Priorities in the tier Admin, in which the lower number decides first. These
// are the last two, so that every policy of the cluster administrator's own
// decides before a tenant's floor does. What the floor denies and what it passes
// must not share a number: of two policies with the same one, a network plugin
// may take any. Those of two tenants may share it, as they select other Pods.
//
// Source: sigs.k8s.io/network-policy-api v0.2.0, apis/v1alpha2, Priority.
const (
	FloorPass = 999
	FloorDeny = 1000
)

// mostPerRule is how many protocols a rule has at most, says the same source.
const mostPerRule = 25

// floor are ClusterNetworkPolicies that deny Pods of other namespaces whatever a
// NetworkPolicy of the tenant's administrator allows. What policies open to
// more than these namespaces, such as a gateway's ports, is passed on to them.
func (f Filter) floor(policies []policy) []map[string]any {
	if !*f.Tenant.Spec.Network.Floor {
		return nil
	}
	own, applications := f.Tenant.Own(), f.Tenant.Spec.ApplicationNamespaces
	peers := map[string][]string{own: f.Tenant.Namespaces()}
	for _, namespace := range applications {
		peers[namespace] = slices.Concat(f.Tenant.Namespaces(), f.Tenant.Spec.Network.AllowFrom)
	}
	floor := []map[string]any{
		f.deny("control-plane", []string{own}, peers[own]),
		f.deny("applications", applications, peers[applications[0]]),
	}
	for _, p := range policies {
		further := slices.ContainsFunc(p.from, func(namespace string) bool { return !slices.Contains(peers[p.namespace], namespace) })
		if p.from == nil || further {
			floor = append(floor, f.pass(p))
		}
	}
	return floor
}

// strangers says which ClusterNetworkPolicies are none of the walls. They are
// labelled as an earlier run's, or they would not be here, and a label is what
// anybody writes: one that this run does not make anew would decide for Pods of
// the whole cluster.
func (f Filter) strangers(objects []*yaml.RNode, walls []map[string]any) error {
	var errs []error
	for _, o := range object.Of("ClusterNetworkPolicy", objects) {
		id := object.IDOf(o)
		if id.Group != FloorGroup || slices.ContainsFunc(walls, func(wall map[string]any) bool {
			return wall["kind"] == id.Kind && wall["metadata"].(map[string]any)["name"] == id.Name
		}) {
			continue
		}
		errs = append(errs, fmt.Errorf("%s: decides for Pods of the whole cluster, and is not one that spec.network.floor of the tenant makes: remove "+
			"it, and remove the label %s from objects that are not generated", id, v1alpha1.TenantLabel))
	}
	return errors.Join(errs...)
}

// deny closes namespaces to the Pods of all others than peers.
func (f Filter) deny(name string, namespaces, peers []string) map[string]any {
	others := map[string]any{"matchExpressions": []any{
		map[string]any{"key": object.NameLabel, "operator": "NotIn", "values": peers},
	}}
	return f.clusterPolicy(name, FloorDeny, map[string]any{"namespaces": inNamespaces(namespaces)}, map[string]any{
		"name": "other-namespaces", "action": "Deny", "from": []any{map[string]any{"namespaces": others}},
	})
}

// pass leaves to NetworkPolicies what one of them says. Its name begins with a
// namespace and a dot, which no namespace has, so that no other tenant's is
// called the same.
func (f Filter) pass(p policy) map[string]any {
	from := map[string]any{}
	if p.from != nil {
		from = inNamespaces(p.from)
	}
	rule := func() map[string]any {
		return map[string]any{"name": p.name, "action": "Pass", "from": []any{map[string]any{"namespaces": from}}}
	}
	var rules []map[string]any
	for protocols := range slices.Chunk(protocols(p.ports), mostPerRule) {
		r := rule()
		r["protocols"] = protocols
		rules = append(rules, r)
	}
	if len(rules) == 0 {
		rules = append(rules, rule())
	}
	subject := map[string]any{"namespaceSelector": inNamespaces([]string{p.namespace}), "podSelector": p.pods}
	return f.clusterPolicy(p.namespace+"."+p.name, FloorPass, map[string]any{"pods": subject}, rules...)
}

// protocols are ports in the words of a ClusterNetworkPolicy. The name of a port
// stands for all of its protocols there.
func protocols(ports []map[string]any) []map[string]any {
	var all []map[string]any
	for _, port := range ports {
		p := protocol(port)
		if !slices.ContainsFunc(all, func(other map[string]any) bool { return reflect.DeepEqual(other, p) }) {
			all = append(all, p)
		}
	}
	return all
}

func protocol(port map[string]any) map[string]any {
	if name, named := port["port"].(string); named {
		return map[string]any{"destinationNamedPort": name}
	}
	destination := map[string]any{"number": port["port"]}
	if end, found := port["endPort"]; found {
		destination = map[string]any{"range": map[string]any{"start": port["port"], "end": end}}
	}
	key := map[any]string{"TCP": "tcp", "UDP": "udp", "SCTP": "sctp"}[port["protocol"]]
	return map[string]any{key: map[string]any{"destinationPort": destination}}
}

func (f Filter) clusterPolicy(name string, priority int, subject map[string]any, ingress ...map[string]any) map[string]any {
	return object.New(FloorGroup+"/v1alpha2", "ClusterNetworkPolicy", "", "floor-"+name+"-"+f.Tenant.Own(), map[string]any{
		"spec": map[string]any{"tier": FloorTier, "priority": priority, "subject": subject, "ingress": ingress},
	})
}
