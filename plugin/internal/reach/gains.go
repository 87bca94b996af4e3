package reach

import (
	"cmp"
	"fmt"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// gain is rights in a namespace that somebody may give to themselves, though they have not
// got them yet: by binding a role, or by writing into one.
type gain struct {
	kind     Kind
	requests []Request
	// text is what they do, before what they do with it.
	text   string
	grants []authorize.Grant
}

// first has a hop begin with the requests for its rights.
func (g *gain) first(h *Hop) {
	h.Requests, h.Text = append(slices.Clone(g.requests), h.Requests...), g.text+h.Text
}

// widest are the ClusterRoles that are tried first.
var widest = []string{"edit", "admin", "cluster-admin"}

// gains are what somebody may give to themselves in a namespace, and nothing refuses. One of
// every right stands for all.
func (s *search) gains(who Identity, namespace string, grants []authorize.Grant) (all []gain, err error) {
	if !mayAny(grants, "bind", clusterRoles) && !mayAny(grants, "bind", roles) && !mayAny(grants, "escalate", roles) {
		return nil, nil
	}
	known := s.Rights.RolesIn(namespace)
	slices.SortStableFunc(known, func(a, b object.ID) int {
		return cmp.Compare(slices.Index(widest, b.Name), slices.Index(widest, a.Name))
	})
	var candidates []gain
	for _, id := range known {
		if rules := s.Rights.Rules(id); opensSteps(rules) {
			candidates = append(candidates, binds(who, namespace, id, rules))
		}
	}
	for _, id := range known {
		if id.Kind == "Role" {
			candidates = append(candidates, s.writes(who, namespace, id))
		}
	}
	candidates = append(candidates, s.newRoles(who, namespace, known, grants)...)
	for _, g := range candidates {
		if !g.granted(grants) {
			continue
		}
		if refused, err := s.refused(who, g.requests); err != nil {
			return nil, err
		} else if refused != "" {
			continue
		}
		if isFull(g.grants) {
			return []gain{g}, nil
		}
		all = append(all, g)
	}
	return all, nil
}

// granted completes the requests of a gain with what grants each, and says whether all are.
func (g *gain) granted(grants []authorize.Grant) bool {
	for i, r := range g.requests {
		by, ok := may(grants, r.Verb, right{r.Group, r.Resource, ""}, r.Name)
		if !ok && r.Verb == change[0] {
			g.requests[i].Verb = change[1]
			by, ok = may(grants, change[1], right{r.Group, r.Resource, ""}, r.Name)
		}
		if !ok {
			return false
		}
		g.requests[i].By = by
	}
	by := Hop{Requests: g.requests}.By()
	for i := range g.grants {
		rule := g.grants[i].Rule
		g.grants[i] = by
		g.grants[i].Namespace, g.grants[i].Rule = g.requests[0].Namespace, rule
	}
	return true
}

// binds is a gain by a binding of a role.
func binds(who Identity, namespace string, role object.ID, rules []authorize.Grant) gain {
	name := role.Name
	if role.Kind == "Role" {
		name = namespace + "/" + role.Name
	}
	return gain{kind: Bind, text: fmt.Sprintf("binds %s %s in %s, and with it ", role.Kind, name, namespace), grants: rules,
		requests: bound(who, namespace, role.Kind, role.Name)}
}

// bound are the requests by which somebody gets a role that they have not.
func bound(who Identity, namespace, kind, role string) []Request {
	r := right{rbacv1.GroupName, object.Resource(kind), ""}
	return []Request{
		{Verb: "create", Group: r.group, Version: "v1", Resource: roleBindings.resource, Namespace: namespace,
			Object: bindingOf(kind, role, who, namespace), twin: bindingOf("ClusterRole", "view", who, namespace)},
		{Verb: "bind", Group: r.group, Version: "v1", Resource: r.resource, Namespace: namespace, Name: role},
	}
}

// writes is a gain by every right, written into a Role that is there, which is bound to
// whoever has not got it.
func (s *search) writes(who Identity, namespace string, role object.ID) gain {
	g := gain{kind: Escalate, text: fmt.Sprintf("gives Role %s/%s every right, and with it ", namespace, role.Name), grants: everyRight(),
		requests: []Request{
			{Verb: change[0], Group: rbacv1.GroupName, Version: "v1", Resource: roles.resource, Namespace: namespace, Name: role.Name, Object: roleOfAll(namespace, role.Name)},
			{Verb: "escalate", Group: rbacv1.GroupName, Version: "v1", Resource: roles.resource, Namespace: namespace, Name: role.Name},
		}}
	if !slices.ContainsFunc(s.Rights.Grants(who.subject()), func(g authorize.Grant) bool { return g.Namespace == namespace && g.Role == role }) {
		g.text = fmt.Sprintf("gives Role %s/%s every right, binds it, and with it ", namespace, role.Name)
		g.requests = append(g.requests, bound(who, namespace, "Role", role.Name)...)
	}
	return g
}

// newRoles are gains by a Role of every right that is made: by one that a binding names
// already, and by one that is bound, of a name that may be bound.
func (s *search) newRoles(who Identity, namespace string, known []object.ID, grants []authorize.Grant) (all []gain) {
	makes := func(name string) []Request {
		return []Request{
			{Verb: "create", Group: rbacv1.GroupName, Version: "v1", Resource: roles.resource, Namespace: namespace, Object: roleOfAll(namespace, name)},
			{Verb: "escalate", Group: rbacv1.GroupName, Version: "v1", Resource: roles.resource, Namespace: namespace},
		}
	}
	for _, name := range s.Rights.RolesMissing(who.subject(), namespace) {
		all = append(all, gain{kind: Escalate, text: fmt.Sprintf("makes Role %s/%s, which a binding names already, of every right, and with it ", namespace, name),
			grants: everyRight(), requests: makes(name)})
	}
	there := map[string]bool{}
	for _, id := range known {
		there[id.Name] = there[id.Name] || id.Kind == "Role"
	}
	for _, name := range boundNames(grants) {
		if there[name] {
			continue // see writes
		}
		all = append(all, gain{kind: Escalate, text: fmt.Sprintf("makes a Role of every right in %s, binds it, and with it ", namespace), grants: everyRight(),
			requests: append(makes(name), bound(who, namespace, "Role", name)...)})
	}
	return all
}

// boundNames are names of Roles that grants allow to bind: any, and those that they name.
func boundNames(grants []authorize.Grant) []string {
	names, met := []string{made}, map[string]bool{made: true}
	for _, g := range grants {
		if len(g.Rule.ResourceNames) == 0 || !covers(g.Rule, "bind", roles, g.Rule.ResourceNames[0]) {
			continue // as of one name, so of each
		}
		for _, name := range g.Rule.ResourceNames {
			if !met[name] {
				met[name] = true
				names = append(names, name)
			}
		}
	}
	return names
}

func everyRight() []authorize.Grant { return []authorize.Grant{{Rule: anything}} }

// opensSteps says whether rules open a step, or an end in a namespace.
func opensSteps(rules []authorize.Grant) bool {
	for i := range stepTable {
		for _, verb := range stepTable[i].verbs {
			if mayAny(rules, verb, stepTable[i].right) {
				return true
			}
		}
	}
	return slices.ContainsFunc([]string{"namespaces", "namespaces/status", "namespaces/finalize"}, func(name string) bool {
		return mayAny(rules, change[0], resource(name)) || mayAny(rules, change[1], resource(name))
	})
}
