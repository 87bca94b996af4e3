package connections_test

import (
	"testing"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The two implementations differ in this: what NotIn makes of a Pod without the label.
// The API's documentation decides. Source:
// https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#set-based-requirement
// says that "tier notin (frontend, backend)" selects also "all resources with no labels
// with the tier key". Cyclonus takes it to select none of them.
func TestDifferences(t *testing.T) {
	namespace := corev1.Namespace{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"}, ObjectMeta: metav1.ObjectMeta{Name: "a"},
	}
	policy := networkingv1.NetworkPolicy{
		TypeMeta:   metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"},
		ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: "policy"},
		Spec: networkingv1.NetworkPolicySpec{
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
			Ingress: []networkingv1.NetworkPolicyIngressRule{{From: []networkingv1.NetworkPolicyPeer{{PodSelector: &metav1.LabelSelector{
				MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "tier", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"frontend", "backend"}}},
			}}}}},
		},
	}
	c := newCluster([]corev1.Namespace{namespace}, []networkingv1.NetworkPolicy{policy})
	c.Connections = []connection{{From: pod{Namespace: "a", Address: "10.0.0.1"}, To: pod{Namespace: "a", Address: "10.0.0.2"}, Protocol: corev1.ProtocolTCP, Port: 80}}
	says := func(policies []*networkingv1.NetworkPolicy) bool {
		return matcher.BuildNetworkPolicies(false, policies).IsTrafficAllowed(c.traffic(c.Connections[0])).IsAllowed()
	}
	require.Equal(t, [][]answer{{{Allowed: true, By: []string{"NetworkPolicy a/policy Ingress 0"}}}}, ask(t, []cluster{c}))
	require.False(t, says([]*networkingv1.NetworkPolicy{&policy}), "Cyclonus has learned it: compare without the other words")
	require.True(t, says(c.forCyclonus()))
}

// forCyclonus are the policies as the API server keeps them, which cyclonus wants, and
// with other words for NotIn: a policy or a peer with it stands beside another, which
// selects what does not have the label.
func (c cluster) forCyclonus() (all []*networkingv1.NetworkPolicy) {
	for _, p := range c.policies {
		for _, pods := range inOtherWords(&p.Spec.PodSelector) {
			p := p.DeepCopy()
			if p.Spec.PolicyTypes == nil {
				p.Spec.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
				if len(p.Spec.Egress) > 0 {
					p.Spec.PolicyTypes = append(p.Spec.PolicyTypes, networkingv1.PolicyTypeEgress)
				}
			}
			p.Spec.PodSelector = *pods
			for i := range p.Spec.Ingress {
				p.Spec.Ingress[i].From = peersInOtherWords(p.Spec.Ingress[i].From)
			}
			for i := range p.Spec.Egress {
				p.Spec.Egress[i].To = peersInOtherWords(p.Spec.Egress[i].To)
			}
			all = append(all, p)
		}
	}
	return all
}

func peersInOtherWords(peers []networkingv1.NetworkPolicyPeer) (all []networkingv1.NetworkPolicyPeer) {
	for _, p := range peers {
		for _, pods := range inOtherWords(p.PodSelector) {
			for _, namespaces := range inOtherWords(p.NamespaceSelector) {
				all = append(all, networkingv1.NetworkPolicyPeer{IPBlock: p.IPBlock, PodSelector: pods, NamespaceSelector: namespaces})
			}
		}
	}
	return all
}

// inOtherWords are selectors of which any selects what one does.
func inOtherWords(s *metav1.LabelSelector) []*metav1.LabelSelector {
	if s == nil {
		return []*metav1.LabelSelector{nil}
	}
	all := []*metav1.LabelSelector{{MatchLabels: s.MatchLabels}}
	for _, e := range s.MatchExpressions {
		ways := []metav1.LabelSelectorRequirement{e}
		if e.Operator == metav1.LabelSelectorOpNotIn {
			ways = append(ways, metav1.LabelSelectorRequirement{Key: e.Key, Operator: metav1.LabelSelectorOpDoesNotExist})
		}
		var longer []*metav1.LabelSelector
		for _, one := range all {
			for _, way := range ways {
				next := one.DeepCopy()
				next.MatchExpressions = append(next.MatchExpressions, way)
				longer = append(longer, next)
			}
		}
		all = longer
	}
	return all
}
