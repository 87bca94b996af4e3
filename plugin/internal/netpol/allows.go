package netpol

import (
	"net"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// Verdict is the answer to a question.
type Verdict struct {
	Allowed bool
	// By are the rules that decide, first for the outgoing connection, then for the
	// incoming one. None: no policy selects its ends.
	By []Rule
}

// Rule is what decides.
type Rule struct {
	Policy    object.ID
	Source    snapshot.Source
	Direction networkingv1.PolicyType
	// Index is the position of the rule in its list; -1: the policy selects the Pod,
	// and no rule allows the connection.
	Index int
}

// Allows says whether a connection is allowed.
func (n *Network) Allows(from, to Pod, protocol corev1.Protocol, port int32) Verdict {
	c := connection{n, from, to, protocol, port}
	out := c.decide(networkingv1.PolicyTypeEgress, from, to)
	if !out.Allowed || from.HostNetwork { // a node reaches its own Pods, which may be these
		return out
	}
	in := c.decide(networkingv1.PolicyTypeIngress, to, from)
	if in.Allowed {
		in.By = append(out.By, in.By...)
	}
	return in
}

// connection is a question.
type connection struct {
	*Network
	from, to Pod
	protocol corev1.Protocol
	port     int32
}

// decide judges one direction, at the Pod that the policies select.
func (c connection) decide(direction networkingv1.PolicyType, pod, peer Pod) Verdict {
	if pod.HostNetwork {
		return Verdict{Allowed: true}
	}
	var verdict Verdict
	for _, address := range c.addresses(direction, pod, peer) {
		if verdict = c.decideAt(direction, pod, address); verdict.Allowed {
			break
		}
	}
	return verdict
}

func (c connection) decideAt(direction networkingv1.PolicyType, pod Pod, address net.IP) Verdict {
	tiers := c.tiers(pod.Namespace)
	if verdict, final := tiers[0].decide(c, direction, address); final {
		return verdict
	}
	var selecting []*networkingv1.NetworkPolicy
	var policies []*policy
	for _, p := range c.policies[pod.Namespace] {
		if p.has(direction) && p.pods.Matches(labels.Set(pod.Labels)) {
			selecting, policies = append(selecting, p.whole), append(policies, p)
		}
	}
	if len(policies) == 0 {
		verdict, final := tiers[1].decide(c, direction, address)
		if !final {
			return Verdict{Allowed: true}
		}
		return verdict
	}
	if c.evaluate(selecting, direction, address) {
		for _, p := range policies {
			for i, rule := range p.alone[direction] {
				if c.evaluate([]*networkingv1.NetworkPolicy{rule}, direction, address) {
					return Verdict{Allowed: true, By: []Rule{{p.id, p.source, direction, i}}}
				}
			}
		}
		return Verdict{Allowed: true}
	}
	refused := Verdict{}
	for _, p := range policies {
		refused.By = append(refused.By, Rule{p.id, p.source, direction, -1})
	}
	return refused
}
