package check

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// spaces are the labels of Namespaces, by which selectors find them without a look at
// each.
type spaces struct {
	labels map[string]labels.Set
	with   map[string][]string    // by key
	where  map[[2]string][]string // by key and value
	all    []string
	known  map[string][]string // what selectors select
}

// nobodys are namespaces that every cluster has, and elsewhere is one of nobody: what
// selects them selects more than a tenant's.
const elsewhere = "some-other-namespace"

func nobodys() []string { return append(snapshot.ClusterNamespaces(), elsewhere) }

func (e *estate) newSpaces() spaces {
	s := spaces{labels: map[string]labels.Set{}, with: map[string][]string{}, where: map[[2]string][]string{}, known: map[string][]string{}}
	for _, ns := range nobodys() {
		s.labels[ns] = labels.Set{}
	}
	for ns, owners := range e.owners { // whose Namespace may not be here, since somebody else makes it
		s.labels[ns] = labels.Set{v1alpha1.TenantLabel: owners[0]}
	}
	for _, o := range e.Of("", "Namespace") {
		s.labels[o.ID.Name] = o.Labels()
	}
	for ns, set := range s.labels {
		set[object.NameLabel] = ns
	}
	s.all = slices.Sorted(maps.Keys(s.labels))
	for _, ns := range s.all {
		for key, value := range s.labels[ns] {
			s.with[key] = append(s.with[key], ns)
			s.where[[2]string{key, value}] = append(s.where[[2]string{key, value}], ns)
		}
	}
	return s
}

// clusterNamespace finds tenants of which somebody says that they have what is nobody's.
func clusterNamespace(e *estate, r *report) {
	for _, t := range e.Tenants {
		for _, ns := range t.Namespaces {
			if snapshot.IsClusterNamespace(ns) {
				r.add(e.Get(object.ID{Kind: "Namespace", Name: ns}), ns, []string{t.Name}, "namespace %s: is claimed by tenant %s: every cluster has this namespace, and it cannot be a tenant's", ns, t.Name)
			}
		}
	}
}

// selected are the namespaces that a selector selects, sorted; nil selects all. One that
// no API server takes selects none.
func (s spaces) selected(selector any) []string {
	sel, err := snapshot.Selector(selector)
	if err != nil {
		return nil
	}
	key := sel.String()
	if known, found := s.known[key]; found {
		return known
	}
	var selected []string
	for _, ns := range s.candidates(sel) {
		if sel.Matches(s.labels[ns]) {
			selected = append(selected, ns)
		}
	}
	slices.Sort(selected)
	selected = slices.Compact(selected)
	s.known[key] = selected
	return selected
}

// candidates are the fewest namespaces that one requirement leaves.
func (s spaces) candidates(sel labels.Selector) []string {
	requirements, _ := sel.Requirements()
	best := s.all
	for _, r := range requirements {
		var found []string
		switch r.Operator() {
		case selection.In, selection.Equals, selection.DoubleEquals:
			for value := range r.Values() {
				found = append(found, s.where[[2]string{r.Key(), value}]...)
			}
		case selection.Exists:
			found = s.with[r.Key()]
		default:
			continue
		}
		if len(found) < len(best) {
			best = found
		}
	}
	return best
}

// isNobodys says whether a namespace is of no tenant.
func (e *estate) isNobodys(namespace string) bool { return len(e.owners[namespace]) == 0 }

// show is how messages call namespaces.
func show(namespaces []string) string {
	shown := slices.Clone(namespaces)
	for i, ns := range shown {
		if ns == elsewhere {
			shown[i] = "any other"
		}
	}
	return some(slices.DeleteFunc(shown, func(ns string) bool { return strings.TrimSpace(ns) == "" }))
}
