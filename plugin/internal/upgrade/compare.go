package upgrade

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/controlplane"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render"
)

// Compare says what changes for a tenant.
func Compare(s render.Swapped) Report {
	scopes := scopesOf(s.Tenant)
	r := Report{
		Tenants: []Tenant{{s.Overlay, s.Tenant.Name()}},
		From:    baseOf(s.From), To: baseOf(s.To),
		Common: common(s.From, s.To),
		Rights: rights(s.From.Objects, s.To.Objects, scopes), Objects: len(s.To.Objects),
	}
	c := comparison{report: &r, scopes: scopes, changes: map[change][]object.ID{}}
	c.objects(s.From.Objects, s.To.Objects)
	r.Unknown = unknown(s)
	r.proxies(s, scopes)
	return r
}

func baseOf(l render.Laid) Base {
	b := Base{Base: l.Base}
	plane, err := controlplane.Find(l.Objects)
	if err != nil {
		b.Problem = err.Error()
	} else {
		b.Istio = plane.Version.String()
	}
	return b
}

// comparison collects the changes of two sets of objects.
type comparison struct {
	report  *Report
	scopes  scopes
	changes map[change][]object.ID
}

// change is one that several objects may have.
type change struct {
	refused       bool
	topic         int
	element       string
	field         string
	from, to      string
	isFrom, hasTo bool
}

func (c *comparison) objects(from, to []*yaml.RNode) {
	old := map[object.ID]*yaml.RNode{}
	for _, o := range from {
		old[object.IDOf(o)] = o
	}
	var added, removed, restarts []object.ID
	for _, o := range to {
		id := object.IDOf(o)
		before, found := old[id]
		delete(old, id)
		if !found {
			added = append(added, id)
			continue
		}
		c.object(id, before, o)
		if !reflect.DeepEqual(at(before, nil), at(o, nil)) {
			c.report.Changed++
		}
		if isRestarted(before, o) {
			restarts = append(restarts, id)
		}
	}
	for id := range old {
		removed = append(removed, id)
	}
	r := c.report
	r.Added, r.Removed, r.Restarts = c.scopes.named(added), c.scopes.named(removed), c.scopes.named(restarts)
	r.Refused, r.Changes = []Change{}, []Change{}
	for _, one := range slices.SortedFunc(maps.Keys(c.changes), compareChanges) {
		done := Change{Topic: topics[one.topic].name, Objects: c.scopes.named(c.changes[one]), Element: one.element, Field: one.field}
		if one.isFrom {
			done.From = &one.from
		}
		if one.hasTo {
			done.To = &one.to
		}
		if one.refused {
			r.Refused = append(r.Refused, done)
		}
		r.Changes = append(r.Changes, done)
	}
}

func compareChanges(a, b change) int {
	t := topics[a.topic]
	return cmp.Or(cmp.Compare(a.topic, b.topic), cmp.Compare(a.element, b.element), cmp.Compare(t.rank(a.field), t.rank(b.field)), cmp.Compare(a.field, b.field),
		cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
}

// object adds what differs in an object.
func (c *comparison) object(id object.ID, from, to *yaml.RNode) {
	before, after := leaves(from), leaves(to)
	differs := differing(before, after)
	for _, key := range differs {
		old, had := before[key]
		now, has := after[key]
		at, listed := now.path, now.listed
		if !has {
			at, listed = old.path, old.listed
		}
		if listed { // the value is the last element
			at = at[:len(at)-1]
		}
		if id.Kind == "Secret" && slices.Contains(secretFields, at[0]) {
			old.value, now.value = secret, secret
		}
		topic, element, field := topicOf(id.Kind, at)
		one := change{isImmutable(id.Kind, at), topic, element, field, old.value, now.value, had, has}
		c.changes[one] = append(c.changes[one], id)
	}
	if len(differs) == 0 && !reflect.DeepEqual(content(from, id), content(to, id)) {
		one := change{topic: len(topics) - 1, field: "the order of a list"}
		c.changes[one] = append(c.changes[one], id)
	}
}

// secretFields are those of a Secret whose values no report has.
var secretFields = []string{"data", "stringData"}

const secret = "(not shown)"

// differing are the keys of leaves that are not the same in both.
func differing(before, after map[string]leaf) []string {
	keys := maps.Clone(before)
	maps.Copy(keys, after)
	var found []string
	for key := range keys {
		old, had := before[key]
		if now, has := after[key]; had != has || old.value != now.value {
			found = append(found, key)
		}
	}
	return found
}

// content is what an object has beside what is compared as rights.
func content(o *yaml.RNode, id object.ID) any {
	value := at(o, nil)
	if fields, ok := value.(map[string]any); ok && (strings.HasSuffix(id.Kind, "Role") || strings.HasSuffix(id.Kind, "RoleBinding")) {
		delete(fields, "rules")
		delete(fields, "subjects")
	}
	return value
}

// isRestarted says whether a workload makes its Pods anew.
func isRestarted(from, to *yaml.RNode) bool {
	template := []string{"spec", "template"}
	if to.GetKind() == "CronJob" || to.GetKind() == "Job" {
		return false // the next ones are new
	}
	if spec, _ := object.PodSpec(to); spec == nil || to.GetKind() == "Pod" {
		return false
	}
	return !reflect.DeepEqual(at(from, template), at(to, template))
}

// at is the value of a field.
func at(o *yaml.RNode, path []string) any {
	field, err := o.Pipe(yaml.Lookup(path...))
	if err != nil || field == nil {
		return nil
	}
	var value any
	if field.YNode().Decode(&value) != nil {
		return field.MustString()
	}
	return value
}

// scopes are the namespaces of a tenant.
type scopes struct {
	controlPlane string
	applications []string
}

func scopesOf(t v1alpha1.IstioTenant) scopes {
	return scopes{t.Spec.ControlPlane.Namespace, t.Spec.ApplicationNamespaces}
}

// Where something is.
const (
	inCluster      = "in the cluster"
	inControlPlane = "in the control plane's namespace"
	inApplications = "in the application namespaces"
	inEvery        = "in all of the tenant's namespaces"
)

// of says where namespaces are; "" is the whole cluster.
func (s scopes) of(namespaces []string) string {
	slices.Sort(namespaces)
	namespaces = slices.Compact(namespaces)
	own := slices.Contains(namespaces, s.controlPlane)
	applications := !slices.ContainsFunc(s.applications, func(ns string) bool { return !slices.Contains(namespaces, ns) })
	switch n := len(namespaces); {
	case n == 1 && namespaces[0] == "":
		return inCluster
	case n == 1 && own:
		return inControlPlane
	case applications && n == len(s.applications):
		return inApplications
	case applications && own && n == len(s.applications)+1:
		return inEvery
	}
	return "in " + strings.Join(namespaces, ", ")
}

// named names objects, those of one name in several namespaces once: what is in no
// namespace, or beside the control plane, by kind and name.
func (s scopes) named(ids []object.ID) []string {
	namespaces := map[object.ID][]string{}
	for _, id := range ids {
		bare := object.ID{Group: id.Group, Kind: id.Kind, Name: id.Name}
		namespaces[bare] = append(namespaces[bare], id.Namespace)
	}
	names := []string{}
	for id, in := range namespaces {
		name := id.String()
		if where := s.of(in); where != inCluster && where != inControlPlane {
			name += " " + where
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
