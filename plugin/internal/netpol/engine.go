//go:build !windows

package netpol

import (
	"context"
	"net"

	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/kube-network-policies/pkg/api"
	packets "sigs.k8s.io/kube-network-policies/pkg/network"
	engine "sigs.k8s.io/kube-network-policies/pkg/networkpolicy"
	clusterengine "sigs.k8s.io/kube-network-policies/plugins/npa-v1alpha2"
	"sigs.k8s.io/network-policy-api/apis/v1alpha2"
	clusterinformers "sigs.k8s.io/network-policy-api/pkg/client/informers/externalversions"
)

// evaluates says whether there is an engine.
const evaluates = true

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

// matcher says whether the rules of a policy, which accept, match a connection.
func (n *Network) matcher(p *v1alpha2.ClusterNetworkPolicy) func(c connection, direction networkingv1.PolicyType, address net.IP) bool {
	policies := clusterinformers.NewSharedInformerFactory(nil, 0).Policy().V1alpha2().ClusterNetworkPolicies()
	_ = policies.Informer().GetIndexer().Add(p) // fails for what has no name only
	one := clusterengine.NewClusterNetworkPolicy(p.Spec.Tier, policies, nil, n.nodes)
	return func(c connection, direction networkingv1.PolicyType, address net.IP) bool {
		packet := &packets.Packet{Proto: c.protocol, SrcPort: clientPort, DstPort: int(c.port), DstIP: address} // no rule asks for the address of a source
		evaluate := one.EvaluateIngress
		if direction == networkingv1.PolicyTypeEgress {
			evaluate = one.EvaluateEgress
		}
		found, err := evaluate(context.Background(), packet, c.info(c.from), c.info(c.to))
		return err == nil && found == api.VerdictAccept // the lister, which is in memory, never fails
	}
}
