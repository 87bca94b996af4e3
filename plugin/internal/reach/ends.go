package reach

import (
	"fmt"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// foreignEnds tells what bindings in a namespace that is not the tenant's give.
func (s *search) foreignEnds(who Identity, namespace string, grants []authorize.Grant) {
	for _, of := range byBinding(grants) {
		if of[0].BindingSource.File == "" {
			continue // every cluster has it, for everybody
		}
		if o := s.Get(of[0].Binding); o != nil && who.Kind != rbacv1.ServiceAccountKind && slices.Contains(s.owners[namespace], o.Tenant()) {
			continue // both tenants have the same person, by the files of both
		}
		most := worst(of)
		s.tell(end{of[0].Binding, namespace, Foreign}, Hop{
			Kind: Foreign, As: who, Requests: []Request{asked(most, namespace)},
			Text: fmt.Sprintf("may %s in %s", summary(of), namespace),
		})
	}
}

// ends tells what rights in one namespace are the whole cluster's: a Pod that holds its
// node, and the labels of the Namespace.
func (s *search) ends(who Identity, namespace string, grants []authorize.Grant) error {
	for _, p := range []struct {
		kind   Kind
		verbs  []string
		right  right
		name   string
		sent   []map[string]any
		text   string
		unless bool
	}{
		{Node, []string{"create"}, resource("pods"), "", []map[string]any{s.nodePod(namespace)}, "makes a Pod in %s that mounts the root of its node, and holds what runs there: the cluster sets no Pod security for that namespace", s.baseline(namespace)},
		{Relabel, change, resource("namespaces"), namespace, s.relabelled(namespace), "changes the labels of Namespace %s, by which policies, webhooks, control planes and NetworkPolicies tell whose it is", false},
	} {
		if p.unless {
			continue
		}
		for _, verb := range p.verbs {
			by, granted := may(grants, verb, p.right, p.name)
			if !granted {
				continue
			}
			for _, sent := range p.sent {
				r := Request{Verb: verb, Version: "v1", Resource: p.right.resource, Namespace: namespace, Name: p.name, Object: sent, By: by}
				refused, err := s.refuses(who, r)
				if err != nil {
					return err
				}
				if refused == "" {
					s.tell(end{namespace: namespace, kind: p.kind}, Hop{Kind: p.kind, As: who, Requests: []Request{r}, Text: fmt.Sprintf(p.text, namespace)})
					break
				}
			}
		}
	}
	return nil
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

func (s *search) nodePod(namespace string) map[string]any {
	spec := modest("default")
	spec["volumes"] = []any{map[string]any{"name": "node", "hostPath": map[string]any{"path": "/"}}}
	spec["hostPID"] = true
	container := spec["containers"].([]any)[0].(map[string]any)
	container["volumeMounts"] = []any{map[string]any{"name": "node", "mountPath": "/node"}}
	delete(spec, "securityContext")
	container["securityContext"] = map[string]any{"privileged": true}
	o := runningPod(namespace, "default")
	o["spec"] = spec
	s.fit(o, []string{"spec"}, namespace)
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
		if of[0].BindingSource.File == "" && !isFull(of) {
			continue // every cluster has it
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
	return len(rule.ResourceNames) == 0 || !danger.own
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

// webhookEnds tells of webhook configurations that a grant names, whether their writer may
// have them asked about what is not the tenant's.
func (s *search) webhookEnds(who Identity, grants []authorize.Grant) error {
	for _, kind := range []struct{ kind, resource string }{
		{"MutatingWebhookConfiguration", "mutatingwebhookconfigurations"}, {"ValidatingWebhookConfiguration", "validatingwebhookconfigurations"},
	} {
		r := right{"admissionregistration.k8s.io", kind.resource, ""}
		for _, g := range grants {
			for _, name := range g.Rule.ResourceNames {
				for _, verb := range []string{"update", "patch"} {
					if !covers(g.Rule, verb, r, name) {
						continue
					}
					request := Request{Verb: verb, Group: r.group, Version: "v1", Resource: r.resource, Name: name, By: g,
						Object: s.widened(object.ID{Group: r.group, Kind: kind.kind, Name: name})}
					if request.Object == nil {
						continue // it is not there, and who may not create it cannot change it
					}
					refused, err := s.refuses(who, request)
					if err != nil {
						return err
					}
					if refused == "" {
						s.tell(end{by: object.ID{Group: r.group, Kind: kind.kind, Name: name}, kind: Webhook}, Hop{Kind: Webhook, As: who, Requests: []Request{request},
							Text: fmt.Sprintf("has %s %s asked about the objects of every namespace, and sees or changes them", kind.kind, name)})
					}
				}
			}
		}
	}
	return nil
}

// widened is a webhook configuration that is asked about everything.
func (s *search) widened(id object.ID) map[string]any {
	o := s.Get(id)
	if o == nil {
		return nil
	}
	after := runtime.DeepCopyJSON(o.Content)
	webhooks, _, _ := unstructured.NestedSlice(after, "webhooks")
	for _, w := range webhooks {
		w := w.(map[string]any)
		w["namespaceSelector"], w["objectSelector"] = map[string]any{}, map[string]any{}
	}
	after["webhooks"] = webhooks
	return after
}
