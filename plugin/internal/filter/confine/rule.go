package confine

import (
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// rule is an RBAC PolicyRule.
type rule struct {
	APIGroups       []string `yaml:"apiGroups"`
	Resources       []string `yaml:"resources"`
	ResourceNames   []string `yaml:"resourceNames"`
	NonResourceURLs []string `yaml:"nonResourceURLs"`
	Verbs           []string `yaml:"verbs"`
}

// values are rules as fields of an object.
func values(rules []rule) []any {
	var list []any
	for _, r := range rules {
		fields := map[string]any{"verbs": r.Verbs}
		for name, field := range map[string][]string{
			"apiGroups": r.APIGroups, "resources": r.Resources, "resourceNames": r.ResourceNames, "nonResourceURLs": r.NonResourceURLs,
		} {
			if len(field) > 0 {
				fields[name] = field
			}
		}
		list = append(list, fields)
	}
	return list
}

// rulesOf decodes the rules of a Role or ClusterRole.
func rulesOf(role *yaml.RNode) ([]rule, error) {
	field, err := role.Pipe(yaml.Lookup("rules"))
	if err != nil || field == nil {
		return nil, err
	}
	var rules []rule
	if err := field.YNode().Decode(&rules); err != nil {
		return nil, err
	}
	return rules, nil
}

var (
	readVerbs  = []string{"get", "list", "watch"}
	writeVerbs = []string{"create", "update", "patch", "delete"}
)

// verbs splits a rule's verbs into reads and writes, each in the usual order.
func (r rule) verbs() (read, write []string) {
	all := r.Verbs
	if slices.Contains(all, "*") {
		all = slices.Concat(readVerbs, writeVerbs)
	}
	for _, v := range slices.Concat(readVerbs, writeVerbs) {
		switch {
		case !slices.Contains(all, v):
		case slices.Contains(readVerbs, v):
			read = append(read, v)
		default:
			write = append(write, v)
		}
	}
	for _, v := range all { // approve, bind, impersonate, ...
		if !slices.Contains(readVerbs, v) && !slices.Contains(writeVerbs, v) {
			write = append(write, v)
		}
	}
	return read, write
}

// parts are the rules of a ClusterRole by the place where they go.
type parts map[place][]rule

// add distributes a rule of h's over places. names are the tenant's own
// objects by resource. Resources that the tables do not know go to all of the
// tenant's namespaces, and are returned.
func (p parts) add(r rule, h holder, names map[string][]string) (unknown []string) {
	if len(r.NonResourceURLs) > 0 {
		if r.NonResourceURLs = h.urls(r.NonResourceURLs); len(r.NonResourceURLs) > 0 {
			p[cluster] = append(p[cluster], r)
		}
		return nil
	}
	read, write := r.verbs()
	for _, group := range r.APIGroups {
		for _, resource := range r.Resources {
			row, known := h.lookup(group, resource)
			if core, ok := h.lookup("", resource); group == "*" && ok {
				group, row, known = "", core, true // the injector's, of 0.x
			}
			if !known {
				row = right{read: everywhere, write: everywhere}
				unknown = append(unknown, resourceName(group, resource))
			}
			one := rule{APIGroups: []string{group}, Resources: []string{resource}, ResourceNames: r.ResourceNames}
			p.put(row.read.in(h.plan), one, read, names)
			p.put(row.write.in(h.plan), one, row.needed(write), names)
			if at := row.read.in(h.plan); resource == "*" && at != cluster && at != nowhere {
				for _, kind := range clusterScoped[group] {
					if row, ok := h.lookup(group, kind); ok && row.read.in(h.plan) == cluster {
						one.Resources = []string{kind}
						p.put(cluster, one, read, names)
					}
				}
			}
		}
	}
	return unknown
}

// needed leaves out the verbs that nothing uses.
func (r right) needed(write []string) []string {
	if len(r.verbs) == 0 {
		return write
	}
	return slices.DeleteFunc(slices.Clone(write), func(v string) bool { return !slices.Contains(r.verbs, v) })
}

func (p parts) put(at place, r rule, verbs []string, names map[string][]string) {
	if at == nowhere || len(verbs) == 0 {
		return
	}
	r.Verbs = verbs
	if at == named {
		if r.ResourceNames = names[r.Resources[0]]; len(r.ResourceNames) == 0 {
			return
		}
		at = cluster
	}
	if len(r.ResourceNames) > 0 && !strings.Contains(r.Resources[0], "/") {
		// A request to create an object does not say its name, so that the rule
		// would never allow it; one to create a part of an object does.
		r.Verbs = slices.DeleteFunc(slices.Clone(verbs), func(v string) bool { return v == "create" })
	}
	if len(r.Verbs) > 0 {
		p[at] = append(p[at], r)
	}
}

// merged joins neighbours that differ in their resources, or in their groups,
// only: a ClusterRole that is confined still reads like the original.
func merged(rules []rule) []rule {
	for _, join := range []func(a *rule, b rule) bool{joinResources, joinGroups} {
		var out []rule
		for _, r := range rules {
			if len(out) == 0 || !join(&out[len(out)-1], r) {
				out = append(out, r)
			}
		}
		rules = out
	}
	return rules
}

func joinResources(a *rule, b rule) bool {
	if !slices.Equal(a.APIGroups, b.APIGroups) || !a.sameRest(b) {
		return false
	}
	a.Resources = union(a.Resources, b.Resources)
	return true
}

func joinGroups(a *rule, b rule) bool {
	if !slices.Equal(a.Resources, b.Resources) || !a.sameRest(b) {
		return false
	}
	a.APIGroups = union(a.APIGroups, b.APIGroups)
	return true
}

func (r rule) sameRest(b rule) bool {
	return slices.Equal(r.Verbs, b.Verbs) && slices.Equal(r.ResourceNames, b.ResourceNames) &&
		slices.Equal(r.NonResourceURLs, b.NonResourceURLs)
}

func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, s := range b {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func resourceName(group, resource string) string {
	if group == "" {
		return resource
	}
	return resource + "." + group
}
