package upgrade

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
)

// one is a tenant's report, and the same with placeholders for its names.
type one struct {
	report, general Report
}

func newOne(r Report, t v1alpha1.IstioTenant) one {
	names := namesOf(t)
	text := func(text string) string { return names.replace(text) }
	general := r.each(text, func(name string) string { return objectName(name, t) })
	general.sort()
	return one{r, general}
}

// objectName is what an object would be called of any tenant. Some names have the
// namespace as well, where that is not Istio's own; and a namespace by default is called
// like the mesh's ConfigMap.
func objectName(text string, t v1alpha1.IstioTenant) string {
	kind, rest, _ := strings.Cut(text, " ")
	id, where, placed := strings.Cut(rest, " ")
	id = strings.TrimSuffix(id, "-"+t.Spec.ControlPlane.Namespace)
	id = kind + " " + namesOf(t)[:2].replace(id)
	if placed { // "in ns-1", "of ns-1", or the name of what a right is on
		id += " " + namesOf(t).replace(where)
	}
	return id
}

// grouped joins the reports that say the same of several tenants, in the order of
// their first overlays.
func grouped(all []one) []Report {
	var groups [][]one
next:
	for _, o := range all {
		for i, group := range groups {
			a, b := group[0].general, o.general
			a.Tenants, b.Tenants = nil, nil
			if reflect.DeepEqual(a, b) {
				groups[i] = append(group, o)
				continue next
			}
		}
		groups = append(groups, []one{o})
	}
	reports := []Report{}
	for _, group := range groups {
		if len(group) == 1 {
			reports = append(reports, group[0].report)
			continue
		}
		r := group[0].general
		r.Tenants = nil
		for _, o := range group {
			r.Tenants = append(r.Tenants, o.report.Tenants...)
		}
		reports = append(reports, r)
	}
	return reports
}

// name is one that a tenant has, and a placeholder, as the catalogue has them.
type name struct{ of, placeholder string }

type names []name

// namesOf are a tenant's: its own and the revision first.
func namesOf(t v1alpha1.IstioTenant) names {
	all := names{
		{t.Name(), "{tenant}"}, {t.Spec.ControlPlane.Revision, "{revision}"},
		{t.Spec.ControlPlane.Namespace, "{controlPlane}"}, {t.Spec.ControlPlane.TrustDomain, "{trustDomain}"},
	}
	for i, ns := range t.Spec.ApplicationNamespaces {
		placeholder := "{application}"
		if len(t.Spec.ApplicationNamespaces) > 1 {
			placeholder = fmt.Sprintf("{application %d}", i+1)
		}
		all = append(all, name{ns, placeholder})
	}
	return all
}

// replace puts placeholders where names stand as whole words: the longest name, and of
// two that are the same the first.
func (all names) replace(text string) string {
	longest := slices.Clone(all)
	slices.SortStableFunc(longest, func(a, b name) int { return cmp.Compare(len(b.of), len(a.of)) })
	var out strings.Builder
next:
	for i := 0; i < len(text); {
		if word := fixedAt(text[i:]); word != "" {
			out.WriteString(word)
			i += len(word)
			continue
		}
		for _, n := range longest {
			if n.of != "" && strings.HasPrefix(text[i:], n.of) && isEdge(text, i-1) && isEdge(text, i+len(n.of)) {
				out.WriteString(n.placeholder)
				i += len(n.of)
				continue next
			}
		}
		out.WriteByte(text[i])
		i++
	}
	return out.String()
}

// fixedAt is text that is no tenant's, though a part of it may be called like one.
func fixedAt(text string) string {
	for _, word := range []string{v1alpha1.Group, "/dev/"} {
		if strings.HasPrefix(text, word) {
			return word
		}
	}
	return ""
}

// isEdge says that no letter or digit is at a place.
func isEdge(text string, at int) bool {
	return at < 0 || at >= len(text) || !unicode.IsLetter(rune(text[at])) && !unicode.IsDigit(rune(text[at]))
}
