package reach

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// search goes on from the actors of one tenant.
type search struct {
	*cluster
	ctx    context.Context
	tenant snapshot.Tenant
	// actors are those of the tenant, people before programs.
	actors [][]Identity
	// visits are what was found at each identity, by whatever way.
	visits map[Identity]*visit
	// now is the visit that is made, and by are the rights that the identity has given itself
	// for what is looked at; nil: none.
	now *visit
	by  *gain
	// byName are the names that the grants have by which a step is looked for.
	byName []string

	told  map[end]told
	paths []Path
}

// visit is what is found at an identity: what ends there, and what leads on.
type visit struct {
	ends    []ended
	next    []*Hop
	becomes map[Identity]bool // as alike has them
}

type ended struct {
	end
	last Hop
	// builtin says that every cluster grants it; weight is the smaller, the worse it is.
	builtin bool
	weight  int
}

// end is what a path may end at. It is told once for a tenant, with all who have a way to it.
type end struct {
	about, binding object.ID
	namespace      string
	kind           Kind
	host           bool
}

// told is where the path to an end is, and which of the groups of actors it was told of.
type told struct{ at, group int }

// from searches, nearest first, from an identity.
func (s *search) from(start Identity, group int) error {
	came := map[Identity]*Hop{start: nil}
	var worst *ended // of what every cluster has: there is much, and one tells it all
	for queue := []Identity{start}; len(queue) > 0; queue = queue[1:] {
		v, err := s.visit(queue[0])
		if err != nil {
			return fmt.Errorf("tenant %s: %s: %w", s.tenant.Name, queue[0], err)
		}
		for i, e := range v.ends {
			if !e.builtin {
				s.tell(came, e, group)
			} else if worst == nil || e.weight < worst.weight {
				worst = &v.ends[i]
			}
		}
		for _, hop := range v.next {
			if _, met := came[*hop.Becomes]; !met {
				came[*hop.Becomes] = hop
				queue = append(queue, *hop.Becomes)
			}
		}
	}
	if worst != nil {
		s.tell(came, *worst, group)
	}
	return nil
}

// visit finds the ends at an identity, and the hops that lead on.
func (s *search) visit(who Identity) (*visit, error) {
	if v := s.visits[who]; v != nil {
		return v, nil
	}
	s.now = &visit{becomes: map[Identity]bool{s.alike(who): true}}
	s.visits[who] = s.now
	everywhere, inside := sorted(s.Rights.Grants(who.subject()))
	if err := s.clusterEnds(who, everywhere); err != nil {
		return nil, err
	}
	for _, namespace := range slices.Sorted(maps.Keys(inside)) {
		own, all := inside[namespace], append(slices.Clone(inside[namespace]), everywhere...)
		if !s.tenant.Has(namespace) {
			s.foreignEnds(who, namespace, own)
		}
		if err := s.look(who, namespace, own, all); err != nil {
			return nil, err
		}
		var gains []gain
		if !isFull(everywhere) {
			var err error
			if gains, err = s.gains(who, namespace, all); err != nil {
				return nil, err
			}
		}
		for i := range gains {
			s.by = &gains[i]
			err := s.look(who, namespace, s.by.grants, append(slices.Clone(all), s.by.grants...))
			if s.by = nil; err != nil {
				return nil, err
			}
		}
	}
	return s.now, nil
}

// look finds what ends at grants in a namespace, each binding by itself, and the hops that
// all of them open.
func (s *search) look(who Identity, namespace string, own, all []authorize.Grant) error {
	for _, of := range byBinding(own) {
		if err := errors.Join(s.ends(who, namespace, of), s.meshEnds(who, namespace, of)); err != nil {
			return err
		}
	}
	return s.steps(who, namespace, all)
}

func sorted(grants []authorize.Grant) (everywhere []authorize.Grant, inside map[string][]authorize.Grant) {
	inside = map[string][]authorize.Grant{}
	for _, g := range grants {
		if g.Namespace == "" {
			everywhere = append(everywhere, g)
		} else {
			inside[g.Namespace] = append(inside[g.Namespace], g)
		}
	}
	return everywhere, inside
}

// alike is one identity for all ServiceAccounts of a namespace that no binding names: they
// have the rights of their groups, so that to become one of them is to become any. Where a
// namespace has hundreds, a hop from each to each would be asked for.
func (s *search) alike(who Identity) Identity {
	if who.Kind == rbacv1.ServiceAccountKind && !s.named[[2]string{who.Namespace, who.Name}] {
		who.Name = ""
	}
	return who
}

// steps are the hops that grants in a namespace open, one to each identity, and to one of
// those that are alike.
func (s *search) steps(who Identity, namespace string, grants []authorize.Grant) error {
	s.byName = nil
	for _, g := range grants {
		s.byName = append(s.byName, g.Rule.ResourceNames...)
	}
	for i := range stepTable {
		step := &stepTable[i]
		if !slices.ContainsFunc(step.verbs, func(verb string) bool { return mayAny(grants, verb, step.right) }) {
			continue
		}
		refusedTo := map[Identity]bool{} // of those that are alike
		for _, on := range step.on(s, who, namespace) {
			becomes := account(namespace, on.account)
			if s.now.becomes[s.alike(becomes)] || refusedTo[s.alike(becomes)] && on.account != "default" { // which a policy may tell from others
				continue
			}
			requests := s.requests(who, step, grants, namespace, on)
			if requests == nil {
				continue
			}
			if refused, err := s.refused(who, requests); err != nil {
				return err
			} else if refused != "" {
				if on.account != "default" && s.alike(becomes) != becomes {
					refusedTo[s.alike(becomes)] = true
				}
				continue
			}
			text := step.text
			if requests[0].Resource == serviceAccounts.resource && requests[0].Subresource == "" && requests[0].Verb == "create" {
				text = "makes {account}, and " + text
			}
			hop := &Hop{
				Kind: step.kind, As: who, Requests: requests, Becomes: &becomes,
				Text: strings.NewReplacer("{namespace}", namespace, "{name}", on.name, "{account}", becomes.String()).Replace(text),
			}
			if s.by != nil {
				hop.Kind, hop.With = s.by.kind, step.kind
				s.by.first(hop)
			}
			s.now.becomes[s.alike(becomes)] = true
			s.now.next = append(s.now.next, hop)
		}
	}
	return nil
}

// ended adds an end to what is found at an identity.
func (s *search) ended(e ended) {
	if s.by != nil {
		s.by.first(&e.last)
	}
	e.binding = e.last.By().Binding
	s.now.ends = append(s.now.ends, e)
}

// isMember says whether a namespace is of the mesh of the tenant.
func (s *search) isMember(namespace string) bool {
	o := s.Get(object.ID{Kind: "Namespace", Name: namespace})
	return o != nil && s.hosts[s.tenant.Name] && o.Labels()[v1alpha1.MeshLabel] == s.tenant.Name
}

// shows says whether a way tells more than another one to the same: the shortest does, of
// those by which somebody becomes whoever has the right.
func shows(hops, than []Hop) bool {
	if len(hops) == 1 || len(than) == 1 {
		return len(hops) > len(than)
	}
	return len(hops) < len(than)
}

// tell adds the path to an end, or who begins it to that which is told already.
func (s *search) tell(came map[Identity]*Hop, e ended, group int) {
	hops := []Hop{e.last}
	for hop := came[e.last.As]; hop != nil; hop = came[hop.As] {
		hops = append(hops, *hop)
	}
	slices.Reverse(hops)
	first := hops[0].As
	if e.host = e.kind == Foreign && s.isMember(e.namespace) && first.Kind == rbacv1.ServiceAccountKind && first.Namespace == s.tenant.ControlPlane; e.builtin {
		e.end = end{kind: e.kind, host: e.host}
	}
	if known, is := s.told[e.end]; is {
		if p := &s.paths[known.at]; p.Hops[0].As != first && !slices.Contains(p.Others, first) {
			if known.group == group && shows(hops, p.Hops) {
				p.Hops, first = hops, p.Hops[0].As
			}
			p.Others = append(p.Others, first)
		}
		return
	}
	s.told[e.end] = told{len(s.paths), group}
	p := Path{Tenant: s.tenant.Name, Hops: hops, Host: e.host}
	if e.kind == Foreign || e.kind == Mesh {
		p.Namespace, p.Tenants = e.namespace, s.owners[e.namespace]
	}
	s.paths = append(s.paths, p)
}
