package netpol

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	corelisters "k8s.io/client-go/listers/core/v1"
	"sigs.k8s.io/network-policy-api/apis/v1alpha2"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// Network is what a snapshot says of the network. It may be asked from several
// goroutines.
type Network struct {
	// Unread are policies of kinds that are not evaluated here. Each may forbid or
	// allow other connections than this package says.
	Unread []object.ID

	namespaces map[string]labels.Set
	policies   map[string][]*policy
	cluster    []*clusterPolicy
	clusterOf  map[string][]*clusterPolicy
	nodes      corelisters.NodeLister
	pods       map[string][]Pod

	// labelled are the names of the namespaces with a label.
	labelled map[label][]string

	mutex    sync.Mutex
	tiersOf  map[string][]tier
	selected map[string][]string
}

// policy is a NetworkPolicy, with all that the API server adds.
type policy struct {
	id     object.ID
	source snapshot.Source
	pods   labels.Selector
	whole  *networkingv1.NetworkPolicy
	// alone are the policy's rules, each as a policy with that rule only.
	alone map[networkingv1.PolicyType][]*networkingv1.NetworkPolicy
}

func (p *policy) has(direction networkingv1.PolicyType) bool {
	return slices.Contains(p.whole.Spec.PolicyTypes, direction)
}

// others are kinds of policies that other network plugins evaluate, or that
// ClusterNetworkPolicy has replaced.
var others = []struct{ group, kind string }{
	{"policy.networking.k8s.io", "AdminNetworkPolicy"},
	{"policy.networking.k8s.io", "BaselineAdminNetworkPolicy"},
	{"crd.projectcalico.org", "NetworkPolicy"},
	{"crd.projectcalico.org", "GlobalNetworkPolicy"},
	{"projectcalico.org", "NetworkPolicy"},
	{"projectcalico.org", "GlobalNetworkPolicy"},
	{"cilium.io", "CiliumNetworkPolicy"},
	{"cilium.io", "CiliumClusterwideNetworkPolicy"},
	{"crd.antrea.io", "NetworkPolicy"},
	{"crd.antrea.io", "ClusterNetworkPolicy"},
}

// ErrPlatform is returned on Windows instead of a network.
var ErrPlatform = errors.New("policies of the network are not evaluated on Windows: run this on Linux or macOS, or in a container")

// New reads the network of a snapshot. A policy that an API server would refuse is an
// error. On Windows, ErrPlatform is.
func New(s *snapshot.Snapshot) (*Network, error) {
	if !evaluates {
		return nil, ErrPlatform
	}
	n := &Network{
		namespaces: map[string]labels.Set{}, policies: map[string][]*policy{}, pods: map[string][]Pod{},
		clusterOf: map[string][]*clusterPolicy{}, labelled: map[label][]string{}, tiersOf: map[string][]tier{}, selected: map[string][]string{},
	}
	var errs []error
	for _, o := range s.Of("", "Namespace") {
		n.namespaces[o.ID.Name] = withName(o.ID.Name, o.Labels())
	}
	for _, t := range s.Tenants { // whose Namespaces may not be here, since somebody else makes them
		for _, name := range t.Namespaces {
			if n.namespaces[name] == nil {
				n.namespaces[name] = withName(name, map[string]string{v1alpha1.TenantLabel: t.Name})
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(n.namespaces)) {
		for key, value := range n.namespaces[name] {
			n.labelled[label{key, value}] = append(n.labelled[label{key, value}], name)
		}
	}
	for _, group := range []string{networkingv1.GroupName, "extensions"} {
		for _, o := range s.Of(group, "NetworkPolicy") {
			p, err := read(o)
			errs = append(errs, err)
			n.policies[o.ID.Namespace] = append(n.policies[o.ID.Namespace], p)
		}
	}
	errs = append(errs, n.readCluster(s), n.readPods(s))
	nodes := informers.NewSharedInformerFactory(nil, 0).Core().V1().Nodes()
	for _, o := range s.Of("", "Node") {
		node, err := snapshot.Decode[corev1.Node](o)
		errs = append(errs, err, nodes.Informer().GetIndexer().Add(&node))
	}
	n.nodes = nodes.Lister()
	for _, other := range others {
		for _, o := range s.Of(other.group, other.kind) {
			n.Unread = append(n.Unread, o.ID)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	for _, p := range n.cluster {
		for _, subject := range p.subjects() {
			for _, namespace := range n.matching(subject) {
				n.clusterOf[namespace] = append(n.clusterOf[namespace], p)
			}
		}
	}
	return n, nil
}

// labels are those of a Namespace. One that nobody knows has the name that the API server
// gives to each.
func (n *Network) labels(namespace string) labels.Set {
	if found, ok := n.namespaces[namespace]; ok {
		return found
	}
	return withName(namespace, nil)
}

func withName(namespace string, own map[string]string) labels.Set {
	all := maps.Clone(own)
	if all == nil {
		all = map[string]string{}
	}
	all[object.NameLabel] = namespace
	return all
}

// read returns a NetworkPolicy as the API server keeps it: one without policyTypes is
// for what comes in, and for what goes out if it has rules for that; a port without a
// protocol is one of TCP; and a list of no rules is no list.
//
// Source: pkg/apis/networking/v1/defaults.go of Kubernetes 1.36. That an empty list is
// none matters to the engine, which takes it for a list that allows everything.
func read(o *snapshot.Object) (*policy, error) {
	whole, err := snapshot.Decode[networkingv1.NetworkPolicy](o)
	if err != nil {
		return nil, err
	}
	spec := &whole.Spec
	if len(spec.PolicyTypes) == 0 {
		spec.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
		if len(spec.Egress) > 0 {
			spec.PolicyTypes = append(spec.PolicyTypes, networkingv1.PolicyTypeEgress)
		}
	}
	if len(spec.Ingress) == 0 {
		spec.Ingress = nil
	}
	if len(spec.Egress) == 0 {
		spec.Egress = nil
	}
	for i := range spec.Ingress {
		complete(spec.Ingress[i].Ports)
	}
	for i := range spec.Egress {
		complete(spec.Egress[i].Ports)
	}
	if err := check(spec); err != nil {
		return nil, fmt.Errorf("%s: %w", o, err)
	}
	p := &policy{id: o.ID, source: o.Source, whole: &whole, alone: map[networkingv1.PolicyType][]*networkingv1.NetworkPolicy{}}
	p.pods, _ = metav1.LabelSelectorAsSelector(&spec.PodSelector) // was checked
	for _, direction := range spec.PolicyTypes {
		p.alone[direction] = alone(&whole, direction)
	}
	return p, nil
}

func complete(ports []networkingv1.NetworkPolicyPort) {
	for i := range ports {
		if ports[i].Protocol == nil {
			ports[i].Protocol = new(corev1.ProtocolTCP)
		}
	}
}

func alone(whole *networkingv1.NetworkPolicy, direction networkingv1.PolicyType) []*networkingv1.NetworkPolicy {
	var all []*networkingv1.NetworkPolicy
	one := func(spec networkingv1.NetworkPolicySpec) {
		spec.PolicyTypes = []networkingv1.PolicyType{direction}
		all = append(all, &networkingv1.NetworkPolicy{ObjectMeta: whole.ObjectMeta, Spec: spec})
	}
	if direction == networkingv1.PolicyTypeIngress {
		for _, rule := range whole.Spec.Ingress {
			one(networkingv1.NetworkPolicySpec{Ingress: []networkingv1.NetworkPolicyIngressRule{rule}})
		}
		return all
	}
	for _, rule := range whole.Spec.Egress {
		one(networkingv1.NetworkPolicySpec{Egress: []networkingv1.NetworkPolicyEgressRule{rule}})
	}
	return all
}

// clusterPolicy is a ClusterNetworkPolicy.
type clusterPolicy struct {
	id     object.ID
	source snapshot.Source
	whole  *v1alpha2.ClusterNetworkPolicy
}

func (n *Network) readCluster(s *snapshot.Snapshot) error {
	var errs []error
	for _, o := range s.Of("policy.networking.k8s.io", "ClusterNetworkPolicy") {
		whole, err := snapshot.Decode[v1alpha2.ClusterNetworkPolicy](o)
		if err == nil {
			if err = checkCluster(&whole.Spec); err != nil {
				err = fmt.Errorf("%s: %w", o, err)
			}
		}
		errs = append(errs, err)
		n.cluster = append(n.cluster, &clusterPolicy{o.ID, o.Source, &whole})
	}
	slices.SortStableFunc(n.cluster, func(a, b *clusterPolicy) int {
		return cmp.Or(cmp.Compare(a.priority(), b.priority()), cmp.Compare(a.id.Name, b.id.Name))
	})
	return errors.Join(errs...)
}
