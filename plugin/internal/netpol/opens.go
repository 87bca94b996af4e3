package netpol

import (
	"net/netip"
	"slices"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/network-policy-api/apis/v1alpha2"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// Opening is a rule that lets in Pods of other namespaces. It is only about this
// rule: Any also takes into account the other policies, here and at the other end.
type Opening struct {
	// Policy has the rule; the zero value: no policy selects the Pods for what comes in.
	Policy object.ID
	Source snapshot.Source
	// Rule is the index in spec.ingress, and Peer that in its from; -1: there is none. It
	// is a NetworkPolicy's, or one that a ClusterNetworkPolicy accepts.
	Rule, Peer int
	// Pods selects those of the namespace to which it leads.
	Pods labels.Selector
	// All: it leads there from every namespace, and those that somebody will make.
	All bool
	// From are the known namespaces from which it leads there, sorted, where it
	// is not All. Its own may be among them. The slice is shared.
	From []string
	// Block is a range of addresses, which Pods may have.
	Block *networkingv1.IPBlock
	Ports []networkingv1.NetworkPolicyPort
}

// Opens are the openings of a namespace, in the order of its policies.
func (n *Network) Opens(namespace string) []Opening {
	var all []Opening
	var selecting []labels.Selector
	for _, p := range n.policies[namespace] {
		if !p.has(networkingv1.PolicyTypeIngress) {
			continue
		}
		selecting = append(selecting, p.pods)
		for i, rule := range p.whole.Spec.Ingress {
			o := Opening{Policy: p.id, Source: p.source, Rule: i, Peer: -1, Pods: p.pods, Ports: rule.Ports}
			if len(rule.From) == 0 {
				o.All = true
				all = append(all, o)
			}
			for j, peer := range rule.From {
				o.Peer, o.All, o.From, o.Block = j, false, nil, nil
				switch {
				case peer.IPBlock != nil:
					if o.Block = peer.IPBlock; !OfPods(peer.IPBlock) {
						continue
					}
				case peer.NamespaceSelector == nil:
					continue // the namespace itself
				case len(peer.NamespaceSelector.MatchLabels)+len(peer.NamespaceSelector.MatchExpressions) == 0:
					o.All = true
				default:
					o.From = n.matching(peer.NamespaceSelector)
					if len(o.From) == 0 || len(o.From) == 1 && o.From[0] == namespace {
						continue
					}
				}
				all = append(all, o)
			}
		}
	}
	if free := unselected(selecting); free != nil {
		all = append(all, Opening{Rule: -1, Peer: -1, Pods: free, All: true})
	}
	return append(all, n.ClusterOpens(namespace)...)
}

// ClusterOpens are those of ClusterNetworkPolicies alone.
func (n *Network) ClusterOpens(namespace string) []Opening {
	var all []Opening
	for _, p := range n.about(namespace) {
		pods := labels.Everything()
		if subject := p.whole.Spec.Subject.Pods; subject != nil {
			pods, _ = metav1.LabelSelectorAsSelector(&subject.PodSelector) // was checked
		}
		for i, rule := range p.whole.Spec.Ingress {
			if rule.Action != v1alpha2.ClusterNetworkPolicyRuleActionAccept {
				continue
			}
			for j, from := range rule.From {
				selector := from.Namespaces
				if from.Pods != nil {
					selector = &from.Pods.NamespaceSelector
				}
				if selector == nil {
					continue
				}
				o := Opening{Policy: p.id, Source: p.source, Rule: i, Peer: j, Pods: pods}
				if o.All = len(selector.MatchLabels)+len(selector.MatchExpressions) == 0; !o.All {
					o.From = n.matching(selector)
				}
				if o.All || len(o.From) > 0 && !slices.Equal(o.From, []string{namespace}) {
					all = append(all, o)
				}
			}
		}
	}
	return all
}

// unselected is a selector of Pods that none of others selects; nil: there are none.
// It is the narrowest that can be told: a Pod with just these labels.
func unselected(selectors []labels.Selector) labels.Selector {
	if slices.ContainsFunc(selectors, labels.Selector.Empty) {
		return nil
	}
	sets, _ := labelSets(selectors)
	for _, set := range sets {
		if !slices.ContainsFunc(selectors, func(s labels.Selector) bool { return s.Matches(labels.Set(set)) }) {
			return labels.SelectorFromSet(set)
		}
	}
	return nil
}

// OfPods says whether a range has addresses that Pods may have.
func OfPods(b *networkingv1.IPBlock) bool {
	block, err := netip.ParsePrefix(b.CIDR)
	if err != nil {
		return true
	}
	contains := func(cidr string, a netip.Addr) bool {
		r, err := netip.ParsePrefix(cidr)
		return err == nil && r.Contains(a)
	}
	starts := []netip.Addr{block.Masked().Addr()}
	for _, p := range podNetworks {
		starts = append(starts, p.Addr())
	}
	for _, except := range b.Except {
		if r, err := netip.ParsePrefix(except); err == nil {
			starts = append(starts, last(r).Next())
		}
	}
	return slices.ContainsFunc(starts, func(a netip.Addr) bool {
		return block.Contains(a) && !slices.ContainsFunc(b.Except, func(except string) bool { return contains(except, a) }) &&
			slices.ContainsFunc(podNetworks, func(p netip.Prefix) bool { return p.Contains(a) })
	})
}
