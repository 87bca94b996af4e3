package reach

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/netpol"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// mesh is a control plane that gives certificates to whoever has a token of its audience.
type mesh struct {
	snapshot.Plane
	tenant string
	// pods are its own.
	pods []netpol.Pod
}

// discoveryPort is where istiod gives certificates, and the configuration of proxies.
const discoveryPort = 15012

// reserved is how the audiences end that a policy keeps for the tenant in their names.
const reserved = "." + v1alpha1.Group

// meshesOf sorts control planes by the audiences of the tokens that they take. One that
// states none takes upstream's.
func meshesOf(tenants []snapshot.Tenant, planes []snapshot.Plane, network *netpol.Network) map[string][]mesh {
	by := map[string]string{}
	for _, t := range tenants {
		by[t.ControlPlane] = t.Name
	}
	all := map[string][]mesh{}
	for _, p := range planes {
		m := mesh{Plane: p, tenant: by[p.Object.ID.Namespace]}
		if network != nil {
			for _, pod := range network.Pods(p.Object.ID.Namespace) {
				if pod.Of == p.Object.ID {
					m.pods = append(m.pods, pod)
				}
			}
		}
		audiences := p.Audiences
		if len(audiences) == 0 {
			audiences = []string{istio.UpstreamAudience}
		}
		for _, a := range audiences {
			all[a] = append(all[a], m)
		}
	}
	return all
}

// foreignAudiences are those of other tenants' meshes, and together those of which one stands
// for all before a policy: it keeps them by how they end.
func (s *search) foreignAudiences() (all [][]string) {
	foreign := func(audience string) bool { return slices.ContainsFunc(s.meshes[audience], s.isForeign) }
	for _, audience := range s.audiences {
		if foreign(audience) {
			all = append(all, []string{audience})
		}
	}
	if kept := slices.DeleteFunc(slices.Clone(s.kept), func(audience string) bool { return !foreign(audience) }); len(kept) > 0 {
		all = append(all, kept)
	}
	return all
}

// isForeign says whether a mesh is none that the tenant is in.
func (s *search) isForeign(m mesh) bool {
	return m.tenant != s.tenant.Name && !s.tenant.Has(m.Object.ID.Namespace) && (!s.hosts[m.tenant] || m.tenant != s.members[s.tenant.Name])
}

// meshEnds tells of other tenants' meshes that a program in a namespace gets a certificate
// of: with a token of that mesh's audience, and a way through the network to its istiod.
func (s *search) meshEnds(who Identity, namespace string, grants []authorize.Grant) error {
	if !s.tenant.Has(namespace) {
		return nil
	}
	for _, audiences := range s.foreignAudiences() {
		for i, r := range s.tokenRequests(namespace, audiences[0], grants) {
			by, granted := may(grants, r.Verb, right{r.Group, r.Resource, r.Subresource}, r.Name)
			if !granted {
				continue
			}
			r.By = by
			refused, err := s.refuses(who, r)
			if err != nil {
				return err
			}
			if refused != "" {
				continue
			}
			for _, audience := range audiences {
				for _, m := range s.meshes[audience] {
					if s.isForeign(m) && s.connects(namespace, m) {
						r.Object = s.tokenRequests(namespace, audience, grants)[i].Object
						s.meshEnd(who, namespace, audience, m, r)
					}
				}
			}
			break
		}
	}
	return nil
}

// meshEnd tells of a mesh that somebody gets a certificate of, by a request for a token.
func (s *search) meshEnd(who Identity, namespace, audience string, m mesh, r Request) {
	s.ended(ended{end: end{about: m.Object.ID, kind: Mesh, namespace: m.Object.ID.Namespace}, last: Hop{Kind: Mesh, As: who, Requests: []Request{r},
		Text: fmt.Sprintf("gets a token of the audience %s, connects from %s to port %d of %s, and is given a certificate and the configuration of the mesh of %s",
			audience, namespace, discoveryPort, m.Object.ID, cmp.Or(m.tenant, m.Object.ID.Namespace))}})
}

// tokenRequests are the ways to a token of an audience: from the API server for any
// ServiceAccount, and from the kubelet for a Pod.
func (s *search) tokenRequests(namespace, audience string, grants []authorize.Grant) (all []Request) {
	for _, account := range s.accounts[namespace] {
		if _, granted := may(grants, "create", resource("serviceaccounts/token"), account); !granted {
			continue
		}
		all = append(all, Request{Verb: "create", Version: "v1", Resource: "serviceaccounts", Subresource: "token", Namespace: namespace, Name: account,
			Object: map[string]any{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": map[string]any{"audiences": []any{audience}}},
			twin:   tokenRequest(Identity{}, "", target{})})
		break // a policy goes by the audience
	}
	for _, p := range s.podsBy(namespace, grants) {
		all = append(all, s.pods(p, namespace, haveToken(audience)))
	}
	return all
}

// connects says whether the network lets a Pod of a namespace through to a control plane.
func (s *search) connects(namespace string, m mesh) bool {
	if s.Network == nil || len(m.pods) == 0 {
		return true
	}
	return slices.ContainsFunc(m.pods, func(to netpol.Pod) bool {
		return s.Network.Allows(netpol.Pod{Namespace: namespace}, to, corev1.ProtocolTCP, discoveryPort).Allowed
	})
}
