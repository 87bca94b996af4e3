package netpol

import (
	"cmp"
	"net"
	"slices"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/network-policy-api/apis/v1alpha2"
)

// tier are the rules of the ClusterNetworkPolicies of a tier that may select Pods of a
// namespace, in the order in which they decide.
type tier []clusterRule

type clusterRule struct {
	rule   Rule
	policy *clusterPolicy
	action v1alpha2.ClusterNetworkPolicyRuleAction
	// matches is the engine, with nothing but this rule, which accepts.
	matches func(c connection, direction networkingv1.PolicyType, address net.IP) bool
}

// decide returns the verdict of a tier, or that it leaves the decision to what comes
// after it.
func (t tier) decide(c connection, direction networkingv1.PolicyType, address net.IP) (verdict Verdict, final bool) {
	for _, r := range t {
		if r.rule.Direction != direction || !r.matches(c, direction, address) {
			continue
		}
		pass := r.action != v1alpha2.ClusterNetworkPolicyRuleActionAccept && r.action != v1alpha2.ClusterNetworkPolicyRuleActionDeny
		return Verdict{r.action == v1alpha2.ClusterNetworkPolicyRuleActionAccept, []Rule{r.rule}}, !pass
	}
	return Verdict{}, false
}

// tiers are the tier Admin, which decides before NetworkPolicies, and the tier
// Baseline, which decides where they select nothing.
func (n *Network) tiers(namespace string) []tier {
	if len(n.cluster) == 0 {
		return make([]tier, 2)
	}
	n.mutex.Lock()
	defer n.mutex.Unlock()
	if found, ok := n.tiersOf[namespace]; ok {
		return found
	}
	made := []tier{n.tier(namespace, v1alpha2.AdminTier), n.tier(namespace, v1alpha2.BaselineTier)}
	n.tiersOf[namespace] = made
	return made
}

// tier orders policies as the engine does: by priority, then by name.
func (n *Network) tier(namespace string, name v1alpha2.Tier) tier {
	var made tier
	for _, p := range n.about(namespace) {
		if p.whole.Spec.Tier != name {
			continue
		}
		for i, rule := range p.whole.Spec.Ingress {
			one := p.whole.DeepCopy()
			rule.Action = v1alpha2.ClusterNetworkPolicyRuleActionAccept
			one.Spec.Ingress, one.Spec.Egress = []v1alpha2.ClusterNetworkPolicyIngressRule{rule}, nil
			made = append(made, clusterRule{Rule{p.id, p.source, networkingv1.PolicyTypeIngress, i}, p, p.whole.Spec.Ingress[i].Action, n.matcher(one)})
		}
		for i, rule := range p.whole.Spec.Egress {
			one := p.whole.DeepCopy()
			rule.Action = v1alpha2.ClusterNetworkPolicyRuleActionAccept
			one.Spec.Ingress, one.Spec.Egress = nil, []v1alpha2.ClusterNetworkPolicyEgressRule{rule}
			made = append(made, clusterRule{Rule{p.id, p.source, networkingv1.PolicyTypeEgress, i}, p, p.whole.Spec.Egress[i].Action, n.matcher(one)})
		}
	}
	return made
}

// about are the ClusterNetworkPolicies that may select Pods of a namespace.
func (n *Network) about(namespace string) []*clusterPolicy {
	found := n.clusterOf[namespace]
	if _, known := n.namespaces[namespace]; !known {
		for _, p := range n.cluster {
			if slices.ContainsFunc(p.subjects(), func(s *metav1.LabelSelector) bool { return selects(s, n.labels(namespace)) }) {
				found = append(found, p)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b *clusterPolicy) int {
		return cmp.Or(cmp.Compare(a.whole.Spec.Priority, b.whole.Spec.Priority), cmp.Compare(a.id.Name, b.id.Name))
	})
	return found
}

// subjects select the namespaces of the Pods that a policy is about.
func (p *clusterPolicy) subjects() []*metav1.LabelSelector {
	switch subject := p.whole.Spec.Subject; {
	case subject.Namespaces != nil:
		return []*metav1.LabelSelector{subject.Namespaces}
	case subject.Pods != nil:
		return []*metav1.LabelSelector{&subject.Pods.NamespaceSelector}
	}
	return nil
}
