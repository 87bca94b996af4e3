package connections_test

import (
	"fmt"
	"math/rand/v2"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// random makes clusters of few names, so that selectors, ports and addresses meet.
type random struct{ *rand.Rand }

func pick[T any](r random, of ...T) T { return of[r.IntN(len(of))] }

func (r random) chance(percent int) bool { return r.IntN(100) < percent }

var (
	namespaceNames = []string{"a", "b", "c"}
	keys           = []string{"app", "tier"}
	values         = []string{"web", "db", "x"}
	protocols      = []corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP}
	blocks         = []string{"10.0.0.0/8", "10.1.0.0/16", "10.1.1.0/24", "10.2.0.0/16", "10.1.1.4/32", "0.0.0.0/0", "10.3.0.0/17", "fd00::/8"}
	portNames      = []string{"http", "metrics", "dns"}
)

type port struct {
	Name     string
	Protocol corev1.Protocol
	Number   int32
}

// pod is an end, in the words of the program.
type pod struct {
	Namespace   string
	Labels      map[string]string
	Ports       []port
	HostNetwork bool
	Address     string
}

func (r random) labels() map[string]string {
	all := map[string]string{}
	for _, key := range keys {
		if r.chance(70) {
			all[key] = pick(r, values...)
		}
	}
	return all
}

func (r random) namespaces() (all []corev1.Namespace) {
	for _, name := range namespaceNames {
		labels := r.labels()
		labels["kubernetes.io/metadata.name"] = name
		all = append(all, corev1.Namespace{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"}, ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		})
	}
	return all
}

func (r random) pods() (all []pod) {
	for i := range 8 {
		p := pod{Namespace: pick(r, namespaceNames...), Labels: r.labels(), Address: fmt.Sprintf("10.%d.%d.%d", 1+r.IntN(4), r.IntN(3), 1+i)}
		for j, name := range portNames {
			if r.chance(50) {
				p.Ports = append(p.Ports, port{name, pick(r, protocols...), int32(80 + 10*j + r.IntN(2))})
			}
		}
		all = append(all, p)
	}
	return all
}

func (r random) selector() *metav1.LabelSelector {
	s := &metav1.LabelSelector{}
	for _, key := range keys {
		switch {
		case r.chance(25):
			s.MatchLabels = map[string]string{key: pick(r, values...)}
		case r.chance(25):
			e := metav1.LabelSelectorRequirement{Key: key, Operator: pick(r, metav1.LabelSelectorOpIn, metav1.LabelSelectorOpNotIn,
				metav1.LabelSelectorOpExists, metav1.LabelSelectorOpDoesNotExist)}
			if e.Operator == metav1.LabelSelectorOpIn || e.Operator == metav1.LabelSelectorOpNotIn {
				e.Values = []string{pick(r, values...), "y"}
			}
			s.MatchExpressions = append(s.MatchExpressions, e)
		}
	}
	return s
}

func (r random) namespaceSelector() *metav1.LabelSelector {
	if r.chance(40) {
		return &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": pick(r, namespaceNames...)}}
	}
	return r.selector()
}

func (r random) peers() (all []networkingv1.NetworkPolicyPeer) {
	for range r.IntN(3) {
		var p networkingv1.NetworkPolicyPeer
		switch r.IntN(4) {
		case 0:
			p.IPBlock = &networkingv1.IPBlock{CIDR: pick(r, blocks...)}
			for range r.IntN(3) {
				p.IPBlock.Except = append(p.IPBlock.Except, pick(r, blocks...))
			}
		case 1:
			p.PodSelector = r.selector()
		case 2:
			p.NamespaceSelector = r.namespaceSelector()
		case 3:
			p.PodSelector, p.NamespaceSelector = r.selector(), r.namespaceSelector()
		}
		all = append(all, p)
	}
	return all
}

func (r random) ports() (all []networkingv1.NetworkPolicyPort) {
	for range r.IntN(3) {
		var p networkingv1.NetworkPolicyPort
		if r.chance(70) {
			protocol := pick(r, protocols...)
			p.Protocol = &protocol
		}
		switch r.IntN(4) {
		case 0: // all ports of the protocol
		case 1:
			name := intstr.FromString(pick(r, portNames...))
			p.Port = &name
		default:
			number := intstr.FromInt32(int32(78 + r.IntN(30)))
			p.Port = &number
			if r.chance(40) {
				end := number.IntVal + int32(r.IntN(20))
				p.EndPort = &end
			}
		}
		all = append(all, p)
	}
	return all
}

func (r random) policies() (all []networkingv1.NetworkPolicy) {
	for i := range 1 + r.IntN(6) {
		p := networkingv1.NetworkPolicy{
			TypeMeta:   metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"},
			ObjectMeta: metav1.ObjectMeta{Namespace: pick(r, namespaceNames...), Name: fmt.Sprint("policy-", i)},
		}
		if r.chance(70) {
			p.Spec.PodSelector = *r.selector()
		}
		for range r.IntN(3) {
			p.Spec.Ingress = append(p.Spec.Ingress, networkingv1.NetworkPolicyIngressRule{Ports: r.ports(), From: r.peers()})
		}
		for range r.IntN(3) {
			p.Spec.Egress = append(p.Spec.Egress, networkingv1.NetworkPolicyEgressRule{Ports: r.ports(), To: r.peers()})
		}
		p.Spec.PolicyTypes = pick(r, nil, []networkingv1.PolicyType{"Ingress"}, []networkingv1.PolicyType{"Egress"}, []networkingv1.PolicyType{"Ingress", "Egress"})
		all = append(all, p)
	}
	return all
}
