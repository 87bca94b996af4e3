package netpol

import (
	"context"
	"net"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/network-policy-api/apis/v1alpha2"
)

// mostTries bounds how many rules are tried for one answer. What people write takes a few
// thousand tries.
const mostTries = 1 << 17

// Lets says from which other namespaces a rule of a ClusterNetworkPolicy decides that some Pod
// of a namespace is connected to: no other rule decides before it, at either end. The Pods are
// any that somebody may create. What the other namespace's own policies forbid to its Pods
// does not count, since its tenant may remove these.
//
// It is not sure where there are too many ways to try, or ctx has ended, and no connection was
// found.
func (n *Network) Lets(ctx context.Context, o Opening, to string) func(from string) (lets, sure bool) {
	l := letting{Network: n, to: to, pods: o.Pods, known: map[string][2]bool{}}
	tiers := n.tiers(to)
	for i, t := range tiers {
		for _, r := range t {
			if r.rule.Policy == o.Policy && r.rule.Direction == networkingv1.PolicyTypeIngress && r.rule.Index == o.Rule {
				l.opener, l.before = r, t.before(r)
				l.add(r)
				l.add(l.before...)
				l.baseline = i > 0
			}
		}
	}
	if l.baseline {
		l.add(tiers[0]...)
		for _, p := range n.policies[to] {
			if p.has(networkingv1.PolicyTypeIngress) {
				l.closing = append(l.closing, p.pods)
			}
		}
	}
	return func(from string) (lets, sure bool) { return l.lets(ctx, from) }
}

// before are the rules that decide before another one about what comes in: those of policies
// with a lower priority value, and those that its own policy has before it. Of policies with
// the same one, a cluster may take any.
func (t tier) before(other clusterRule) (all []clusterRule) {
	for _, r := range t {
		first := r.policy.priority() < other.policy.priority() || r.policy == other.policy && r.rule.Index < other.rule.Index
		if first && r.rule.Direction == networkingv1.PolicyTypeIngress {
			all = append(all, r)
		}
	}
	return all
}

// letting is an opening, and all that is to be known for it whoever connects.
type letting struct {
	*Network
	to string
	// pods are those to which it leads.
	pods   labels.Selector
	opener clusterRule
	before []clusterRule
	// baseline says that it is of the tier Baseline. It then decides about Pods that no
	// NetworkPolicy selects, and closing are the selectors of these.
	baseline bool
	closing  []labels.Selector
	// rules are all that may decide. The opener is the first.
	rules []incoming
	known map[string][2]bool
}

// incoming are the peers of a rule.
type incoming struct {
	clusterRule
	peers []peer
}

type peer struct{ namespaces, pods labels.Selector }

func (l *letting) add(rules ...clusterRule) {
	for _, r := range rules {
		if r.rule.Direction != networkingv1.PolicyTypeIngress {
			continue
		}
		in := incoming{clusterRule: r}
		for _, from := range r.policy.whole.Spec.Ingress[r.rule.Index].From {
			switch {
			case from.Pods != nil:
				in.peers = append(in.peers, peer{parsed(&from.Pods.NamespaceSelector), parsed(&from.Pods.PodSelector)})
			case from.Namespaces != nil:
				in.peers = append(in.peers, peer{parsed(from.Namespaces), labels.Everything()})
			}
		}
		l.rules = append(l.rules, in)
	}
}

// parsed is a selector that was checked.
func parsed(s *metav1.LabelSelector) labels.Selector {
	p, _ := metav1.LabelSelectorAsSelector(s)
	return p
}

// lets tries one of the namespaces that no rule tells apart.
func (l *letting) lets(ctx context.Context, from string) (lets, sure bool) {
	var kind strings.Builder
	own := l.labels(from)
	a := attempt{letting: l, from: from, numbers: numbers{}}
	for i, r := range l.rules {
		of := len(a.senders)
		for j, p := range r.peers {
			if p.namespaces.Matches(own) {
				kind.WriteRune(rune('a' + j))
				a.senders = append(a.senders, p.pods)
			}
		}
		kind.WriteByte(' ')
		if len(a.senders) > of {
			a.receivers = append(a.receivers, r.policy.pods())
			a.tellApart(r.policy.whole.Spec.Ingress[r.rule.Index].Protocols)
		} else if i == 0 { // the opener is not about this namespace
			return false, true
		}
	}
	for _, p := range l.about(from) {
		if p.whole.Spec.Tier == v1alpha2.AdminTier && len(p.whole.Spec.Egress) > 0 {
			kind.WriteString(p.id.Name + " ")
			a.leave(p)
		}
	}
	if known, found := l.known[kind.String()]; found {
		return known[0], known[1]
	}
	lets, sure = a.try(ctx)
	l.known[kind.String()] = [2]bool{lets, sure}
	return lets, sure
}

// pods select those that a policy is about.
func (p *clusterPolicy) pods() labels.Selector {
	if subject := p.whole.Spec.Subject.Pods; subject != nil {
		return parsed(&subject.PodSelector)
	}
	return labels.Everything()
}

// attempt is what is to be tried: by which selectors, names and numbers of ports the rules
// about connections from one namespace tell these apart.
type attempt struct {
	*letting
	from               string
	senders, receivers []labels.Selector
	numbers            numbers
	names              []string
}

func (a *attempt) tellApart(protocols []v1alpha2.ClusterNetworkPolicyProtocol) {
	a.numbers.addAll(protocols)
	for _, p := range protocols {
		if name := p.DestinationNamedPort; name != "" && !slices.Contains(a.names, name) {
			a.names = append(a.names, name)
		}
	}
}

// leave adds a policy about what goes out.
func (a *attempt) leave(p *clusterPolicy) {
	a.senders = append(a.senders, p.pods())
	for _, rule := range p.whole.Spec.Egress {
		a.tellApart(rule.Protocols)
		for _, to := range rule.To {
			if to.Pods != nil && selects(&to.Pods.NamespaceSelector, a.labels(a.to)) {
				a.receivers = append(a.receivers, parsed(&to.Pods.PodSelector))
			}
		}
	}
}

func (a *attempt) try(ctx context.Context) (lets, sure bool) {
	receivers, all := labelSetsOf([]labels.Selector{a.pods}, distinct(a.receivers), distinct(a.closing))
	senders, every := labelSets(distinct(a.senders))
	addresses, tries := apart(a.clusterRanges(a.from)), 0
	for _, port := range a.numbers.ports() {
		for _, name := range append([]string{""}, a.names...) { // the same number may be of a port with any name
			for _, receiver := range receivers {
				to := Pod{Namespace: a.to, Labels: receiver, Ports: []Port{{name, port.Protocol, port.Number}}}
				for _, sender := range senders {
					if tries += len(a.rules) + len(addresses); tries > mostTries || ctx.Err() != nil {
						return true, false
					}
					if a.decides(connection{a.Network, Pod{Namespace: a.from, Labels: sender}, to, port.Protocol, port.Number}, addresses) {
						return true, true
					}
				}
			}
		}
	}
	return !all || !every, all && every
}

// distinct are selectors, each once.
func distinct(selectors []labels.Selector) (all []labels.Selector) {
	seen := map[string]bool{}
	for _, s := range selectors {
		if text := s.String(); !seen[text] {
			seen[text] = true
			all = append(all, s)
		}
	}
	return all
}

// decides says whether the opener decides about a connection.
func (l *letting) decides(c connection, addresses []net.IP) bool {
	in := func(r clusterRule) bool { return r.matches(c, networkingv1.PolicyTypeIngress, nil) }
	if !in(l.opener) || slices.ContainsFunc(l.before, in) {
		return false
	}
	if l.baseline {
		if _, final := l.tiers(l.to)[0].decide(c, networkingv1.PolicyTypeIngress, nil); final {
			return false
		}
	}
	return slices.ContainsFunc(addresses, func(address net.IP) bool {
		out, final := l.tiers(c.from.Namespace)[0].decide(c, networkingv1.PolicyTypeEgress, address)
		return !final || out.Allowed
	})
}
