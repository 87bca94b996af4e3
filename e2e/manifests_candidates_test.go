package e2e

import (
	"fmt"
	"maps"
	"regexp"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
)

// verdict is what is to become of a manifest.
type verdict int

const (
	either verdict = iota // as the API server says, if it is placed
	placed
	refused
)

// candidate is an object in an overlay.
type candidate struct {
	token    string // part of its name, of no other's
	variant  string
	resource cluster.Resource
	object   map[string]any
	want     verdict

	// What the function made of it: an object, or the message of one of its steps.
	placed  *cluster.Object
	refused string
	step    int
	// unreadable: kustomize itself refuses it; list: it takes the object out.
	unreadable, list bool
}

func (c *candidate) String() string {
	return fmt.Sprintf("%s %s, %s", c.resource.APIVersion, c.resource.Kind, c.variant)
}

var tokens = regexp.MustCompile(`fz-\d+-x`)

func tokensIn(text string) map[string]bool {
	found := map[string]bool{}
	for _, token := range tokens.FindAllString(text, -1) {
		found[token] = true
	}
	return found
}

// variant is a way to write an object. ofNamespaced is what becomes of it if
// its kind has a namespace; one without is never placed, but for the kinds that
// the control plane has for itself.
type variant struct {
	name         string
	ofNamespaced verdict
	edit         func(o, metadata map[string]any)
	unreadable   bool
	list         bool
}

// clusters is the variant whose name few kinds may have.
const clusters = "called as the cluster's"

var variants = []variant{
	{name: "without a namespace", ofNamespaced: placed},
	{name: "in the application namespace", ofNamespaced: placed, edit: in("ns-1")},
	{name: "beside the control plane", ofNamespaced: placed, edit: in("istio-system1")},
	{name: "with the base", ofNamespaced: placed, edit: in("ISTIO_TENANT_NAMESPACE")},
	{name: "in an empty namespace", ofNamespaced: placed, edit: in("")},
	{name: "in kube-system", ofNamespaced: refused, edit: in("kube-system")},
	{name: "in another tenant", ofNamespaced: refused, edit: in("ns-0")},
	{name: "in a namespace with a slash", ofNamespaced: refused, edit: in("ns-1/../kube-system")},
	{name: "in a namespace that is null", ofNamespaced: either, edit: in(nil)},
	{name: "in a namespace that is a number", ofNamespaced: refused, edit: in(5)},
	{name: "in a namespace that is a list", ofNamespaced: refused, edit: in([]any{"kube-system"}), unreadable: true},
	{name: "in a namespace that is a map", ofNamespaced: refused, edit: in(map[string]any{"kube-system": "ns-1"}), unreadable: true},
	{name: "called as the control plane's", ofNamespaced: either, edit: func(_, m map[string]any) { m["name"] = fmt.Sprint(m["name"], "-ISTIO_TENANT_NAMESPACE") }},
	{name: clusters, ofNamespaced: either, edit: func(_, m map[string]any) { m["name"] = fmt.Sprint("system:", m["name"]) }},
	{name: "of an unknown version", ofNamespaced: placed, edit: func(o, _ map[string]any) { o["apiVersion"] = withVersion(o["apiVersion"], "v9") }},
	{name: "of another group", ofNamespaced: refused, edit: func(o, _ map[string]any) { o["apiVersion"] = "fuzz.example/v1" }},
	{name: "of its group in capitals", ofNamespaced: refused, edit: func(o, _ map[string]any) {
		group, version, _ := strings.Cut("X"+fmt.Sprint(o["apiVersion"]), "/")
		o["apiVersion"] = strings.ToUpper(group) + "/" + version
	}},
	{name: "in small letters", ofNamespaced: refused, edit: func(o, _ map[string]any) { o["kind"] = strings.ToLower(fmt.Sprint(o["kind"])) }},
	{name: "with a generateName, too", ofNamespaced: placed, edit: func(_, m map[string]any) { m["generateName"] = "system-" }},
	{name: "with a generateName alone", ofNamespaced: refused, unreadable: true, edit: func(_, m map[string]any) {
		m["generateName"] = m["name"]
		delete(m, "name")
	}},
	{name: "in a list of its kind", ofNamespaced: refused, list: true, edit: func(o, m map[string]any) {
		item := maps.Clone(o)
		clear(o)
		o["apiVersion"], o["kind"], o["items"] = item["apiVersion"], fmt.Sprint(item["kind"], "List"), []any{item}
		o["metadata"] = map[string]any{"name": m["name"]}
	}},
	{name: "in a List", ofNamespaced: refused, list: true, edit: func(o, m map[string]any) {
		item := maps.Clone(o)
		clear(o)
		o["apiVersion"], o["kind"], o["items"], o["metadata"] = "v1", "List", []any{item}, map[string]any{"name": m["name"]}
	}},
}

func in(namespace any) func(_, metadata map[string]any) {
	return func(_, metadata map[string]any) { metadata["namespace"] = namespace }
}

func withVersion(apiVersion any, version string) string {
	group, _, found := strings.Cut(fmt.Sprint(apiVersion), "/")
	if !found {
		return version
	}
	return group + "/" + version
}

// candidates are objects of every kind of the resources in every variant: in
// all versions but the first as the first variant alone.
func candidates(t *testing.T, resources []cluster.Resource) (all []*candidate, kinds int) {
	main, seen := map[string]bool{}, map[string]bool{}
	for _, r := range resources {
		if r.Subresource() == "" {
			main[apiVersionOf(r)+" "+r.Kind] = true
		}
	}
	for _, r := range resources {
		apiVersion := apiVersionOf(r)
		if seen[apiVersion+" "+r.Kind] || r.Subresource() != "" && main[apiVersion+" "+r.Kind] {
			continue
		}
		seen[apiVersion+" "+r.Kind] = true
		group := strings.TrimSuffix(withVersion(apiVersion, ""), "/")
		of := variants
		if seen[group+" "+r.Kind] {
			of = variants[:1]
		} else {
			kinds++
		}
		seen[group+" "+r.Kind] = true
		for _, v := range of {
			token := fmt.Sprintf("fz-%d-x", len(all))
			metadata := map[string]any{"name": token}
			o := content(t, apiVersion, r.Kind)
			o["apiVersion"], o["kind"], o["metadata"] = apiVersion, r.Kind, metadata
			one := &candidate{token: token, variant: v.name, resource: r, object: o, want: v.ofNamespaced, unreadable: v.unreadable, list: v.list}
			if v.edit != nil {
				v.edit(o, metadata)
			}
			switch {
			case r.Subresource() != "" || !r.Can("get") && r.Namespaced: // which are not stored
				one.want = either
			case !r.Namespaced && v.name == "called as the control plane's" && isAllowed(r.Kind):
				one.want = either
			case !r.Namespaced || group == unknownGroup && v.ofNamespaced != either:
				one.want = refused
			}
			all = append(all, one)
		}
	}
	return all, kinds
}

func isAllowed(kind string) bool {
	for _, allowed := range allowedKinds {
		if kind == allowed {
			return true
		}
	}
	return false
}
