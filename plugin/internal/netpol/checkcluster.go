package netpol

import (
	"errors"
	"fmt"
	"net"

	"sigs.k8s.io/network-policy-api/apis/v1alpha2"
)

// mostItems is how many rules, peers and protocols a list has at most, and lastPriority the
// largest priority value.
//
// Source: sigs.k8s.io/network-policy-api v0.2.0, apis/v1alpha2.
const (
	mostItems    = 25
	lastPriority = 1000
)

// checkCluster says what an API server refuses of a ClusterNetworkPolicy, and might be taken
// for a rule that denies something.
func checkCluster(spec *v1alpha2.ClusterNetworkPolicySpec) error {
	subject := spec.Subject
	errs := []error{
		one("spec.subject", subject.Namespaces != nil, subject.Pods != nil),
		selector("spec.subject.namespaces", subject.Namespaces), namespacedPod("spec.subject.pods", subject.Pods),
		items("spec.ingress", 0, len(spec.Ingress)), items("spec.egress", 0, len(spec.Egress)),
	}
	if spec.Tier != v1alpha2.AdminTier && spec.Tier != v1alpha2.BaselineTier {
		errs = append(errs, fmt.Errorf("spec.tier: found %q: must be %s or %s", spec.Tier, v1alpha2.AdminTier, v1alpha2.BaselineTier))
	}
	if spec.Priority < 0 || spec.Priority > lastPriority {
		errs = append(errs, fmt.Errorf("spec.priority: found %d: must be between 0 and %d", spec.Priority, lastPriority))
	}
	for i, rule := range spec.Ingress {
		at := fmt.Sprintf("spec.ingress[%d]", i)
		errs = append(errs, action(at, rule.Action), items(at+".from", 1, len(rule.From)), protocols(at+".protocols", rule.Protocols))
		for j, from := range rule.From {
			at := fmt.Sprintf("%s.from[%d]", at, j)
			errs = append(errs, one(at, from.Namespaces != nil, from.Pods != nil), selector(at+".namespaces", from.Namespaces), namespacedPod(at+".pods", from.Pods))
		}
	}
	for i, rule := range spec.Egress {
		at := fmt.Sprintf("spec.egress[%d]", i)
		errs = append(errs, action(at, rule.Action), items(at+".to", 1, len(rule.To)), protocols(at+".protocols", rule.Protocols))
		for j, to := range rule.To {
			at := fmt.Sprintf("%s.to[%d]", at, j)
			errs = append(errs, one(at, to.Namespaces != nil, to.Pods != nil, to.Nodes != nil, len(to.Networks) > 0, len(to.DomainNames) > 0),
				selector(at+".namespaces", to.Namespaces), namespacedPod(at+".pods", to.Pods), selector(at+".nodes", to.Nodes), items(at+".networks", 0, len(to.Networks)))
			for _, cidr := range to.Networks {
				if _, _, err := net.ParseCIDR(string(cidr)); err != nil {
					errs = append(errs, fmt.Errorf("%s.networks: found %q: must be a range of addresses such as 10.0.0.0/8", at, cidr))
				}
			}
		}
	}
	return errors.Join(errs...)
}

// one says that exactly one field is to be set.
func one(at string, set ...bool) error {
	found := 0
	for _, is := range set {
		if is {
			found++
		}
	}
	if found != 1 {
		return fmt.Errorf("%s: has %d of the fields that say what it selects: must have one", at, found)
	}
	return nil
}

func items(at string, least, found int) error {
	if found < least || found > mostItems {
		return fmt.Errorf("%s: found %d: must have between %d and %d", at, found, least, mostItems)
	}
	return nil
}

func action(at string, found v1alpha2.ClusterNetworkPolicyRuleAction) error {
	switch found {
	case v1alpha2.ClusterNetworkPolicyRuleActionAccept, v1alpha2.ClusterNetworkPolicyRuleActionDeny, v1alpha2.ClusterNetworkPolicyRuleActionPass:
		return nil
	}
	return fmt.Errorf("%s.action: found %q: must be Accept, Deny or Pass", at, found)
}

func protocols(at string, found []v1alpha2.ClusterNetworkPolicyProtocol) error {
	errs := []error{items(at, 0, len(found))}
	for i, p := range found {
		at := fmt.Sprintf("%s[%d]", at, i)
		errs = append(errs, one(at, p.TCP != nil, p.UDP != nil, p.SCTP != nil, p.DestinationNamedPort != ""))
		for protocol, port := range destinations(p) {
			valid := func(number int32) bool { return number > 0 && number <= 65535 }
			switch {
			case port == nil || (port.Range != nil) == (port.Number != 0):
				errs = append(errs, fmt.Errorf("%s: destinationPort of %s: must have a number or a range", at, protocol))
			case port.Range == nil && !valid(port.Number):
				errs = append(errs, fmt.Errorf("%s: destinationPort of %s: found %d: must be between 1 and 65535", at, protocol, port.Number))
			case port.Range != nil && (!valid(port.Range.Start) || !valid(port.Range.End) || port.Range.Start >= port.Range.End):
				errs = append(errs, fmt.Errorf("%s: destinationPort of %s: found %d to %d: must be between 1 and 65535, and the start less than the end", at, protocol, port.Range.Start, port.Range.End))
			}
		}
	}
	return errors.Join(errs...)
}

func namespacedPod(at string, p *v1alpha2.NamespacedPod) error {
	if p == nil {
		return nil
	}
	return errors.Join(selector(at+".namespaceSelector", &p.NamespaceSelector), selector(at+".podSelector", &p.PodSelector))
}
