package check

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// sharedGateways finds hosts that the Gateways of Istio, and Ingresses, of two tenants of one
// mesh claim of the same gateways: each is for all Pods of the mesh that its selector selects.
func (e *estate) sharedGateways(r *report) {
	all := hostClaims{} // by mesh
	for _, o := range e.Of(istioNet, "Gateway") {
		t := e.tenants[e.owner(o.ID.Namespace)]
		if t == nil {
			continue
		}
		c := hostClaim{claim: claim{tenant: t.Name, o: o}, pods: snapshot.TextMap(o.Content, "spec", "selector")}
		for _, server := range snapshot.List(o.Content, "spec", "servers") {
			for _, host := range snapshot.Texts(server, "hosts") {
				if _, name, bound := strings.Cut(host, "/"); bound {
					host = name
				}
				all.add(istioNet, e.meshOf(t), host, c)
			}
		}
	}
	e.claimIngresses(all)
	for _, key := range all.sorted() {
		told := map[string]bool{}
		for _, c := range all[key] {
			if of := pairs(c.pods); !told[of] {
				told[of] = true
				where := "the gateway of " + of + " of the mesh " + key.where
				by, wider := e.ofGateways(all, key, c.pods)
				r.claimedHost(hostPlace{key.group, where, key.host}, by, wider)
			}
		}
	}
}

// ofGateways are the claims of a host of gateways with labels: those with just these labels,
// and those that select the same Pods by others. Of two that do, one tells of the other.
func (e *estate) ofGateways(all hostClaims, key hostPlace, pods map[string]string) (by, wider []hostClaim) {
	for _, c := range all[key] {
		if maps.Equal(c.pods, pods) {
			by = append(by, c)
		}
	}
	for _, c := range all[key] {
		if !maps.Equal(c.pods, pods) && (isPart(c.pods, pods) || !isPart(pods, c.pods) && pairs(c.pods) < pairs(pods) && e.together(key.where, c.pods, pods)) {
			by = append(by, c)
		}
	}
	for _, host := range widerHosts(key.host) {
		for _, c := range all[hostPlace{key.group, key.where, host}] {
			if isPart(c.pods, pods) || isPart(pods, c.pods) || e.together(key.where, c.pods, pods) {
				wider = append(wider, c)
			}
		}
	}
	return by, wider
}

// isPart says whether whatever has all of some labels has those of a part, too.
func isPart(part, of map[string]string) bool {
	for key, value := range part {
		if other, both := of[key]; !both || other != value {
			return false
		}
	}
	return true
}

// together says whether a workload of a mesh has Pods that two selectors select.
func (e *estate) together(mesh string, a, b map[string]string) bool {
	if e.podLabels == nil {
		e.podLabels = map[string][]map[string]string{}
		for _, kind := range []object.ID{{Group: "apps", Kind: "Deployment"}, {Group: "apps", Kind: "DaemonSet"}, {Group: "apps", Kind: "StatefulSet"}, {Kind: "Pod"}} {
			for _, o := range e.Of(kind.Group, kind.Kind) {
				labels := o.Labels()
				if kind.Kind != "Pod" {
					labels = snapshot.TextMap(o.Content, "spec", "template", "metadata", "labels")
				}
				if t := e.tenants[e.owner(o.ID.Namespace)]; t != nil {
					e.podLabels[e.meshOf(t)] = append(e.podLabels[e.meshOf(t)], labels)
				}
			}
		}
	}
	return slices.ContainsFunc(e.podLabels[mesh], func(labels map[string]string) bool { return isPart(a, labels) && isPart(b, labels) })
}

// claimIngresses adds the hosts of Ingresses that istiod gives to a mesh's gateways.
func (e *estate) claimIngresses(all hostClaims) {
	for _, o := range e.Of(networking, "Ingress") {
		t := e.tenants[e.owner(o.ID.Namespace)]
		class := cmp.Or(o.Annotations()["kubernetes.io/ingress.class"], snapshot.Text(o.Content, "spec", "ingressClassName"))
		if t == nil || !e.isIstios(class) {
			continue
		}
		c := hostClaim{claim: claim{tenant: t.Name, o: o}, pods: e.ingressPods(t)}
		mesh := e.meshOf(t)
		for _, rule := range snapshot.List(o.Content, "spec", "rules") {
			all.add(istioNet, mesh, cmp.Or(snapshot.Text(rule, "host"), unlimited), c)
		}
		if snapshot.Field(o.Content, "spec", "defaultBackend") != nil {
			all.add(istioNet, mesh, unlimited, c)
		}
	}
}

// isIstios says whether a class of Ingresses is Istio's.
func (e *estate) isIstios(class string) bool {
	o := e.Get(object.ID{Group: networking, Kind: "IngressClass", Name: class})
	return class == "istio" || o != nil && snapshot.Text(o.Content, "spec", "controller") == "istio.io/ingress-controller"
}

// ingressPods are the labels of the gateways for the Ingresses of a tenant. Source:
// istio/istio, pilot/pkg/config/kube/ingress/gateways.go, 1.31.
func (e *estate) ingressPods(t *tenant) map[string]string {
	name := "ingressgateway"
	for _, p := range e.Planes {
		if p.Object.ID.Namespace != e.root(t) {
			continue
		}
		for _, m := range e.meshes(p) {
			service := snapshot.Text(m.fields, "ingressService")
			if service == "istio-ingressgateway" {
				service = ""
			}
			name = cmp.Or(snapshot.Text(m.fields, "ingressSelector"), service, name)
		}
	}
	return map[string]string{"istio": name}
}
