// Package network asks a network plugin's own engine, that of kube-network-policies,
// what it makes of policies. It is a module of its own: the engine pins other
// versions of what everybody uses.
package network

import (
	"context"
	"fmt"
	"net"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/client-go/informers"
	"sigs.k8s.io/kube-network-policies/pkg/api"
	"sigs.k8s.io/kube-network-policies/pkg/network"
	"sigs.k8s.io/kube-network-policies/pkg/networkpolicy"
	cnp "sigs.k8s.io/kube-network-policies/plugins/npa-v1alpha2"
	"sigs.k8s.io/network-policy-api/apis/v1alpha2"
	cnpinformers "sigs.k8s.io/network-policy-api/pkg/client/informers/externalversions"
)

// Objects are what an engine reads of a cluster.
type Objects struct {
	Pods            []corev1.Pod
	Namespaces      []corev1.Namespace
	Policies        []networkingv1.NetworkPolicy
	ClusterPolicies []v1alpha2.ClusterNetworkPolicy
}

// Engine evaluates policies: the tier Admin, then NetworkPolicies.
type Engine struct{ engine *networkpolicy.PolicyEngine }

// New is an engine that has read objects. A policy without policyTypes is one for
// what comes in, and a port that it lets in by no protocol is one of TCP, as the API server says.
func New(o Objects) (Engine, error) {
	kubernetes, clusterPolicies := informers.NewSharedInformerFactory(nil, 0), cnpinformers.NewSharedInformerFactory(nil, 0)
	for _, p := range o.Policies {
		p := p.DeepCopy()
		if p.Spec.PolicyTypes == nil {
			p.Spec.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
		}
		for _, rule := range p.Spec.Ingress {
			for i := range rule.Ports {
				if rule.Ports[i].Protocol == nil {
					rule.Ports[i].Protocol = new(corev1.ProtocolTCP)
				}
			}
		}
		if err := kubernetes.Networking().V1().NetworkPolicies().Informer().GetIndexer().Add(p); err != nil {
			return Engine{}, err
		}
	}
	for _, p := range o.ClusterPolicies {
		if err := clusterPolicies.Policy().V1alpha2().ClusterNetworkPolicies().Informer().GetIndexer().Add(&p); err != nil {
			return Engine{}, err
		}
	}
	core := kubernetes.Core().V1()
	return Engine{networkpolicy.NewPolicyEngine(podsByAddress(o), []api.PolicyEvaluator{
		cnp.NewClusterNetworkPolicy(v1alpha2.AdminTier, clusterPolicies.Policy().V1alpha2().ClusterNetworkPolicies(), nil, nil),
		networkpolicy.NewStandardNetworkPolicy("node", core.Namespaces(), core.Pods(), kubernetes.Networking().V1().NetworkPolicies()),
	})}, nil
}

// Allows says whether a TCP connection from an address to a port of another one may
// come about.
func (e Engine) Allows(from, to string, port int) (bool, error) {
	packet := &network.Packet{
		Family: corev1.IPv4Protocol, Proto: corev1.ProtocolTCP, SrcPort: 40000, DstPort: port,
		SrcIP: net.ParseIP(from), DstIP: net.ParseIP(to),
	}
	if packet.SrcIP == nil || packet.DstIP == nil {
		return false, fmt.Errorf("%q to %q: not two addresses", from, to)
	}
	return e.engine.EvaluatePacket(context.Background(), packet)
}

// known are Pods by their addresses.
type known map[string]*api.PodInfo

func (k known) GetPodInfoByIP(ip string) (*api.PodInfo, bool) {
	found, ok := k[ip]
	return found, ok
}

func podsByAddress(o Objects) known {
	namespaces := map[string]map[string]string{}
	for _, n := range o.Namespaces {
		namespaces[n.Name] = n.Labels
	}
	all := known{}
	for _, p := range o.Pods {
		if p.Status.PodIP != "" && !p.Spec.HostNetwork {
			all[p.Status.PodIP] = api.NewPodInfo(&p, namespaces[p.Namespace], nil, "")
		}
	}
	return all
}
