package netpol

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Lets says whether a rule of a ClusterNetworkPolicy decides that some Pod of a namespace is
// connected to from another one: no other rule decides before it, at either end. The Pods are
// any that somebody may create. What the other namespace's own policies forbid to its Pods
// does not count, since its tenant may remove these.
func (n *Network) Lets(o Opening, from, to string) bool {
	var named []Port
	number := namedPort
	for _, p := range n.about(to) {
		for _, rule := range p.whole.Spec.Ingress {
			for _, protocol := range rule.Protocols {
				if name := protocol.DestinationNamedPort; name != "" && !slices.ContainsFunc(named, func(known Port) bool { return known.Name == name }) {
					named = append(named, Port{name, corev1.ProtocolTCP, number})
					number++
				}
			}
		}
	}
	receivers, _ := labelSets(n.receivers(to))
	for _, set := range receivers {
		if !o.Pods.Matches(labels.Set(set)) {
			continue
		}
		pod := Pod{Namespace: to, Labels: set, Ports: named}
		senders, _ := labelSets(n.tellApart(from, pod))
		for _, port := range n.portsOf(from, pod) {
			for _, own := range senders {
				if n.lets(o, connection{n, Pod{Namespace: from, Labels: own}, pod, port.Protocol, port.Number}) {
					return true
				}
			}
		}
	}
	return false
}

// namedPort is the first number of the ports that have names.
const namedPort int32 = 61000

// receivers are the selectors by which policies tell Pods of a namespace apart.
func (n *Network) receivers(namespace string) (all []labels.Selector) {
	for _, p := range n.policies[namespace] {
		if p.has(networkingv1.PolicyTypeIngress) {
			all = append(all, p.pods)
		}
	}
	for _, p := range n.about(namespace) {
		if subject := p.whole.Spec.Subject.Pods; subject != nil {
			pods, _ := metav1.LabelSelectorAsSelector(&subject.PodSelector) // was checked
			all = append(all, pods)
		}
	}
	return all
}

func (n *Network) lets(o Opening, c connection) bool {
	for _, address := range n.addresses(networkingv1.PolicyTypeEgress, c.from, c.to) {
		if out, final := n.tiers(c.from.Namespace)[0].decide(c, networkingv1.PolicyTypeEgress, address); final && !out.Allowed {
			continue
		}
		in := c.decide(networkingv1.PolicyTypeIngress, c.to, c.from)
		return in.Allowed && slices.ContainsFunc(in.By, func(r Rule) bool { return r.Policy == o.Policy && r.Index == o.Rule })
	}
	return false
}
