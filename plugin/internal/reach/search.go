package reach

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// search goes on from the actors of one tenant.
type search struct {
	*cluster
	ctx    context.Context
	tenant snapshot.Tenant
	// came is the hop by which each was reached; nil: it is where a path begins.
	came  map[Identity]*Hop
	told  map[end]bool
	paths []Path
	// before are the requests by which an identity gets the rights that are looked at, and
	// doing says what they do.
	before []Request
	doing  string
}

// end is what a path may end at. It is told once for a tenant.
type end struct {
	by        object.ID
	namespace string
	kind      Kind
}

// from searches, nearest first, from identities that have not been met yet.
func (s *search) from(actors []Identity) error {
	var queue []Identity
	for _, who := range actors {
		if _, met := s.came[who]; !met {
			s.came[who] = nil
			queue = append(queue, who)
		}
	}
	for len(queue) > 0 {
		who := queue[0]
		queue = queue[1:]
		next, err := s.visit(who)
		if err != nil {
			return fmt.Errorf("tenant %s: %s: %w", s.tenant.Name, who, err)
		}
		for _, hop := range next {
			if _, met := s.came[*hop.Becomes]; !met {
				s.came[*hop.Becomes] = hop
				queue = append(queue, *hop.Becomes)
			}
		}
	}
	return nil
}

// visit tells the ends at an identity, and returns the hops that lead on.
func (s *search) visit(who Identity) ([]*Hop, error) {
	everywhere, inside := sorted(s.Rights.Grants(who.subject()))
	if err := s.clusterEnds(who, everywhere); err != nil {
		return nil, err
	}
	var next []*Hop
	for _, namespace := range slices.Sorted(maps.Keys(inside)) {
		if !s.tenant.Has(namespace) {
			s.foreignEnds(who, namespace, inside[namespace])
		}
		if err := errors.Join(s.ends(who, namespace, inside[namespace]), s.meshEnds(who, namespace, inside[namespace])); err != nil {
			return nil, err
		}
		hops, err := s.steps(who, namespace, append(slices.Clone(inside[namespace]), everywhere...))
		if err != nil {
			return nil, err
		}
		if err := s.endsOfAll(who, namespace, append(slices.Clone(inside[namespace]), everywhere...)); err != nil {
			return nil, err
		}
		next = append(next, hops...)
	}
	return next, nil
}

// endsOfAll tells the ends at every right in a namespace, for whoever may give it to
// themselves.
func (s *search) endsOfAll(who Identity, namespace string, grants []authorize.Grant) error {
	for i := range stepTable {
		step := &stepTable[i]
		if step.kind != Escalate && (step.kind != Bind || step.also[0].name != everything) {
			continue
		}
		for _, on := range step.on(s, who, namespace) {
			if on.account != "default" {
				continue
			}
			requests := s.requests(who, step, grants, namespace, on)
			if requests == nil {
				continue
			}
			if refused, err := s.refused(who, requests); err != nil || refused != "" {
				return err
			}
			all := requests[0].By
			all.Namespace, all.Rule = namespace, anything
			doing, _, _ := strings.Cut(strings.NewReplacer("{namespace}", namespace, "{name}", on.name).Replace(step.text), "asks for a token")
			s.before, s.doing = requests, doing
			err := errors.Join(s.ends(who, namespace, []authorize.Grant{all}), s.meshEnds(who, namespace, []authorize.Grant{all}))
			s.before, s.doing = nil, ""
			return err
		}
	}
	return nil
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

// steps are the hops that grants in a namespace open.
func (s *search) steps(who Identity, namespace string, grants []authorize.Grant) ([]*Hop, error) {
	var hops []*Hop
	found := map[Identity]bool{}
	for i := range stepTable {
		step := &stepTable[i]
		if !slices.ContainsFunc(step.verbs, func(verb string) bool { return mayAny(grants, verb, step.right) }) {
			continue
		}
		for _, on := range step.on(s, who, namespace) {
			becomes := account(namespace, on.account)
			if _, met := s.came[becomes]; met || found[becomes] {
				continue
			}
			requests := s.requests(who, step, grants, namespace, on)
			if requests == nil {
				continue
			}
			if refused, err := s.refused(who, requests); err != nil || refused != "" {
				if err != nil {
					return nil, err
				}
				continue
			}
			found[becomes] = true
			text := step.text
			if requests[0].Resource == serviceAccounts.resource && requests[0].Subresource == "" && requests[0].Verb == "create" {
				text = "makes {account}, and " + text
			}
			hops = append(hops, &Hop{
				Kind: step.kind, As: who, Requests: requests, Becomes: &becomes,
				Text: strings.NewReplacer("{namespace}", namespace, "{name}", on.name, "{account}", becomes.String()).Replace(text),
			})
		}
	}
	return hops, nil
}

// requests are those of a step, with what grants each; nil, if one is not granted.
func (s *search) requests(who Identity, step *step, grants []authorize.Grant, namespace string, on target) []Request {
	var all []Request
	ask := func(verbs []string, r right, name string, object, twin map[string]any) bool {
		for _, verb := range verbs {
			if by, ok := may(grants, verb, r, name); ok {
				all = append(all, Request{
					Verb: verb, Group: r.group, Version: r.version(), Resource: r.resource, Subresource: r.subresource,
					Namespace: namespace, Name: name, Object: object, By: by, twin: twin,
				})
				return true
			}
		}
		return false
	}
	// Whom one acts as need not be there.
	if step.kind != Impersonate && !s.there[[2]string{namespace, on.account}] && on.account != "default" {
		if !ask([]string{"create"}, serviceAccounts, "", newObject("", "v1", "ServiceAccount", namespace, map[string]any{
			"metadata": map[string]any{"name": on.account, "namespace": namespace}}), nil) {
			return nil
		}
	}
	var sent, twin map[string]any
	if step.sends != nil {
		sent = step.sends(who, namespace, on)
		if step.spec != nil {
			s.fit(sent, step.spec, namespace)
		}
	}
	if step.twin != nil {
		twin = step.twin(who, namespace, on)
		if step.spec != nil {
			s.fit(twin, step.spec, namespace)
		}
	}
	if !ask(step.verbs, step.right, on.name, sent, twin) {
		return nil
	}
	for _, need := range step.also {
		name := need.name
		if name == sameName {
			name = on.name
		}
		if ask(need.verbs, need.right, name, nil, nil) {
			continue
		}
		// What is made gets the name that may be read.
		named := namedBy(grants, need)
		if step.verbs[0] != "create" || sent == nil || named == "" || need.name != "" || !ask(need.verbs, need.right, named, nil, nil) {
			return nil
		}
		sent["metadata"].(map[string]any)["name"] = named
	}
	return all
}

// namedBy is a name for which grants allow what is needed, if they allow it by name alone.
func namedBy(grants []authorize.Grant, n need) string {
	for _, g := range grants {
		for _, name := range g.Rule.ResourceNames {
			for _, verb := range n.verbs {
				if covers(g.Rule, verb, n.right, name) {
					return name
				}
			}
		}
	}
	return ""
}

// refused says what refuses the first of the requests that something does.
func (s *search) refused(who Identity, requests []Request) (string, error) {
	for _, r := range requests {
		if refused, err := s.refuses(who, r); err != nil || refused != "" {
			return refused, err
		}
	}
	return "", nil
}

// refuses says what refuses a request, and not its twin: the same without what the hop is
// about. What refuses both wants something else, such as a label, which whoever sends the
// request adds.
func (s *search) refuses(who Identity, r Request) (string, error) {
	if s.Admission == nil || reads[r.Verb] && r.Subresource == "" {
		return "", nil
	}
	refusals, err := s.Admission.Refusals(s.ctx, who.subject(), r)
	if err != nil || len(refusals) == 0 {
		return "", err
	}
	if r.twin == nil {
		return refusals[0], nil
	}
	r.Object = r.twin
	both, err := s.Admission.Refusals(s.ctx, who.subject(), r)
	for _, refusal := range refusals {
		if !slices.Contains(both, refusal) {
			return refusal, err
		}
	}
	return "", err
}

var reads = map[string]bool{"get": true, "list": true, "watch": true, "impersonate": true, "bind": true, "escalate": true}

// tell adds the path to an identity, and a last hop, unless its end is told already.
func (s *search) tell(e end, last Hop) {
	if s.told[e] {
		return
	}
	s.told[e] = true
	last.Requests, last.Text = append(slices.Clone(s.before), last.Requests...), s.doing+last.Text
	hops := []Hop{last}
	for hop := s.came[last.As]; hop != nil; hop = s.came[hop.As] {
		hops = append(hops, *hop)
	}
	slices.Reverse(hops)
	first := hops[0].As
	p := Path{Tenant: s.tenant.Name, Hops: hops}
	p.Host = s.hosts[s.tenant.Name] && first.Kind == rbacv1.ServiceAccountKind && first.Namespace == s.tenant.ControlPlane
	if e.kind == Foreign || e.kind == Mesh {
		p.Namespace, p.Tenants = e.namespace, s.owners[e.namespace]
	}
	s.paths = append(s.paths, p)
}
