package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/suggest"
)

// Annotation, on an object, accepts findings about it, and on an IstioTenant those
// about the tenant: "RULE: REASON", one per line.
const Annotation = v1alpha1.Group + "/accept"

// acceptance is a line of such an annotation.
type acceptance struct {
	rule, reason string
	o            *snapshot.Object // that has it, or nil
	config       *snapshot.Config // that has it, or nil
	used         bool
	// own says that a tenant may write the line, as far as anybody knows, so that it counts for
	// what is the object's tenant's alone; over is that it was not enough.
	own, over bool
	tenant    string // of the object's namespace, or of the object if it has none
}

// accepted are all acceptances.
type accepted struct {
	objects map[*snapshot.Object][]*acceptance
	tenants map[string][]*acceptance
	all     []*acceptance
}

func acceptances(e *estate) accepted {
	r := e.Reading
	a := accepted{objects: map[*snapshot.Object][]*acceptance{}, tenants: map[string][]*acceptance{}}
	for i, c := range r.Configs {
		for _, line := range lines(c.Metadata.Annotations[Annotation]) {
			line.config = &r.Configs[i]
			a.all, a.tenants[c.Name()] = append(a.all, line), append(a.tenants[c.Name()], line)
		}
	}
	annotation := func(o *snapshot.Object) string {
		return snapshot.Text(o.Content, "metadata", "annotations", Annotation)
	}
	reviewed := map[object.ID][]*snapshot.Object{} // a dump may have what an overlay gives
	for _, o := range r.Objects {
		if o.Reviewed && annotation(o) != "" {
			reviewed[o.ID] = append(reviewed[o.ID], o)
		}
	}
	for _, o := range r.Objects {
		tenant := e.tenantOf(o)
		if o.ID.Namespace != "" { // whatever label somebody gives it
			tenant = e.owner(o.ID.Namespace)
		}
		for _, line := range lines(annotation(o)) {
			line.o, line.tenant, line.own = o, tenant, !slices.ContainsFunc(reviewed[o.ID], o.IsSame) && e.writers.has(o)
			a.all, a.objects[o] = append(a.all, line), append(a.objects[o], line)
		}
	}
	return a
}

func lines(text string) (found []*acceptance) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			rule, reason, _ := strings.Cut(line, ":")
			found = append(found, &acceptance{rule: strings.TrimSpace(rule), reason: strings.TrimSpace(reason)})
		}
	}
	return found
}

// of is the reason why a finding is accepted, or "".
func (a accepted) of(f *Finding) string {
	var candidates []*acceptance
	for _, o := range append([]*snapshot.Object{f.of}, f.more...) {
		if o != nil {
			candidates = append(candidates, a.objects[o]...)
		}
	}
	for _, tenant := range f.Tenants {
		candidates = append(candidates, a.tenants[tenant]...)
	}
	reason := ""
	for _, c := range candidates {
		switch {
		case c.rule != f.Rule || c.reason == "":
		case c.own && f.isAboutOthers(c.tenant):
			c.over = true
		default:
			c.used, reason = true, c.reason
		}
	}
	return reason
}

// isAboutOthers says whether a finding is about more than what a tenant has, and may open.
func (f *Finding) isAboutOthers(tenant string) bool {
	rule, _ := RuleOf(f.Rule)
	return !rule.gives && (f.Path != nil || !slices.Equal(f.Tenants, []string{tenant}))
}

// findings are about the annotations themselves.
func (a accepted) findings() (found []Finding) {
	wrong, _ := RuleOf("wrong-accept")
	unused, _ := RuleOf("unused-accept")
	own, _ := RuleOf("own-accept")
	for _, line := range a.all {
		_, known := RuleOf(line.rule)
		r := report{rule: wrong}
		switch {
		case !known:
			line.add(&r, "found %q, which is no rule%s", line.rule, suggest.Question(line.rule, ids()))
		case line.reason == "":
			line.add(&r, "found %q without a reason: must be %q", line.rule, line.rule+": why it may be so")
		case line.over:
			r.rule = own
			concerns := ""
			if line.tenant != "" {
				concerns = "which concerns more than tenant " + line.tenant + ", "
			}
			line.add(&r, "accepts %s, %sand subjects of a tenant may have written the annotation: it does not count", line.rule, concerns)
		case !line.used:
			r.rule = unused
			line.add(&r, "accepts %s, and there is no such finding", line.rule)
		}
		found = append(found, r.findings...)
	}
	return found
}

func (a *acceptance) add(r *report, format string, args ...any) {
	what := fmt.Sprintf(format, args...)
	if a.config == nil {
		r.add(a.o, a.rule, []string{a.o.Tenant()}, "%s: metadata.annotations[%s]: %s", a.o.ID, Annotation, what)
		return
	}
	f := r.add(nil, a.rule, []string{a.config.Name()}, "IstioTenant %s: metadata.annotations[%s]: %s", a.config.Name(), Annotation, what)
	f.file, f.field, f.Source = a.config.File, "metadata.annotations", snapshot.Source{File: a.config.File}
}

func ids() (ids []string) {
	for _, r := range Rules() {
		ids = append(ids, r.ID)
	}
	return slices.Sorted(slices.Values(ids))
}
