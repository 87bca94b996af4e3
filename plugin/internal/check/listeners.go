package check

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// claimRoute adds the hosts that a route claims of what it attaches itself to. A route
// without hosts gets what comes to the listeners that take it.
func (e *estate) claimRoute(all hostClaims, rt route, p parent) {
	where, c := p.String(), hostClaim{claim: claim{tenant: rt.tenant, o: rt.o}}
	if len(rt.hosts) > 0 {
		for _, host := range rt.hosts {
			all.add(p.group, where, host, c)
		}
		return
	}
	if rt.o.ID.Group != gatewayAPI || !strings.HasSuffix(rt.o.ID.Kind, "Route") {
		return
	}
	ns, name, _ := strings.Cut(p.at, "/")
	if protocol, _, of := strings.Cut(rt.o.ID.Kind, "PRoute"); of && protocol != "HTT" { // TCP or UDP, which know no hosts
		where += ", for every " + rt.o.ID.Kind
	}
	c.own = e.isOf(rt.tenant, ns)
	gateway := e.Get(object.ID{Group: gatewayAPI, Kind: p.kind, Namespace: ns, Name: name})
	if gateway == nil || p.kind != "Gateway" {
		if at := fmt.Sprint(p.listener, " ", p.port); p.listener != "" || p.port != 0 {
			c.at = []string{at}
		}
		all.add(p.group, where, unlimited, c)
		return
	}
	for _, l := range snapshot.List(gateway.Content, "spec", "listeners") {
		if port, _ := snapshot.Field(l, "port").(int64); e.takes(gateway, l, rt, p, port) {
			c.at = []string{fmt.Sprint("port ", port)}
			all.add(p.group, where, cmp.Or(snapshot.Text(l, "hostname"), unlimited), c)
		}
	}
}

// takes says whether a listener of a Gateway takes a route.
func (e *estate) takes(gateway *snapshot.Object, listener any, rt route, p parent, port int64) bool {
	kinds, known := routeKinds[snapshot.Text(listener, "protocol")]
	if p.listener != "" && p.listener != snapshot.Text(listener, "name") || p.port != 0 && p.port != port || known && !slices.Contains(kinds, rt.o.ID.Kind) {
		return false
	}
	allowed := snapshot.Field(listener, "allowedRoutes")
	if kinds := snapshot.List(allowed, "kinds"); len(kinds) > 0 && !slices.ContainsFunc(kinds, func(k any) bool { return snapshot.Text(k, "kind") == rt.o.ID.Kind }) {
		return false
	}
	switch snapshot.Text(allowed, "namespaces", "from") {
	case "All":
		return true
	case "Selector":
		return slices.Contains(e.spaces.selected(snapshot.Field(allowed, "namespaces", "selector")), rt.o.ID.Namespace)
	case "None":
		return false
	}
	return rt.o.ID.Namespace == gateway.ID.Namespace
}

// routeKinds are the kinds of routes that listeners of a protocol take. Source: the Gateway
// API, apis/v1/gateway_types.go, 1.4.
var routeKinds = map[string][]string{
	"HTTP": {"HTTPRoute", "GRPCRoute"}, "HTTPS": {"HTTPRoute", "GRPCRoute"}, "TLS": {"TLSRoute", "TCPRoute"}, "TCP": {"TCPRoute"}, "UDP": {"UDPRoute"},
}
