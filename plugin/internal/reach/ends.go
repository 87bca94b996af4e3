package reach

import (
	"fmt"
	"slices"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
)

// public is the namespace that Kubernetes makes for what everybody may read.
const public = "kube-public"

// foreignEnds tells what bindings in a namespace that is not the tenant's give.
func (s *search) foreignEnds(who Identity, namespace string, grants []authorize.Grant) {
	for _, of := range byBinding(grants) {
		if s.isBuiltin(of) || s.isShared(who, namespace, of[0].Binding) || namespace == public && who == anonymous && !slices.ContainsFunc(of, writes) {
			continue
		}
		most := worst(of)
		s.ended(ended{end: end{namespace: namespace, kind: Foreign}, last: Hop{
			Kind: Foreign, As: who, Requests: []Request{asked(most, namespace)}, Rights: rights(of),
			Text: fmt.Sprintf("may %s in %s", summary(of), namespace),
		}})
	}
}

func writes(g authorize.Grant) bool {
	return slices.ContainsFunc(g.Rule.Verbs, func(verb string) bool { return !slices.Contains(read, verb) })
}

// isBuiltin says that every cluster has the binding, and the role as it is.
func (s *search) isBuiltin(of []authorize.Grant) bool {
	return !slices.ContainsFunc(of, func(g authorize.Grant) bool { return !s.Rights.IsBuiltin(g) })
}

// ends tells what rights in one namespace are the whole cluster's: a Pod that holds its
// node, and the labels of the Namespace.
func (s *search) ends(who Identity, namespace string, grants []authorize.Grant) error {
	if err := s.nodeEnds(who, namespace, grants); err != nil {
		return err
	}
	for _, sub := range []string{"", "status", "finalize"} { // each writes the labels, too
		for _, verb := range change {
			for _, sent := range s.relabelled(namespace) {
				r := Request{Verb: verb, Version: "v1", Resource: "namespaces", Subresource: sub, Namespace: namespace, Name: namespace, Object: sent,
					twin: map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": namespace}}}
				told, err := s.tryEnd(who, grants, r, Relabel, "changes the labels of Namespace "+namespace+
					", by which policies, webhooks, control planes and NetworkPolicies find its tenant")
				if err != nil {
					return err
				}
				if told {
					return nil
				}
			}
		}
	}
	return nil
}

// tryEnd tells an end if grants allow a request, and nothing refuses it.
func (s *search) tryEnd(who Identity, grants []authorize.Grant, r Request, kind Kind, text string) (told bool, err error) {
	by, granted := may(grants, r.Verb, right{r.Group, r.Resource, r.Subresource}, r.Name)
	if !granted {
		return false, nil
	}
	r.By = by
	refused, err := s.refuses(who, r)
	if err != nil || refused != "" {
		return false, err
	}
	s.ended(ended{end: end{namespace: r.Namespace, kind: kind}, last: Hop{Kind: kind, As: who, Requests: []Request{r}, Text: text}})
	return true, nil
}

// relabelled are merge patches of a Namespace, each of a label that something goes by.
func (s *search) relabelled(namespace string) (all []map[string]any) {
	other := "another"
	for _, t := range s.Tenants {
		if t.Name != s.tenant.Name {
			other = t.Name
			break
		}
	}
	for _, labels := range []map[string]any{
		{"istio-tenancy.dev/tenant": other}, {"istio-tenancy.dev/tenant": nil}, {"istio.io/rev": other}, {"istio-injection": "enabled"},
		{"pod-security.kubernetes.io/enforce": "privileged"}, {"example.com/any": "any"},
	} {
		all = append(all, map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": namespace, "labels": labels}})
	}
	return all
}
