package netpol

import (
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
// after it. Of policies with the same priority, a cluster may take any. The worst case
// is that it takes the one that lets most in.
func (t tier) decide(c connection, direction networkingv1.PolicyType, address net.IP) (verdict Verdict, final bool) {
	var found *clusterRule
	var decided *clusterPolicy
	for i, r := range t {
		if found != nil && r.policy.priority() != found.policy.priority() {
			break
		}
		if r.rule.Direction != direction || r.policy == decided || !r.matches(c, direction, address) {
			continue
		}
		if decided = r.policy; found == nil || r.lets() > found.lets() {
			found = &t[i]
		}
	}
	if found == nil {
		return Verdict{}, false
	}
	return Verdict{found.action == v1alpha2.ClusterNetworkPolicyRuleActionAccept, []Rule{found.rule}}, found.action != v1alpha2.ClusterNetworkPolicyRuleActionPass
}

// lets says how much a rule lets in: what it passes on may be let in.
func (r clusterRule) lets() int {
	return slices.Index([]v1alpha2.ClusterNetworkPolicyRuleAction{
		v1alpha2.ClusterNetworkPolicyRuleActionDeny, v1alpha2.ClusterNetworkPolicyRuleActionPass, v1alpha2.ClusterNetworkPolicyRuleActionAccept,
	}, r.action)
}

func (p *clusterPolicy) priority() int32 { return p.whole.Spec.Priority }

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

// tier orders policies by priority, then by name.
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

// about are the ClusterNetworkPolicies that may select Pods of a namespace, in the order of
// a tier. The slice is shared.
func (n *Network) about(namespace string) []*clusterPolicy {
	if _, known := n.namespaces[namespace]; known {
		return n.clusterOf[namespace]
	}
	own := n.labels(namespace)
	var found []*clusterPolicy
	for _, p := range n.cluster {
		if slices.ContainsFunc(p.subjects(), func(s *metav1.LabelSelector) bool { return selects(s, own) }) {
			found = append(found, p)
		}
	}
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
