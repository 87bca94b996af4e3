package reach

import (
	"slices"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/rbac"
)

// requests are those of a step, with what grants each; nil, if one is not granted.
func (s *search) requests(who Identity, step *step, grants []authorize.Grant, namespace string, on target) []Request {
	var all []Request
	ask := func(verbs []string, r right, name string, object, twin map[string]any) bool {
		for _, verb := range verbs {
			if by, ok := may(grants, verb, r, name); ok {
				if !rbac.Names(verb, r.name()) {
					name = ""
				}
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
				if name != "" && covers(g.Rule, verb, n.right, name) {
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
