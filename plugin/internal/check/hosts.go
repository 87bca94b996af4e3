package check

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

const gatewayAPI = "gateway.networking.k8s.io"

// route is an object that attaches itself to gateways, or to more listeners of them.
type route struct {
	o        *snapshot.Object
	tenant   string
	gateways []parent
	hosts    []string
}

// parent is what a route attaches itself to, such as Gateway ns-1/web.
type parent struct {
	group, kind, at string
	listener        string // its name; "": any
	port            int64  // 0: any
}

func (p parent) String() string { return p.kind + " " + p.at }

// parentOf is what a reference of an object names; !ok: it is a Service, to whose callers in
// the object's own namespace the object is.
func parentOf(o *snapshot.Object, reference any) (p parent, ok bool) {
	p.group = cmp.Or(snapshot.Text(reference, "group"), gatewayAPI)
	p.kind = cmp.Or(snapshot.Text(reference, "kind"), "Gateway")
	p.at = cmp.Or(snapshot.Text(reference, "namespace"), o.ID.Namespace) + "/" + snapshot.Text(reference, "name")
	p.listener = snapshot.Text(reference, "sectionName")
	p.port, _ = snapshot.Field(reference, "port").(int64)
	return p, p.kind != "Service" && p.kind != "ServiceEntry"
}

func (e *estate) routes() (found []route) {
	for _, o := range e.Of(istioNet, "VirtualService") {
		rt := route{o: o, tenant: e.owner(o.ID.Namespace), hosts: snapshot.Texts(o.Content, "spec", "hosts")}
		for _, gateway := range snapshot.Texts(o.Content, "spec", "gateways") {
			switch {
			case gateway == "mesh":
				continue
			case !strings.Contains(gateway, "/"):
				gateway = o.ID.Namespace + "/" + gateway
			}
			rt.gateways = append(rt.gateways, parent{group: istioNet, kind: "Gateway", at: gateway})
		}
		found = append(found, rt)
	}
	for _, kind := range []string{"HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"} {
		for _, o := range e.Of(gatewayAPI, kind) {
			rt := route{o: o, tenant: e.owner(o.ID.Namespace), hosts: snapshot.Texts(o.Content, "spec", "hostnames")}
			for _, reference := range snapshot.List(o.Content, "spec", "parentRefs") {
				if p, ok := parentOf(o, reference); ok {
					rt.gateways = append(rt.gateways, p)
				}
			}
			found = append(found, rt)
		}
	}
	for _, o := range slices.Concat(e.Of(gatewayAPI, "ListenerSet"), e.Of("gateway.networking.x-k8s.io", "XListenerSet")) {
		rt := route{o: o, tenant: e.owner(o.ID.Namespace)}
		if p, ok := parentOf(o, snapshot.Field(o.Content, "spec", "parentRef")); ok {
			rt.gateways = append(rt.gateways, p)
		}
		for _, listener := range snapshot.List(o.Content, "spec", "listeners") {
			rt.hosts = append(rt.hosts, cmp.Or(snapshot.Text(listener, "hostname"), unlimited))
		}
		found = append(found, rt)
	}
	return found
}

func foreignGateway(e *estate, r *report) {
	for _, rt := range e.routes() {
		for _, gateway := range rt.gateways {
			ns, _, _ := strings.Cut(gateway.at, "/")
			owner := e.owner(ns)
			if rt.tenant == "" || owner == "" || e.isOf(rt.tenant, ns) || e.hosts(owner, rt.tenant) {
				continue
			}
			r.add(rt.o, gateway.at, []string{rt.tenant, owner}, "%s of tenant %s: is attached to %s of tenant %s", rt.o.ID, rt.tenant, gateway, owner)
		}
	}
}

// hostClaim is a host that a tenant claims.
type hostClaim struct {
	claim
	// at are the listeners of the gateway; none: any.
	at []string
	// pods select the gateways, for what Istio takes for all gateways with labels.
	pods map[string]string
	// own: it is of everything that comes to the tenant's own gateway, whose hosts it gives
	// to others.
	own bool
}

// hostPlace is where hosts are claimed: a gateway, or the gateways of a mesh.
type hostPlace struct{ group, where, host string }

// hostClaims are claims by what they claim, those of one tenant once.
type hostClaims map[hostPlace][]hostClaim

func (h hostClaims) add(group, where, host string, c hostClaim) {
	key := hostPlace{group, where, strings.ToLower(host)}
	for i, known := range h[key] {
		if known.tenant == c.tenant && maps.Equal(known.pods, c.pods) {
			if known.at != nil {
				h[key][i].at = append(known.at, c.at...)
			}
			if c.at == nil {
				h[key][i].at = nil
			}
			h[key][i].own = known.own && c.own
			return
		}
	}
	h[key] = append(h[key], c)
}

// sorted are the places, in order.
func (h hostClaims) sorted() []hostPlace {
	return slices.SortedFunc(maps.Keys(h), func(a, b hostPlace) int {
		return cmp.Or(cmp.Compare(a.group, b.group), cmp.Compare(a.where, b.where), cmp.Compare(a.host, b.host))
	})
}

// sharedHost finds hosts that two tenants claim: of one gateway by routes, and of the
// gateways' Pods of one mesh by Gateways and Ingresses.
func sharedHost(e *estate, r *report) {
	routes := hostClaims{}
	for _, rt := range e.routes() {
		for _, gateway := range rt.gateways {
			if rt.tenant != "" {
				e.claimRoute(routes, rt, gateway)
			}
		}
	}
	for _, key := range routes.sorted() {
		var more []hostClaim
		for _, wider := range widerHosts(key.host) {
			for _, c := range routes[hostPlace{key.group, key.where, wider}] {
				if !c.own {
					more = append(more, c)
				}
			}
		}
		r.claimedHost(key, routes[key], more)
	}
	e.sharedGateways(r)
}

// claimedHost adds a finding about a host that several claim, by itself or by a wildcard.
func (r *report) claimedHost(key hostPlace, by, wider []hostClaim) {
	all := slices.Concat(by, wider)
	var claims []claim
	for i, c := range all {
		if i >= len(by) && len(claims) > few {
			break // who claims the wildcard is another finding's
		}
		if slices.ContainsFunc(all, func(o hostClaim) bool { return o.tenant != c.tenant && meet(o.at, c.at) }) &&
			!slices.ContainsFunc(claims, func(known claim) bool { return known.tenant == c.tenant }) {
			claims = append(claims, c.claim)
		}
	}
	r.claimed("host "+key.host+" of "+key.where, claims, ": one tenant gets the other's requests")
}

// meet says whether two claims are of one listener.
func meet(a, b []string) bool {
	return a == nil || b == nil || slices.ContainsFunc(a, func(at string) bool { return slices.Contains(b, at) })
}

// few is how many tenants that claim more are named beside one that claims a host.
const few = 3

// meshOf is what tells apart whose gateways a tenant's Gateways configure.
func (e *estate) meshOf(t *tenant) string {
	if t.mesh != "" {
		return t.mesh
	}
	for _, p := range e.planesOf[t.Name] {
		if _, _, unlimited := e.watched(p); unlimited {
			return "of all"
		}
	}
	if len(e.planesOf[t.Name]) == 0 && len(e.planesOf[""]) > 0 {
		return "of all" // which somebody else's control plane is
	}
	return t.Name
}

// widerHosts are the wildcards that take in a host.
func widerHosts(host string) (wider []string) {
	if host == unlimited {
		return nil
	}
	for rest := strings.TrimPrefix(host, "*."); ; {
		_, after, found := strings.Cut(rest, ".")
		if !found {
			return append(wider, unlimited)
		}
		wider, rest = append(wider, "*."+after), after
	}
}

func pairs(labels map[string]string) string {
	var parts []string
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		parts = append(parts, key+"="+labels[key])
	}
	return strings.Join(parts, ",")
}
