package check

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
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
	for _, o := range e.Of(networking, "NetworkPolicy") {
		tenant, types := e.owner(o.ID.Namespace), snapshot.Texts(o.Content, "spec", "policyTypes")
		if tenant == "" || len(types) > 0 && !slices.Contains(types, "Ingress") {
			continue
		}
		for _, rule := range snapshot.List(o.Content, "spec", "ingress") {
			use(o, tenant, rule)
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
			e.opens(r, o, tenant, e.spaces.selected(selector))
		}
	})
}

// opens adds findings for the namespaces of other tenants among some that an object lets in.
func (e *estate) opens(r *report, o *snapshot.Object, tenant string, namespaces []string) {
	found, _ := e.foreign(tenant, namespaces, func(owner string) bool {
		return e.hosts(tenant, owner) && o.ID.Namespace == e.tenants[tenant].ControlPlane // the shared control plane serves it
	})
	var asked, others []string
	by := ""
	for _, ns := range found {
		if who := e.asks[[2]string{tenant, ns}]; who != "" {
			asked, by = append(asked, ns), who
		} else {
			others = append(others, ns)
		}
	}
	for _, part := range []struct {
		namespaces []string
		asked      string
	}{{asked, by}, {others, ""}} {
		if len(part.namespaces) == 0 {
			continue
		}
		_, tenants := e.foreign(tenant, part.namespaces, nil)
		f := r.add(o, about(part.namespaces), append(tenants, tenant), "%s of tenant %s: lets in %s of %s", o.ID, tenant, some(part.namespaces), called(tenants))
		if part.asked != "" {
			f.asked(part.asked)
		}
	}
}

func publicNetwork(e *estate, r *report) {
	e.ingress(func(o *snapshot.Object, tenant string, rule any) {
		from := snapshot.List(rule, "from")
		everybody := slices.IndexFunc(from, isEverybody)
		switch {
		case len(from) > 0 && everybody < 0:
			return
		case len(from) == 0 && e.isFront(o, rule):
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
}

// podsPrefix is the length of a prefix that has the Pods of most clusters: 10.0.0.0/8.
const podsPrefix = 8

func isEverybody(peer any) bool {
	if block, err := netip.ParsePrefix(snapshot.Text(peer, "ipBlock", "cidr")); err == nil && block.Bits() <= podsPrefix {
		return true
	}
	selector := snapshot.Field(peer, "namespaceSelector")
	if selector == nil {
		return false
	}
	sel, err := snapshot.Selector(selector)
	return err == nil && sel.Empty()
}

// isFront says whether a rule without peers is about the ports of Pods that are there for
// everybody: gateways, and what the API server calls.
func (e *estate) isFront(o *snapshot.Object, rule any) bool {
	if len(snapshot.List(rule, "ports")) == 0 {
		return false
	}
	selector := snapshot.Field(o.Content, "spec", "podSelector")
	for _, m := range snapshot.List(selector, "matchExpressions") {
		if key := snapshot.Text(m, "key"); snapshot.Text(m, "operator") == "Exists" && (strings.HasPrefix(key, "gateway.networking.k8s.io/") || strings.HasPrefix(key, "gateway.istio.io/")) {
			return true // of gateways that Istio deploys later
		}
	}
	wanted := snapshot.TextMap(selector, "matchLabels")
	if len(wanted) == 0 {
		return false
	}
	for _, s := range e.in[[2]string{o.ID.Namespace, "Service"}] {
		kind := snapshot.Text(s.Content, "spec", "type")
		if (kind == "LoadBalancer" || kind == "NodePort" || e.calls(s)) && overlap(wanted, snapshot.TextMap(s.Content, "spec", "selector")) {
			return true
		}
	}
	return false
}

// overlap says whether two selectors have a label in common, and none that differs.
func overlap(a, b map[string]string) bool {
	common := false
	for key, value := range a {
		if other, both := b[key]; both {
			if other != value {
				return false
			}
			common = true
		}
	}
	return common
}
