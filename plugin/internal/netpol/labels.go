package netpol

import (
	"slices"

	"k8s.io/apimachinery/pkg/labels"
)

// mostSets bounds what labels are tried. Policies that people write tell a few dozen
// sets apart; it takes an attacker to need more than these.
const mostSets = 4096

// another is a value that no selector names.
const another = "any.other"

// labelSets are labels that a Pod may have, one set for each way in which selectors
// can be true and false of one Pod. It is not complete where there are more than
// mostSets.
func labelSets(selectors []labels.Selector) (sets []map[string]string, complete bool) {
	return labelSetsOf(nil, selectors, nil)
}

// labelSetsOf are those of Pods that all of some selectors select, and none of some others
// does. Of the latter, it does not matter why they do not, so that there is one set for each
// way of the selectors in the middle.
func labelSetsOf(always, either, never []labels.Selector) (sets []map[string]string, complete bool) {
	s := solver{selectors: slices.Concat(always, either, never), always: len(always), never: len(always) + len(either), values: map[string][]string{}}
	for _, selector := range s.selectors {
		requirements, _ := selector.Requirements()
		for _, r := range requirements {
			if s.values[r.Key()] == nil {
				s.keys = append(s.keys, r.Key())
				s.values[r.Key()] = []string{absent, another}
			}
			for _, value := range r.ValuesUnsorted() {
				if !slices.Contains(s.values[r.Key()], value) {
					s.values[r.Key()] = append(s.values[r.Key()], value)
				}
			}
		}
	}
	slices.Sort(s.keys)
	for _, key := range s.keys {
		slices.Sort(s.values[key][2:])
	}
	s.search(0, s.values)
	return s.sets, s.steps < mostSets
}

// absent stands for a label that is not there. No value of a label is it.
const absent = "\x00"

// solver tries the selectors in turn, true and false, and keeps for each label the
// values that are left. Those before always are only tried as true, and those from never
// on only as false.
type solver struct {
	selectors []labels.Selector
	always    int
	never     int
	keys      []string
	values    map[string][]string
	sets      []map[string]string
	steps     int
}

// search reports whether there is any set of labels.
func (s *solver) search(at int, left map[string][]string) bool {
	if s.steps++; s.steps >= mostSets {
		return false
	}
	if at == len(s.selectors) {
		set := map[string]string{}
		for _, key := range s.keys {
			if value := left[key][0]; value != absent {
				set[key] = value
			}
		}
		s.sets = append(s.sets, set)
		return true
	}
	requirements, selectable := s.selectors[at].Requirements()
	if !selectable { // of nothing
		return at >= s.always && s.search(at+1, left)
	}
	found := false
	if at < s.never {
		isTrue := left
		for _, r := range requirements {
			if isTrue = narrowed(isTrue, r, true); isTrue == nil {
				break
			}
		}
		if isTrue != nil {
			found = s.search(at+1, isTrue)
		}
	}
	if at < s.always {
		return found
	}
	// It is false where any requirement is. Each way leaves other values to the rest.
	for _, r := range requirements {
		if isFalse := narrowed(left, r, false); isFalse != nil {
			found = s.search(at+1, isFalse) || found
		}
		if found && at >= s.never {
			break
		}
	}
	return found
}

// narrowed are the values with which a requirement is met, or is not; nil: none.
func narrowed(left map[string][]string, r labels.Requirement, met bool) map[string][]string {
	var kept []string
	for _, value := range left[r.Key()] {
		set := labels.Set{r.Key(): value}
		if value == absent {
			set = nil
		}
		if r.Matches(set) == met {
			kept = append(kept, value)
		}
	}
	if kept == nil {
		return nil
	}
	all := make(map[string][]string, len(left))
	for key, values := range left {
		all[key] = values
	}
	all[r.Key()] = kept
	return all
}
