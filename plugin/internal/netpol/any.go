package netpol

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/network-policy-api/apis/v1alpha2"
)

// Connection is a connection that is allowed.
type Connection struct {
	// From is a Pod that somebody may create.
	From     Pod
	To       Pod
	Protocol corev1.Protocol
	Port     int32
	By       []Rule
	// Unsure: there are too many ways to label a Pod to try all, and no other connection
	// was found.
	Unsure bool
}

// Any returns a connection from a Pod with any labels that may be created in a
// namespace, to any port of a Pod: to one that the Pod declares, if there is one.
func (n *Network) Any(namespace string, to Pod) (Connection, bool) {
	sets, complete := labelSets(n.tellApart(namespace, to))
	ports := n.portsOf(namespace, to)
	for _, port := range ports {
		for _, set := range sets {
			from := Pod{Namespace: namespace, Labels: set}
			if v := n.Allows(from, to, port.Protocol, port.Number); v.Allowed {
				return Connection{From: from, To: to, Protocol: port.Protocol, Port: port.Number, By: v.By}, true
			}
		}
	}
	return Connection{From: Pod{Namespace: namespace}, To: to, Unsure: !complete}, !complete
}

// tellApart are the selectors that tell Pods of a namespace apart which connect to a Pod.
func (n *Network) tellApart(namespace string, to Pod) []labels.Selector {
	var all []labels.Selector
	seen := map[string]bool{}
	add := func(s *metav1.LabelSelector) {
		parsed, err := metav1.LabelSelectorAsSelector(s)
		if err == nil && !parsed.Empty() && !seen[parsed.String()] {
			seen[parsed.String()] = true
			all = append(all, parsed)
		}
	}
	own := n.labels(namespace)
	for _, p := range n.policies[to.Namespace] {
		if !p.has(networkingv1.PolicyTypeIngress) || !p.pods.Matches(labels.Set(to.Labels)) {
			continue
		}
		for _, rule := range p.whole.Spec.Ingress {
			for _, peer := range rule.From {
				if peer.PodSelector != nil && (peer.NamespaceSelector == nil && namespace == to.Namespace ||
					peer.NamespaceSelector != nil && selects(peer.NamespaceSelector, own)) {
					add(peer.PodSelector)
				}
			}
		}
	}
	for _, p := range n.policies[namespace] {
		if p.has(networkingv1.PolicyTypeEgress) {
			add(&p.whole.Spec.PodSelector)
		}
	}
	pods := func(p *v1alpha2.NamespacedPod) {
		if p != nil && selects(&p.NamespaceSelector, own) {
			add(&p.PodSelector)
		}
	}
	for _, p := range n.about(namespace) {
		pods(p.whole.Spec.Subject.Pods)
	}
	for _, p := range n.about(to.Namespace) {
		for _, rule := range p.whole.Spec.Ingress {
			for _, from := range rule.From {
				pods(from.Pods)
			}
		}
	}
	return all
}

// portsOf are ports of a Pod: those that it declares, and one of each set of ports that
// policies do not tell apart.
func (n *Network) portsOf(namespace string, to Pod) []Port {
	apart := numbers{}
	policyPorts := func(ports []networkingv1.NetworkPolicyPort) {
		for _, p := range ports {
			if p.Port != nil && p.Port.Type == intstr.Int {
				last := p.Port.IntVal
				if p.EndPort != nil {
					last = *p.EndPort
				}
				apart.add(*p.Protocol, p.Port.IntVal, last)
			}
		}
	}
	for _, p := range n.policies[to.Namespace] {
		for _, rule := range p.whole.Spec.Ingress {
			policyPorts(rule.Ports)
		}
	}
	for _, p := range n.policies[namespace] {
		for _, rule := range p.whole.Spec.Egress {
			policyPorts(rule.Ports)
		}
	}
	for _, p := range n.about(to.Namespace) {
		for _, rule := range p.whole.Spec.Ingress {
			apart.addAll(rule.Protocols)
		}
	}
	for _, p := range n.about(namespace) {
		for _, rule := range p.whole.Spec.Egress {
			apart.addAll(rule.Protocols)
		}
	}
	for _, p := range to.Ports {
		apart.add(p.Protocol, p.Number, p.Number)
	}
	return append(slices.Clone(to.Ports), apart.ports()...)
}

// numbers are, by protocol, where sets of ports begin that rules tell apart.
type numbers map[corev1.Protocol][]int32

func (n numbers) add(protocol corev1.Protocol, first, last int32) {
	n[protocol] = append(n[protocol], first, last+1)
}

func (n numbers) addAll(protocols []v1alpha2.ClusterNetworkPolicyProtocol) {
	for _, p := range protocols {
		for protocol, port := range destinations(p) {
			switch {
			case port == nil:
			case port.Range != nil:
				n.add(protocol, port.Range.Start, port.Range.End)
			default:
				n.add(protocol, port.Number, port.Number)
			}
		}
	}
}

// ports are one of each set.
func (n numbers) ports() (all []Port) {
	for _, protocol := range []corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP} {
		starts := append([]int32{1}, n[protocol]...)
		slices.Sort(starts)
		for _, number := range slices.Compact(starts) {
			if number > 0 && number <= 65535 {
				all = append(all, Port{Protocol: protocol, Number: number})
			}
		}
	}
	return all
}

// destinations are the ports of a protocol in the words of a ClusterNetworkPolicy.
func destinations(p v1alpha2.ClusterNetworkPolicyProtocol) map[corev1.Protocol]*v1alpha2.Port {
	all := map[corev1.Protocol]*v1alpha2.Port{}
	if p.TCP != nil {
		all[corev1.ProtocolTCP] = p.TCP.DestinationPort
	}
	if p.UDP != nil {
		all[corev1.ProtocolUDP] = p.UDP.DestinationPort
	}
	if p.SCTP != nil {
		all[corev1.ProtocolSCTP] = p.SCTP.DestinationPort
	}
	return all
}
