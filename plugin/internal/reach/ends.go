package reach

import (
	"fmt"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// foreignEnds tells what bindings in a namespace that is not the tenant's give.
func (s *search) foreignEnds(who Identity, namespace string, grants []authorize.Grant) {
	for _, of := range byBinding(grants) {
		if isBuiltin(of) || s.isShared(who, namespace, of[0].Binding) {
			continue
		}
		most := worst(of)
		s.tell(end{of[0].Binding, namespace, Foreign}, Hop{
			Kind: Foreign, As: who, Requests: []Request{asked(most, namespace)},
			Text: fmt.Sprintf("may %s in %s", summary(of), namespace),
		})
	}
}

// isBuiltin says that every cluster has the binding, and the role as it is.
func isBuiltin(of []authorize.Grant) bool {
	return !slices.ContainsFunc(of, func(g authorize.Grant) bool { return g.BindingSource.File != "" || g.RoleSource.File != "" })
}

// isShared says that the files of two tenants name the same person, which is not a way from
// the one to the other. Where nobody has read the files, the bindings tell that they make.
func (s *search) isShared(who Identity, namespace string, binding object.ID) bool {
	if who.Kind == rbacv1.ServiceAccountKind {
		return false
	}
	for _, owner := range s.owners[namespace] {
		if s.People != nil {
			if slices.Contains(s.People[owner], who) && slices.Contains(s.People[s.tenant.Name], who) {
				return true
			}
		} else if o := s.Get(binding); o != nil && o.Tenant() == owner && slices.Contains([]string{"access-all-" + namespace, "view-all-" + namespace}, binding.Name) {
			return true
		}
	}
	return false
}

// ends tells what rights in one namespace are the whole cluster's: a Pod that holds its
// node, and the labels of the Namespace.
func (s *search) ends(who Identity, namespace string, grants []authorize.Grant) error {
	if !s.baseline(namespace) {
		for _, w := range oneOfEach(grants) {
			r := Request{Verb: "create", Group: w.group, Version: w.version, Resource: w.resource, Namespace: namespace,
				Object: s.nodeWorkload(w.group, w.version, w.kind, w.spec, namespace), twin: newWorkload(w.group, w.version, w.kind, w.spec, namespace, "default")}
			s.fit(r.twin, w.spec, namespace)
			told, err := s.tryEnd(who, grants, r, Node, "makes a "+w.kind+" in "+namespace+
				" that mounts the root of its node, and holds what runs there: the cluster sets no Pod security for that namespace")
			if err != nil {
				return err
			}
			if told {
				break
			}
		}
	}
	for _, sub := range []string{"", "status", "finalize"} { // each writes the labels, too
		for _, verb := range change {
			for _, sent := range s.relabelled(namespace) {
				r := Request{Verb: verb, Version: "v1", Resource: "namespaces", Subresource: sub, Namespace: namespace, Name: namespace, Object: sent,
					twin: map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": namespace}}}
				told, err := s.tryEnd(who, grants, r, Relabel, "changes the labels of Namespace "+namespace+
					", by which policies, webhooks, control planes and NetworkPolicies tell whose it is")
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

// oneOfEach are a Pod, and one of the kinds that have a controller make it, as far as they
// are granted. A policy may refuse the one, and let the other in by whoever sends it; what it
// says of one controller's Pods it says of another's.
func oneOfEach(grants []authorize.Grant) (kinds []workloadKind) {
	for _, w := range workloadResources {
		if _, granted := may(grants, "create", right{w.group, w.resource, ""}, ""); granted && (w.by == "" || len(kinds) == 0 || kinds[len(kinds)-1].by == "") {
			kinds = append(kinds, w)
		}
	}
	return kinds
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
	s.tell(end{namespace: r.Namespace, kind: kind}, Hop{Kind: kind, As: who, Requests: []Request{r}, Text: text})
	return true, nil
}

// baseline says whether Pod security admission refuses Pods that hold their node.
func (s *search) baseline(namespace string) bool {
	o := s.Get(object.ID{Kind: "Namespace", Name: namespace})
	if o == nil {
		return false
	}
	level := o.Labels()["pod-security.kubernetes.io/enforce"]
	return level == "baseline" || level == "restricted"
}

// nodeWorkload makes Pods that hold their node.
func (s *search) nodeWorkload(group, version, kind string, path []string, namespace string) map[string]any {
	o := newWorkload(group, version, kind, path, namespace, "default")
	spec, _, _ := unstructured.NestedMap(o, path...)
	spec["volumes"] = []any{map[string]any{"name": "node", "hostPath": map[string]any{"path": "/"}}}
	spec["hostPID"] = true
	delete(spec, "securityContext")
	container := spec["containers"].([]any)[0].(map[string]any)
	container["volumeMounts"] = []any{map[string]any{"name": "node", "mountPath": "/node"}}
	container["securityContext"] = map[string]any{"privileged": true}
	put(o, spec, path...)
	s.fit(o, path, namespace)
	return o
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

// clusterEnds tells what rights in the whole cluster open.
func (s *search) clusterEnds(who Identity, grants []authorize.Grant) error {
	for _, of := range byBinding(grants) {
		if isBuiltin(of) && !isFull(of) {
			continue
		}
		if err := s.webhookEnds(who, of); err != nil {
			return err
		}
		var wide []authorize.Grant
		for _, g := range of {
			if rule, ok := s.opens(g.Rule); ok {
				g.Rule = rule
				wide = append(wide, g)
			}
		}
		if len(wide) == 0 {
			continue
		}
		most := worst(wide)
		text := fmt.Sprintf("may %s in the whole cluster", summary(wide))
		if why := whatOpens(most.Rule); why != "" {
			text += ", which " + why
		}
		s.tell(end{by: of[0].Binding, kind: Cluster}, Hop{Kind: Cluster, As: who, Requests: []Request{asked(most, "")}, Text: text})
	}
	return nil
}

func isFull(grants []authorize.Grant) bool {
	return slices.ContainsFunc(grants, func(g authorize.Grant) bool {
		return slices.Contains(g.Rule.Verbs, "*") && slices.Contains(g.Rule.Resources, "*")
	})
}

// opens is the part of a rule of the whole cluster that reaches tenants: what is of
// namespaces, and of the kinds without one those of clusterRights. What a rule names is the
// tenant's own where the snapshot has it as that.
func (s *search) opens(rule rbacv1.PolicyRule) (rbacv1.PolicyRule, bool) {
	part := rule
	part.Resources = nil
	for _, name := range rule.Resources {
		for _, group := range rule.APIGroups {
			if s.reaches(group, name, rule) && !slices.Contains(part.Resources, name) {
				part.Resources = append(part.Resources, name)
			}
		}
	}
	return part, len(part.Resources) > 0
}

func (s *search) reaches(group, name string, rule rbacv1.PolicyRule) bool {
	if name == "*" || group == "*" {
		return true
	}
	base, _, _ := strings.Cut(name, "/")
	if !object.IsClusterResource(group, base) {
		return !(group == "authorization.k8s.io" && base == "localsubjectaccessreviews")
	}
	danger, known := clusterRights[right{group, base, sub(name)}]
	if !known || !slices.ContainsFunc(rule.Verbs, func(v string) bool { return v == "*" || slices.Contains(danger.verbs, v) }) {
		return false
	}
	return !danger.own || !s.areOwn(base, rule.ResourceNames)
}

// areOwn says whether a rule names objects of the tenant alone, or such as are not there.
func (s *search) areOwn(resource string, names []string) bool {
	kind := map[string]string{"mutatingwebhookconfigurations": "MutatingWebhookConfiguration", "validatingwebhookconfigurations": "ValidatingWebhookConfiguration"}[resource]
	return len(names) > 0 && !slices.ContainsFunc(names, func(name string) bool {
		o := s.Get(object.ID{Group: "admissionregistration.k8s.io", Kind: kind, Name: name})
		return o != nil && o.Tenant() != s.tenant.Name && !s.tenant.Has(calledBy(o))
	})
}

func sub(name string) string {
	_, sub, _ := strings.Cut(name, "/")
	return sub
}

func whatOpens(rule rbacv1.PolicyRule) string {
	for _, name := range rule.Resources {
		base, _, _ := strings.Cut(name, "/")
		for _, group := range rule.APIGroups {
			if danger, known := clusterRights[right{group, base, sub(name)}]; known {
				return danger.text
			}
		}
	}
	return ""
}
