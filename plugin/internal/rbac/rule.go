// Package rbac reads, sorts and writes the rules of Roles and ClusterRoles.
package rbac

import (
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

const (
	// Group is the API group of RBAC's kinds, and APIVersion its version.
	Group      = "rbac.authorization.k8s.io"
	APIVersion = Group + "/v1"
)

// Rule is a PolicyRule of RBAC: either on resources or on URLs.
type Rule struct {
	APIGroups       []string `yaml:"apiGroups"`
	Resources       []string `yaml:"resources"`
	ResourceNames   []string `yaml:"resourceNames"`
	NonResourceURLs []string `yaml:"nonResourceURLs"`
	Verbs           []string `yaml:"verbs"`
}

// Of decodes the rules of a Role or ClusterRole. A rule that allows nothing is an
// error, as it is for the API server.
func Of(role *yaml.RNode) ([]Rule, error) {
	field, err := role.Pipe(yaml.Lookup("rules"))
	if err != nil || field == nil {
		return nil, err
	}
	var rules []Rule
	if err := field.YNode().Decode(&rules); err != nil {
		return nil, err
	}
	for i, r := range rules {
		switch {
		case len(r.Verbs) == 0:
			return nil, fmt.Errorf("rules[%d].verbs: is empty: must name what is allowed", i)
		case len(r.NonResourceURLs) == 0 && (len(r.APIGroups) == 0 || len(r.Resources) == 0):
			return nil, fmt.Errorf("rules[%d]: names no resources: must have apiGroups and resources, or nonResourceURLs", i)
		}
	}
	return rules, nil
}

// Values are rules as a field of an object.
func Values(rules []Rule) []any {
	var list []any
	for _, r := range rules {
		fields := map[string]any{"verbs": r.Verbs}
		for name, field := range map[string][]string{
			"apiGroups": r.APIGroups, "resources": r.Resources, "resourceNames": r.ResourceNames, "nonResourceURLs": r.NonResourceURLs,
		} {
			if len(field) > 0 {
				fields[name] = field
			}
		}
		list = append(list, fields)
	}
	return list
}

// The verbs on resources, in the usual order.
var (
	Read  = []string{"get", "list", "watch"}
	Write = []string{"create", "update", "patch", "delete"}
)

// Returning are the verbs of requests that the API server answers with objects that are stored:
// it answers a patch with the whole object, a deletecollection with all objects, and a delete
// with the object if the request says propagationPolicy=Foreground. With dryRun=All, none of
// them changes anything. It answers an update with what the request sent.
//
// Source: pkg/registry/generic/registry/store.go of k8s.io/apiserver 0.36.
var Returning = []string{"get", "list", "watch", "patch", "delete", "deletecollection"}

// Nameless are the verbs of requests that name no object: for RBAC, their name is "", which a
// rule may list among its resourceNames.
var Nameless = []string{"create", "list", "watch", "deletecollection"}

// Names says whether a request of a verb may name an object of a resource, such as "pods" or
// "pods/exec". A list and a watch name one by the fieldSelector metadata.name.
func Names(verb, resource string) bool {
	return strings.Contains(resource, "/") || resource == "*" || verb != "create" && verb != "deletecollection"
}

// acting are subresources that a get of does more than read: it opens a
// connection into the Pod or the node.
var acting = []string{"attach", "exec", "portforward", "proxy"}

// Split returns the verbs that only read, and all others, each in the usual
// order. "*" stands for the usual ones.
func (r Rule) Split(resource string) (read, write []string) {
	all := r.Verbs
	if slices.Contains(all, "*") {
		all = slices.Concat(Read, Write)
	}
	for _, v := range slices.Concat(Read, Write) {
		if slices.Contains(all, v) {
			read = append(read, v)
		}
	}
	for _, v := range all { // approve, bind, impersonate, ...
		if !slices.Contains(read, v) {
			read = append(read, v)
		}
	}
	_, sub, _ := strings.Cut(resource, "/")
	if slices.Contains(acting, sub) {
		return nil, read
	}
	at := slices.IndexFunc(read, func(v string) bool { return !slices.Contains(Read, v) })
	if at < 0 {
		return read, nil
	}
	return read[:at:at], read[at:]
}

// Resource is how messages name a resource: "pods", "gateways.networking.istio.io".
func Resource(group, resource string) string {
	if group == "" {
		return resource
	}
	return resource + "." + group
}

// Merged joins neighbouring rules that differ only in their resources, or only in
// their groups, so that a confined ClusterRole still looks like the original.
func Merged(rules []Rule) []Rule {
	for _, join := range []func(a *Rule, b Rule) bool{joinResources, joinGroups} {
		var out []Rule
		for _, r := range rules {
			if len(out) == 0 || !join(&out[len(out)-1], r) {
				out = append(out, r)
			}
		}
		rules = out
	}
	return rules
}

func joinResources(a *Rule, b Rule) bool {
	if !slices.Equal(a.APIGroups, b.APIGroups) || !a.sameRest(b) {
		return false
	}
	a.Resources = union(a.Resources, b.Resources)
	return true
}

func joinGroups(a *Rule, b Rule) bool {
	if !slices.Equal(a.Resources, b.Resources) || !a.sameRest(b) {
		return false
	}
	a.APIGroups = union(a.APIGroups, b.APIGroups)
	return true
}

func (r Rule) sameRest(b Rule) bool {
	return slices.Equal(r.Verbs, b.Verbs) && slices.Equal(r.ResourceNames, b.ResourceNames) &&
		slices.Equal(r.NonResourceURLs, b.NonResourceURLs)
}

func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, s := range b {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
