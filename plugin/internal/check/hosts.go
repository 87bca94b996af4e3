package check

import (
	"cmp"
	"fmt"
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
type parent struct{ kind, at string }

func (p parent) String() string { return p.kind + " " + p.at }

// parentOf is what a reference of an object names; !ok: it is a Service, to whose callers in
// the object's own namespace the object is.
func parentOf(o *snapshot.Object, reference any) (p parent, ok bool) {
	p.kind = cmp.Or(snapshot.Text(reference, "kind"), "Gateway")
	p.at = cmp.Or(snapshot.Text(reference, "namespace"), o.ID.Namespace) + "/" + snapshot.Text(reference, "name")
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
			rt.gateways = append(rt.gateways, parent{"Gateway", gateway})
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

// sharedHost finds hosts that two tenants claim: of one gateway by routes, and of the
// gateways' Pods of one mesh by Gateways.
func sharedHost(e *estate, r *report) {
	places := map[string][]claim{} // "where\nhost"
	add := func(where, host string, c claim) {
		key := where + "\n" + strings.ToLower(host)
		if !slices.ContainsFunc(places[key], func(known claim) bool { return known.tenant == c.tenant }) {
			places[key] = append(places[key], c)
		}
	}
	for _, rt := range e.routes() {
		for _, gateway := range rt.gateways {
			for _, host := range rt.hosts {
				if rt.tenant != "" {
					add(gateway.String(), host, claim{tenant: rt.tenant, o: rt.o})
				}
			}
		}
	}
	for _, o := range e.Of(istioNet, "Gateway") {
		t := e.tenants[e.owner(o.ID.Namespace)]
		if t == nil {
			continue
		}
		mesh := e.meshOf(t)
		where := fmt.Sprintf("the gateway of %s of the mesh %s", pairs(snapshot.TextMap(o.Content, "spec", "selector")), mesh)
		for _, server := range snapshot.List(o.Content, "spec", "servers") {
			for _, host := range snapshot.Texts(server, "hosts") {
				if _, name, bound := strings.Cut(host, "/"); bound {
					host = name
				}
				add(where, host, claim{tenant: t.Name, o: o})
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(places)) {
		where, host, _ := strings.Cut(key, "\n")
		by := slices.Clone(places[key])
		for _, wider := range widerHosts(host) {
			for _, c := range places[where+"\n"+wider] {
				if len(by) > few {
					break // who claims the wildcard is another finding's
				}
				if !slices.ContainsFunc(by, func(known claim) bool { return known.tenant == c.tenant }) {
					by = append(by, c)
				}
			}
		}
		r.claimed("host "+host+" of "+where, by, ": one tenant gets the other's requests")
	}
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
