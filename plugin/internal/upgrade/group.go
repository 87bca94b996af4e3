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
	replace := generalizer(t)
	g := r.each(func(text string) string {
		// Some names have the namespace as well, where that is not Istio's own.
		return strings.ReplaceAll(replace(text), "}-{controlPlane}", "}")
	})
	g.sort()
	return one{r, g}
}

// Grouped joins the reports that say the same of several tenants, in the order of
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

// generalizer returns a function that replaces a tenant's names by placeholders, as
// the catalogue has them, where they stand as whole words.
func generalizer(t v1alpha1.IstioTenant) func(string) string {
	names := []struct{ name, placeholder string }{
		{t.Name(), "{tenant}"}, {t.Spec.ControlPlane.Revision, "{revision}"},
		{t.Spec.ControlPlane.Namespace, "{controlPlane}"}, {t.Spec.ControlPlane.TrustDomain, "{trustDomain}"},
	}
	for i, ns := range t.Spec.ApplicationNamespaces {
		placeholder := "{application}"
		if len(t.Spec.ApplicationNamespaces) > 1 {
			placeholder = fmt.Sprintf("{application %d}", i+1)
		}
		names = append(names, struct{ name, placeholder string }{ns, placeholder})
	}
	// The longest first; of two that are the same, the first.
	slices.SortStableFunc(names, func(a, b struct{ name, placeholder string }) int { return cmp.Compare(len(b.name), len(a.name)) })
	return func(text string) string {
		var out strings.Builder
	next:
		for i := 0; i < len(text); {
			if word := fixedAt(text[i:]); word != "" {
				out.WriteString(word)
				i += len(word)
				continue
			}
			for _, n := range names {
				if n.name != "" && strings.HasPrefix(text[i:], n.name) && isEdge(text, i-1) && isEdge(text, i+len(n.name)) {
					out.WriteString(n.placeholder)
					i += len(n.name)
					continue next
				}
			}
			out.WriteByte(text[i])
			i++
		}
		return out.String()
	}
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
