package netpol

import (
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
)

type label struct{ key, value string }

// matching are the namespaces of the snapshot and its tenants that a selector selects, sorted. The
// slice is shared, and not to be changed.
func (n *Network) matching(s *metav1.LabelSelector) []string {
	parsed, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		return nil // New refuses such a policy
	}
	key := parsed.String()
	n.mutex.Lock()
	defer n.mutex.Unlock()
	if found, ok := n.selected[key]; ok {
		return found
	}
	found := []string{}
	for _, namespace := range n.likely(parsed) {
		if parsed.Matches(n.namespaces[namespace]) {
			found = append(found, namespace)
		}
	}
	n.selected[key] = found
	return found
}

// likely are namespaces beside which a selector selects none: those that have a label
// that it asks for, where it asks for one.
func (n *Network) likely(s labels.Selector) []string {
	requirements, _ := s.Requirements()
	for _, r := range requirements {
		if r.Operator() != selection.In && r.Operator() != selection.Equals {
			continue
		}
		names := map[string]bool{}
		for _, value := range r.ValuesUnsorted() {
			for _, name := range n.labelled[label{r.Key(), value}] {
				names[name] = true
			}
		}
		return slices.Sorted(maps.Keys(names))
	}
	return slices.Sorted(maps.Keys(n.namespaces))
}

// selects says whether a selector that was checked selects what has labels.
func selects(s *metav1.LabelSelector, own labels.Set) bool {
	parsed, err := metav1.LabelSelectorAsSelector(s)
	return err == nil && parsed.Matches(own)
}
