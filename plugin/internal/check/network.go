package check

import (
	"net/netip"
	"slices"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/netpol"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

const networking = "networking.k8s.io"

func noNetworkPolicy(e *estate, r *report) {
	for _, t := range e.Tenants {
		if e.tenants[t.Name].partial {
			continue
		}
		for _, ns := range t.Namespaces {
			if slices.ContainsFunc(e.in[[2]string{ns, "NetworkPolicy"}], closesAll) {
				continue
			}
			f := r.add(e.namespace(ns), ns, []string{t.Name}, "Namespace %s of tenant %s: no NetworkPolicy closes all of its Pods to others", ns, t.Name)
			if t := e.tenants[t.Name]; t.spec().Network.Policy == v1alpha1.NetworkOpen {
				f.asked(t.config.File + ": spec.network.policy")
			}
		}
	}
}

// namespace is the object of a namespace; where somebody else makes it, any that is in it.
func (e *estate) namespace(name string) *snapshot.Object {
	if o := e.Get(object.ID{Kind: "Namespace", Name: name}); o != nil {
		return o
	}
	for _, kind := range []string{"NetworkPolicy", "PeerAuthentication", "RoleBinding", "ServiceAccount", "Deployment", "Service"} {
		if objects := e.in[[2]string{name, kind}]; len(objects) > 0 {
			return objects[0]
		}
	}
	return nil
}

// closesAll says whether a NetworkPolicy isolates every Pod of its namespace.
func closesAll(o *snapshot.Object) bool {
	types := snapshot.Texts(o.Content, "spec", "policyTypes")
	selector, err := snapshot.Selector(snapshot.Field(o.Content, "spec", "podSelector"))
	return err == nil && selector.Empty() && (len(types) == 0 || slices.Contains(types, "Ingress"))
}

// ingress calls use for each rule of a tenant's NetworkPolicies that lets somebody in.
func (e *estate) ingress(use func(o *snapshot.Object, tenant string, rule any)) {
	for _, group := range lookedUp["NetworkPolicy"] {
		for _, o := range e.Of(group, "NetworkPolicy") {
			tenant, types := e.owner(o.ID.Namespace), snapshot.Texts(o.Content, "spec", "policyTypes")
			if tenant == "" || len(types) > 0 && !slices.Contains(types, "Ingress") {
				continue
			}
			for _, rule := range snapshot.List(o.Content, "spec", "ingress") {
				use(o, tenant, rule)
			}
		}
	}
}

func openNetwork(e *estate, r *report) {
	e.ingress(func(o *snapshot.Object, tenant string, rule any) {
		for _, peer := range snapshot.List(rule, "from") {
			selector := snapshot.Field(peer, "namespaceSelector")
			if selector == nil {
				continue
			}
			if sel, err := snapshot.Selector(selector); err != nil || sel.Empty() {
				continue // which is everybody
			}
			e.opens(r, o, tenant, o.ID.Namespace, e.spaces.selected(selector), "")
		}
	})
	for _, c := range e.opened {
		if !c.all {
			e.opens(r, c.o, c.tenant, c.namespace, c.from, c.doubt())
		}
	}
}

// opens adds findings for the namespaces of other tenants among some that an object lets
// into a namespace of a tenant.
func (e *estate) opens(r *report, o *snapshot.Object, tenant, to string, namespaces []string, doubt string) {
	served := func(owner string) bool {
		return e.hosts(tenant, owner) && to == e.tenants[tenant].ControlPlane // the shared control plane serves it
	}
	var asked, others []string
	for _, ns := range namespaces {
		if e.asks[[2]string{tenant, ns}] != "" {
			asked = append(asked, ns)
		} else {
			others = append(others, ns)
		}
	}
	for _, part := range [][]string{asked, others} {
		found, tenants := e.foreign(tenant, part, served)
		if len(found) == 0 {
			continue
		}
		what := about(found)
		if o.ID.Namespace == "" { // it is of no tenant, and may be about several namespaces
			what = to + ": " + what
		}
		f := r.add(o, what, append(tenants, tenant), "%s: lets in %s of %s%s", where(o, tenant, to), some(found), called(tenants), doubt)
		if by := e.asks[[2]string{tenant, found[len(found)-1]}]; by != "" {
			f.asked(by)
		}
	}
}

// where is how messages name a policy of a tenant, or one of the cluster about a namespace
// of a tenant.
func where(o *snapshot.Object, tenant, to string) string {
	if o.ID.Namespace == "" {
		return o.ID.String() + ", in namespace " + to + " of tenant " + tenant
	}
	return o.ID.String() + " of tenant " + tenant
}

func publicNetwork(e *estate, r *report) {
	e.ingress(func(o *snapshot.Object, tenant string, rule any) {
		from := snapshot.List(rule, "from")
		everybody := slices.IndexFunc(from, isEverybody)
		if len(from) > 0 && everybody < 0 {
			return
		}
		pods := slices.ContainsFunc(from, func(peer any) bool { return isEverybody(peer) && snapshot.Field(peer, "ipBlock") == nil })
		if e.isFront(o.ID.Namespace, snapshot.Field(o.Content, "spec", "podSelector"), snapshot.List(rule, "ports"), !pods) {
			return
		}
		who := "everybody"
		if len(from) > 0 && snapshot.Field(from[everybody], "ipBlock") == nil {
			who = "every namespace"
		}
		f := r.add(o, who, []string{tenant}, "%s of tenant %s: lets in %s", o.ID, tenant, who)
		if t := e.tenants[tenant]; t.spec().Network.Policy == v1alpha1.NetworkOpen {
			f.asked(t.config.File + ": spec.network.policy")
		}
	})
	for _, c := range e.opened {
		if c.all && !e.isFront(c.namespace, snapshot.Field(c.o.Content, "spec", "subject", "pods", "podSelector"), snapshot.List(c.rule, "protocols"), false) {
			r.add(c.o, c.namespace+": every namespace", []string{c.tenant}, "%s: lets in every namespace%s", where(c.o, c.tenant, c.namespace), c.doubt())
		}
	}
}

// everybodys is the length of a prefix that has everybody, whoever has its addresses.
const everybodys = 8

// podPrefix and podPrefix6 are the lengths of the smallest networks of Pods that clusters have
// by default, of IPv4 and IPv6. A smaller range is taken for machines outside.
const podPrefix, podPrefix6 = 16, 56

func isEverybody(peer any) bool {
	if block, err := netip.ParsePrefix(snapshot.Text(peer, "ipBlock", "cidr")); err == nil {
		longest := podPrefix
		if block.Addr().Is6() {
			longest = podPrefix6
		}
		return block.Bits() <= everybodys || block.Bits() <= longest &&
			netpol.OfPods(&networkingv1.IPBlock{CIDR: block.String(), Except: snapshot.Texts(peer, "ipBlock", "except")})
	}
	selector := snapshot.Field(peer, "namespaceSelector")
	if selector == nil {
		return false
	}
	sel, err := snapshot.Selector(selector)
	return err == nil && sel.Empty()
}
