package netpol

import (
	"errors"
	"fmt"
	"net"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// check says what an API server refuses of a NetworkPolicy, and the engine would take
// for a rule that allows everything.
func check(spec *networkingv1.NetworkPolicySpec) error {
	errs := []error{selector("spec.podSelector", &spec.PodSelector)}
	for i, rule := range spec.Ingress {
		at := fmt.Sprintf("spec.ingress[%d]", i)
		errs = append(errs, ports(at, rule.Ports), peers(at+".from", rule.From))
	}
	for i, rule := range spec.Egress {
		at := fmt.Sprintf("spec.egress[%d]", i)
		errs = append(errs, ports(at, rule.Ports), peers(at+".to", rule.To))
	}
	return errors.Join(errs...)
}

func selector(at string, s *metav1.LabelSelector) error {
	if _, err := metav1.LabelSelectorAsSelector(s); err != nil {
		return fmt.Errorf("%s: %w", at, err)
	}
	return nil
}

func ports(at string, ports []networkingv1.NetworkPolicyPort) error {
	for i, p := range ports {
		if p.EndPort != nil && (p.Port == nil || p.Port.Type == intstr.String || *p.EndPort < p.Port.IntVal) {
			return fmt.Errorf("%s.ports[%d].endPort: found %d: must be set together with a port that is a number and not larger", at, i, *p.EndPort)
		}
	}
	return nil
}

func peers(at string, peers []networkingv1.NetworkPolicyPeer) error {
	var errs []error
	for i, p := range peers {
		at := fmt.Sprintf("%s[%d]", at, i)
		errs = append(errs, selector(at+".podSelector", p.PodSelector), selector(at+".namespaceSelector", p.NamespaceSelector))
		switch {
		case p.IPBlock == nil && p.PodSelector == nil && p.NamespaceSelector == nil:
			errs = append(errs, fmt.Errorf("%s: is empty: must have a podSelector, a namespaceSelector or an ipBlock", at))
		case p.IPBlock != nil && (p.PodSelector != nil || p.NamespaceSelector != nil):
			errs = append(errs, fmt.Errorf("%s: has an ipBlock and a selector: must have only one of them", at))
		case p.IPBlock != nil:
			for _, cidr := range append([]string{p.IPBlock.CIDR}, p.IPBlock.Except...) {
				if _, _, err := net.ParseCIDR(cidr); err != nil {
					errs = append(errs, fmt.Errorf("%s.ipBlock: found %q: must be a range of addresses such as 10.0.0.0/8", at, cidr))
				}
			}
		}
	}
	return errors.Join(errs...)
}
