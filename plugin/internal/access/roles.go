package access

import (
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/component-helpers/auth/rbac/validation"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// given is a role that a binding gives.
type given struct {
	role  object.ID
	rules []rbacv1.PolicyRule
	// part: the rules are what the binding gives more than in every cluster.
	part bool
}

// roleIn is a role that a binding gives in a namespace, or in the whole cluster.
type roleIn struct {
	role       object.ID
	namespaced bool
}

// wordsOf are the words for what bindings of a namespace give together. Of a role that
// every cluster has for people, the word is its name, and further words say what its rules
// allow more than in every cluster.
func (m *Model) wordsOf(namespace string, all ...given) []said {
	key := roleIn{all[0].role, namespace != ""}
	if words, found := m.words[key]; found && len(all) == 1 && !all[0].part {
		return words
	}
	var rules []rbacv1.PolicyRule
	for _, g := range all {
		rules = append(rules, g.rules...)
	}
	var words []said
	if i := slices.IndexFunc(builtIn, func(w Word) bool { return slices.ContainsFunc(all, func(g given) bool { return m.has(g, w) }) }); i < 0 {
		words = wordsOf(rules, namespace)
	} else {
		_, more := validation.Covers(rulesOf(m.common.Rules(clusterRole(builtIn[i].Name))), rules)
		words = with(said{Word: builtIn[i]}, wordsOf(more, namespace))
	}
	if len(all) == 1 && !all[0].part {
		m.words[key] = words
	}
	return words
}

// with adds the word of a whole role to the words for what other rules allow.
func with(whole said, words []said) []said {
	if slices.ContainsFunc(words, func(s said) bool { return s.Name == everything && !s.some }) {
		return words
	}
	words = slices.DeleteFunc(words, func(s said) bool { return s.Name == reads.Name })
	return sorted(append(words, whole))
}

// has says whether a binding gives all that a role of people allows in every cluster.
func (m *Model) has(g given, w Word) bool {
	if g.part || g.role != clusterRole(w.Name) {
		return false
	}
	complete, known := m.complete[g.role]
	if !known {
		complete, _ = validation.Covers(rulesOf(m.authorizer.Rules(g.role)), rulesOf(m.common.Rules(g.role)))
		m.complete[g.role] = complete
	}
	return complete
}

func clusterRole(name string) object.ID {
	return object.ID{Group: rbacv1.GroupName, Kind: "ClusterRole", Name: name}
}

func rulesOf(grants []authorize.Grant) (rules []rbacv1.PolicyRule) {
	for _, g := range grants {
		rules = append(rules, g.Rule)
	}
	return rules
}
