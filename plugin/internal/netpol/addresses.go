package netpol

import (
	"net"
	"net/netip"
	"slices"

	networkingv1 "k8s.io/api/networking/v1"
)

// podNetworks are where clusters take the addresses of Pods from.
//
// Source: RFC 1918, RFC 6598 and RFC 4193, which reserve addresses for networks of
// one's own.
var podNetworks = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("fc00::/7"),
}

// addresses are those with which a peer is to be tried: its own, or else one of each
// set of addresses that policies do not tell apart. A nil one is in no range.
func (n *Network) addresses(direction networkingv1.PolicyType, pod, peer Pod) []net.IP {
	if peer.Address.IsValid() {
		return []net.IP{peer.Address.AsSlice()}
	}
	ranges := n.ranges(direction, pod.Namespace)
	if direction == networkingv1.PolicyTypeEgress {
		ranges = append(ranges, n.clusterRanges(pod.Namespace)...)
	}
	return apart(ranges)
}

// apart are one address of Pods of each set that ranges do not tell apart.
func apart(ranges []netip.Prefix) []net.IP {
	if len(ranges) == 0 {
		return []net.IP{nil}
	}
	// Two addresses between which no range begins or ends are in the same ranges.
	var starts []netip.Addr
	for _, r := range append(ranges, podNetworks...) {
		starts = append(starts, r.Masked().Addr(), last(r).Next())
	}
	var all []net.IP
	for _, a := range starts {
		if slices.ContainsFunc(podNetworks, func(p netip.Prefix) bool { return p.Contains(a) }) {
			all = append(all, a.AsSlice())
		}
	}
	return all
}

// ranges are those of the policies of a namespace.
func (n *Network) ranges(direction networkingv1.PolicyType, namespace string) (all []netip.Prefix) {
	add := func(cidr string) {
		if r, err := netip.ParsePrefix(cidr); err == nil {
			all = append(all, r)
		}
	}
	block := func(peers []networkingv1.NetworkPolicyPeer) {
		for _, p := range peers {
			if p.IPBlock != nil {
				add(p.IPBlock.CIDR)
				for _, except := range p.IPBlock.Except {
					add(except)
				}
			}
		}
	}
	for _, p := range n.policies[namespace] {
		if !p.has(direction) {
			continue
		}
		if direction == networkingv1.PolicyTypeIngress {
			for _, rule := range p.whole.Spec.Ingress {
				block(rule.From)
			}
			continue
		}
		for _, rule := range p.whole.Spec.Egress {
			block(rule.To)
		}
	}
	return all
}

// clusterRanges are those to which ClusterNetworkPolicies decide about what goes out of a
// namespace.
func (n *Network) clusterRanges(namespace string) (all []netip.Prefix) {
	for _, p := range n.about(namespace) {
		for _, rule := range p.whole.Spec.Egress {
			for _, to := range rule.To {
				for _, cidr := range to.Networks {
					if r, err := netip.ParsePrefix(string(cidr)); err == nil {
						all = append(all, r)
					}
				}
			}
		}
	}
	return all
}

// last is the last address of a range.
func last(r netip.Prefix) netip.Addr {
	bytes := r.Masked().Addr().AsSlice()
	for bit := r.Bits(); bit < len(bytes)*8; bit++ {
		bytes[bit/8] |= 1 << (7 - bit%8)
	}
	a, _ := netip.AddrFromSlice(bytes)
	return a
}
