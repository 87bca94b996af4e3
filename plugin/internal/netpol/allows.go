package netpol

import (
	"context"
	"net"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/kube-network-policies/pkg/api"
	packets "sigs.k8s.io/kube-network-policies/pkg/network"
	engine "sigs.k8s.io/kube-network-policies/pkg/networkpolicy"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// Verdict is the answer to a question.
type Verdict struct {
	Allowed bool
	// By are what decides, first where the connection goes out, then where it comes in.
	// None: nothing selects its ends.
	By []Rule
}

// Rule is what decides.
type Rule struct {
	Policy    object.ID
	Source    snapshot.Source
	Direction networkingv1.PolicyType
	// Index is that of the rule in its list; -1: the policy selects the Pod, and no rule
	// of any lets the connection through.
	Index int
}

// Allows says whether a connection may come about.
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
		if verdict = c.decideAt(direction, pod, peer, address); verdict.Allowed {
			break
		}
	}
	return verdict
}

func (c connection) decideAt(direction networkingv1.PolicyType, pod, peer Pod, address net.IP) Verdict {
	packet := &packets.Packet{Proto: c.protocol, SrcPort: clientPort, DstPort: int(c.port), DstIP: address} // of a source, no cluster policy asks for the address
	source, destination := c.info(c.from), c.info(c.to)
	tiers := c.tiers(pod.Namespace)
	if verdict, final := tiers[0].decide(direction, packet, source, destination); final {
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
		verdict, final := tiers[1].decide(direction, packet, source, destination)
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

// clientPort is any port from which a connection may come. No rule asks for it.
const clientPort = 40000

// evaluate is the engine's. It names what a policy selects its source, in both
// directions.
func (c connection) evaluate(policies []*networkingv1.NetworkPolicy, direction networkingv1.PolicyType, address net.IP) bool {
	if direction == networkingv1.PolicyTypeIngress {
		return engine.EvaluatePolicyDirection(context.Background(), policies, direction, c.info(c.to), int(c.port), c.info(c.from), address, clientPort, c.protocol)
	}
	return engine.EvaluatePolicyDirection(context.Background(), policies, direction, c.info(c.from), clientPort, c.info(c.to), address, int(c.port), c.protocol)
}

// info is what the engine knows of a Pod; of one on its node's network, nothing.
func (c connection) info(p Pod) *api.PodInfo {
	if p.HostNetwork {
		return nil
	}
	info := &api.PodInfo{Labels: p.Labels, Namespace: &api.Namespace{Name: p.Namespace, Labels: c.labels(p.Namespace)}, Node: &api.Node{}}
	for _, port := range p.Ports {
		info.ContainerPorts = append(info.ContainerPorts, &api.ContainerPort{Name: port.Name, Port: port.Number, Protocol: string(port.Protocol)})
	}
	return info
}
