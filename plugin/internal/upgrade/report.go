package upgrade

import (
	"cmp"
	"slices"
	"strings"
)

// Report is what changes for tenants.
type Report struct {
	// Tenants are the tenants for which all of this applies. If there are several,
	// {tenant}, {revision}, {controlPlane}, {application} and {trustDomain} stand for
	// the values of each.
	Tenants []Tenant `json:"tenants"`
	From    Base     `json:"from"`
	To      Base     `json:"to"`
	// Refused are changes of fields that cannot be changed: the API server refuses
	// them.
	Refused []Change `json:"refused"`
	// Common says what of the common base comes before the tenant; nil: nothing does.
	Common *Common `json:"common"`
	// Unknown is what the catalogue does not know of the new base: warnings of its build
	// that the old one does not give, and what nobody has looked at.
	Unknown []string `json:"unknown"`
	Rights  []Right  `json:"rights"`
	// Restarts are workloads whose Pods are created again. KeepProxies are other
	// workloads that keep the old proxy, as every injected Pod does, if Proxies is
	// true.
	Restarts    []string `json:"restarts"`
	Proxies     bool     `json:"proxiesKeepUntilRestarted"`
	KeepProxies []string `json:"keepProxies"`
	// Added and Removed are objects.
	Added   []string `json:"added"`
	Removed []string `json:"removed"`
	// Changes are all other fields that differ, by topic.
	Changes []Change `json:"changes"`
	// Changed of Objects, which are those of the new base, differ in some field.
	Changed int `json:"changedObjects"`
	Objects int `json:"objects"`
}

// Tenant is one for which a report holds.
type Tenant struct {
	Overlay string `json:"overlay"`
	Tenant  string `json:"tenant"`
}

// Base is a base of a control plane.
type Base struct {
	Base string `json:"base"`
	// Istio is the version, and Problem why it cannot be told.
	Istio   string `json:"istio,omitempty"`
	Problem string `json:"problem,omitempty"`
}

// Right is a right that an account gains or loses.
type Right struct {
	Gained    bool     `json:"gained"`
	Account   string   `json:"account"`
	Where     string   `json:"where"`
	Verbs     []string `json:"verbs"`
	Resources []string `json:"resources"`
}

// Change is a field that differs, or an element of a list that comes or goes.
type Change struct {
	Topic   string   `json:"topic"`
	Objects []string `json:"objects"`
	// Element is the one of a list that the field is of, such as a container.
	Element string `json:"element,omitempty"`
	Field   string `json:"field"`
	// From and To are the values; nil, where there is none.
	From *string `json:"from"`
	To   *string `json:"to"`
}

// Common is what the new common base has and the old one does not have.
type Common struct {
	Base string `json:"base,omitempty"`
	// Problem is why that cannot be told.
	Problem string `json:"problem,omitempty"`
	// Kinds are new, or served in other versions. Changed and Added are other objects.
	Kinds   []string `json:"kinds"`
	Changed []string `json:"changed"`
	Added   []string `json:"added"`
}

// IsEmpty says that nothing changes for the tenants.
func (r Report) IsEmpty() bool {
	return len(r.Unknown)+len(r.Added)+len(r.Removed)+r.Changed == 0
}

// each replaces every text of the report that may name the tenant, and the names of objects.
func (r Report) each(replace, name func(string) string) Report {
	texts := func(list []string, by func(string) string) []string {
		out := make([]string, len(list))
		for i, text := range list {
			out[i] = by(text)
		}
		slices.Sort(out)
		return out
	}
	value := func(text *string) *string {
		if text == nil {
			return nil
		}
		replaced := replace(*text)
		return &replaced
	}
	changes := func(list []Change) []Change {
		out := make([]Change, len(list))
		for i, c := range list {
			out[i] = Change{c.Topic, texts(c.Objects, name), replace(c.Element), replace(c.Field), value(c.From), value(c.To)}
		}
		return out
	}
	r.Refused, r.Changes = changes(r.Refused), changes(r.Changes)
	r.Unknown, r.Restarts, r.KeepProxies = texts(r.Unknown, replace), texts(r.Restarts, name), texts(r.KeepProxies, name)
	r.Added, r.Removed = texts(r.Added, name), texts(r.Removed, name)
	named := func(resource string) string { // as an object is, if the right is on one
		what, of, found := strings.Cut(resource, " ")
		if !found {
			return resource
		}
		return what + name(" "+of)
	}
	rights := make([]Right, len(r.Rights))
	for i, right := range r.Rights {
		right.Account, right.Where, right.Resources = name(right.Account), replace(right.Where), texts(right.Resources, named)
		slices.SortFunc(right.Resources, compareResources)
		rights[i] = right
	}
	r.Rights = rights
	return r
}

// sort orders what has been renamed as if it had always been called so.
func (r Report) sort() {
	text := func(value *string) string {
		if value == nil {
			return ""
		}
		return *value
	}
	byAll := func(a, b Change) int {
		t := topicNamed(a.Topic)
		return cmp.Or(cmp.Compare(t, topicNamed(b.Topic)), cmp.Compare(a.Element, b.Element), cmp.Compare(topics[t].rank(a.Field), topics[t].rank(b.Field)), cmp.Compare(a.Field, b.Field),
			cmp.Compare(text(a.From), text(b.From)), cmp.Compare(text(a.To), text(b.To)), slices.Compare(a.Objects, b.Objects))
	}
	slices.SortStableFunc(r.Changes, byAll)
	slices.SortStableFunc(r.Refused, byAll)
	slices.SortStableFunc(r.Rights, compareRights)
}
