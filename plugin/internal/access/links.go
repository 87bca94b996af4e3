package access

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// link is that somebody reaches from one box of the drawing into another.
type link struct {
	class    string // network or rights
	from, to string // of boxes
	words    []string
}

// Ends of links that are no tenants.
const (
	anyone    = "\x00anyone"
	namespace = "\x00namespace "
	person    = "\x00subject "
)

// links are those between tenants, from subjects that have rights in several, and from
// namespaces of no tenant.
func (r Report) links() []link {
	found := map[[3]string]*link{}
	add := func(class, from, to, words string) {
		key := [3]string{class, from, to}
		if found[key] == nil {
			found[key] = &link{class: class, from: from, to: to}
		}
		found[key].words = append(found[key].words, words)
	}
	of := map[string]string{}
	for _, t := range r.named() {
		for _, name := range t.Namespaces {
			of[name] = t.Name
		}
	}
	for _, reach := range r.Network {
		from := reach.From
		switch {
		case from == "" && reach.FromNamespace == "":
			from = anyone
		case from == "":
			from = namespace + reach.FromNamespace
		}
		add("network", from, reach.To, reach.String())
	}
	for _, s := range r.Subjects {
		in := map[string]bool{}
		for _, cell := range s.Cells {
			if tenant := of[cell.Namespace]; tenant != "" {
				in[tenant] = true
			}
		}
		home := of[s.Namespace]
		if delete(in, home); home == "" {
			if home = person + s.String(); len(in) < 2 && s.Kind != "ServiceAccount" {
				continue // an administrator of one tenant
			}
		}
		for _, tenant := range slices.Sorted(maps.Keys(in)) {
			add("rights", home, tenant, fmt.Sprintf("%s has rights in tenant %s", s, tenant))
		}
	}
	var all []link
	for _, key := range slices.SortedFunc(maps.Keys(found), func(a, b [3]string) int { return slices.Compare(a[:], b[:]) }) {
		all = append(all, *found[key])
	}
	return all
}

// inWords are links as sentences.
func inWords(links []link) (all []string) {
	for _, l := range links {
		all = append(all, l.words...)
	}
	return all
}

// nameOf is what a box of the drawing is called.
func nameOf(end string) string {
	switch {
	case end == anyone:
		return "every namespace"
	case strings.HasPrefix(end, namespace):
		return "namespace " + strings.TrimPrefix(end, namespace)
	case strings.HasPrefix(end, person):
		return strings.TrimPrefix(end, person)
	}
	return "tenant " + end
}
