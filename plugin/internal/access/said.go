package access

import (
	"cmp"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/component-helpers/auth/rbac/validation"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/rbac"
)

// said is a word, of some objects only where rules name them.
type said struct {
	Word
	some bool
}

func (s said) String() string {
	if s.some {
		return "some " + s.Name
	}
	return s.Name
}

// WordsOf are the words for what a binding gives with rules, and the highest level of
// them. namespace is that of the binding; "" stands for the whole cluster.
func WordsOf(rules []rbacv1.PolicyRule, namespace string) (may []string, level Level) {
	return texts(wordsOf(rules, namespace))
}

func texts(words []said) (may []string, level Level) {
	may = make([]string, len(words))
	for i, s := range words {
		may[i], level = s.String(), max(level, s.Level)
	}
	return may, level
}

// sorted puts words into the order of Words.
func sorted(words []said) []said {
	order := Words()
	at := func(s said) int { return slices.IndexFunc(order, func(w Word) bool { return w.Name == s.Name }) }
	slices.SortStableFunc(words, func(a, b said) int { return cmp.Compare(at(a), at(b)) })
	return words
}

// wordsOf are the words that are true of rules, the worst first: all that say of the
// rules what no other word says.
func wordsOf(rules []rbacv1.PolicyRule, namespace string) (all []said) {
	rules = unnamed(rules)
	for _, w := range capabilities {
		found, some := false, true
		var left []rbacv1.PolicyRule
		for _, rule := range rules {
			if !w.isOf(rule, namespace) {
				left = append(left, rule)
				continue
			}
			found, some = true, some && len(rule.ResourceNames) > 0
		}
		if found {
			all = append(all, said{w, some})
		}
		if found && w.Name == everything {
			rules = left // of the objects that are named, no other word says more
			if !some {
				return all
			}
		}
	}
	level := Level(0)
	for _, rule := range rules {
		for _, one := range validation.BreakdownRule(rule) {
			isSaid := func(s said) bool { return s.says(one) }
			if of := levelOf(one); of > level && !slices.ContainsFunc(all, isSaid) && !isVain(one) && isGiven(one, namespace) {
				level = of
			}
		}
	}
	if level == Writes {
		all = append(all, said{Word: writes})
	}
	if level == Reads && len(all) == 0 {
		all = append(all, said{Word: reads})
	}
	return all
}

// unnamed makes of a rule with the name "", which is that of each request without a name, a
// rule about all objects.
func unnamed(rules []rbacv1.PolicyRule) (all []rbacv1.PolicyRule) {
	for _, rule := range rules {
		if slices.Contains(rule.ResourceNames, "") && len(rule.Resources) > 0 {
			whole := rule
			whole.ResourceNames = nil
			whole.Verbs = slices.DeleteFunc(slices.Clone(rule.Verbs), func(verb string) bool { return verb != "*" && !slices.Contains(rbac.Nameless, verb) })
			whole.Resources = slices.DeleteFunc(slices.Clone(rule.Resources), func(name string) bool { return strings.Contains(name, "/") })
			all = append(all, whole)
			rule.ResourceNames = slices.DeleteFunc(slices.Clone(rule.ResourceNames), func(name string) bool { return name == "" })
			if len(rule.ResourceNames) == 0 {
				continue
			}
		}
		all = append(all, rule)
	}
	return all
}

// isVain says whether a right is about objects by name, and no request for it names one.
func isVain(one rbacv1.PolicyRule) bool {
	return len(one.ResourceNames) > 0 && len(one.Resources) > 0 && !rbac.Names(one.Verbs[0], one.Resources[0])
}

// isOf says whether a rule allows, of whichever objects it names, what the word says.
func (w Word) isOf(rule rbacv1.PolicyRule, namespace string) bool {
	names := rule.ResourceNames
	rule.Resources = slices.Clone(rule.Resources)
	for i, name := range rule.Resources {
		if strings.HasPrefix(name, extras+"/") { // the API server asks about one key each
			rule.Resources[i] = extras
		}
	}
	allowed := slices.ContainsFunc(w.asks, func(asked rbacv1.PolicyRule) bool {
		asked.ResourceNames = names
		covers, _ := validation.Covers([]rbacv1.PolicyRule{rule}, []rbacv1.PolicyRule{asked})
		return covers && !isVain(asked) && isGiven(asked, namespace)
	})
	return allowed || w.verbs != "" && slices.ContainsFunc(validation.BreakdownRule(rule), func(one rbacv1.PolicyRule) bool {
		return strings.HasPrefix(one.Verbs[0], w.verbs) && isGiven(one, namespace)
	})
}

// says says whether the word tells a reader of a right: of one verb, on one resource.
func (s said) says(one rbacv1.PolicyRule) bool {
	verb := one.Verbs[0]
	switch {
	case s.some && len(one.ResourceNames) == 0:
		return false
	case s.verbs != "" && strings.HasPrefix(verb, s.verbs):
		return true
	case len(one.Resources) == 0:
		return false
	case slices.Contains(s.groups, one.APIGroups[0]):
		return true
	}
	resource := one.Resources[0]
	base, sub, _ := strings.Cut(resource, "/")
	isChange := verb == "*" || slices.Contains(change, verb)
	if isChange && s.onlyReads {
		return false
	}
	return slices.ContainsFunc(s.asks, func(asked rbacv1.PolicyRule) bool {
		if (asked.Verbs[0] != verb && (!isChange || !slices.Contains(change, asked.Verbs[0]))) || (asked.APIGroups[0] != one.APIGroups[0] && one.APIGroups[0] != "*") {
			return false
		}
		switch about := asked.Resources[0]; {
		case resource == "*":
			return !isChange // such as sign, which is of signers alone
		case base == "*":
			return strings.HasSuffix(about, "/"+sub) && !slices.Contains(subresources["*"], sub) // which more than this word's resources have
		default:
			return about == resource || about == base
		}
	})
}

// isGiven says whether a binding of a namespace gives a right: it gives none on what is in
// no namespace, but on the Namespace itself, where a request names it, and to give a
// ClusterRole, or use a policy of the cluster, within the namespace.
func isGiven(one rbacv1.PolicyRule, namespace string) bool {
	if namespace == "" {
		return true
	}
	if len(one.Resources) == 0 {
		return false
	}
	group := one.APIGroups[0]
	base, _, _ := strings.Cut(one.Resources[0], "/")
	switch {
	case one.Verbs[0] == "bind" || one.Verbs[0] == "use":
		return true
	case group == core && base == "namespaces":
		return slices.Contains([]string{"get", "update", "patch", "delete", "*"}, one.Verbs[0])
	case base == "*":
		return object.HasNamespaced(group) || group == authentications // whose serviceaccounts are no kind
	}
	return !object.IsClusterResource(group, base)
}

// levelOf is the level of one right. A review is an answer, and no object that stays.
func levelOf(one rbacv1.PolicyRule) Level {
	verbs := read
	switch {
	case len(one.NonResourceURLs) > 0:
		verbs = []string{"get", "head", "options"}
	case slices.Contains([]string{authentications, "authorization.k8s.io"}, one.APIGroups[0]):
		verbs = append(slices.Clip(read), "create")
	}
	if slices.Contains(verbs, one.Verbs[0]) {
		return Reads
	}
	return Writes
}
