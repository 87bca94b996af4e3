package verify

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// served are the kinds of the API server.
type served struct {
	client *client
	all    map[string]resource // by apiVersion and kind
	best   []resource          // each once, in the version that the API server prefers
	failed map[string]error    // by apiVersion: those whose kinds could not be listed
}

// resource is where objects of a kind are.
type resource struct {
	group, version, name, kind string
	namespaced                 bool
	verbs                      []string
}

// discover asks which kinds there are. A group whose own server does not answer is in
// failed, and the others are there all the same.
func (c *client) discover(ctx context.Context) (*served, error) {
	s := &served{client: c, all: map[string]resource{}, failed: map[string]error{}}
	var core metav1.APIVersions
	var groups metav1.APIGroupList
	if err := c.get(ctx, asJSON, "/api", nil, &core); err != nil {
		return nil, err
	}
	if err := c.get(ctx, asJSON, "/apis", nil, &groups); err != nil {
		return nil, err
	}
	type version struct {
		group, name string
		best        bool
		list        metav1.APIResourceList
		err         error
	}
	var versions []*version
	for _, v := range core.Versions {
		versions = append(versions, &version{name: v, best: true})
	}
	for _, g := range groups.Groups {
		for _, v := range g.Versions {
			versions = append(versions, &version{group: g.Name, name: v.Version, best: v.Version == g.PreferredVersion.Version})
		}
	}
	each(ctx, len(versions), func(i int) {
		v := versions[i]
		v.err = c.get(ctx, asJSON, root(v.group, v.name), nil, &v.list)
	})
	others := map[[2]string]resource{} // that the preferred version has not
	for _, v := range versions {
		if v.err != nil {
			s.failed[metav1.GroupVersion{Group: v.group, Version: v.name}.String()] = v.err
		}
		for _, r := range v.list.APIResources {
			if strings.Contains(r.Name, "/") {
				continue
			}
			found := resource{v.group, v.name, r.Name, r.Kind, r.Namespaced, r.Verbs}
			s.all[metav1.GroupVersion{Group: v.group, Version: v.name}.String()+" "+r.Kind] = found
			key := [2]string{v.group, r.Name}
			if _, known := others[key]; v.best || !known {
				others[key] = found
			}
		}
	}
	for _, r := range others {
		s.best = append(s.best, r)
	}
	slices.SortFunc(s.best, func(a, b resource) int { return strings.Compare(a.String(), b.String()) })
	return s, nil
}

// missKinds says which kinds nobody knows. If rules judge such a group, it may have any objects.
func (v *verifier) missKinds() {
	for _, apiVersion := range slices.Sorted(maps.Keys(v.served.failed)) {
		group, err := idOf(map[string]any{"apiVersion": apiVersion}).Group, v.served.failed[apiVersion]
		what := "list the kinds of " + apiVersion
		v.report.miss(Drift, what, err)
		read := func(isJudged bool) bool {
			return slices.ContainsFunc(reads, func(r read) bool { return r.group == group && r.counts.isJudged() == isJudged })
		}
		switch {
		case read(true):
			v.missRules(what, err)
		case read(false):
			v.report.miss(Rules, what, err)
		}
	}
}

// String is "deployments.apps".
func (r resource) String() string {
	if r.group == "" {
		return r.name
	}
	return r.name + "." + r.group
}

func (r resource) apiVersion() string {
	return metav1.GroupVersion{Group: r.group, Version: r.version}.String()
}

func root(group, version string) string {
	if group == "" {
		return "/api/" + version
	}
	return "/apis/" + group + "/" + version
}

// path is an object's, or with name "" that of all in a namespace, or with both "" of all.
func (r resource) path(namespace, name string) string {
	path := root(r.group, r.version)
	if r.namespaced && namespace != "" {
		path += "/namespaces/" + url.PathEscape(namespace)
	}
	path += "/" + r.name
	if name != "" {
		path += "/" + url.PathEscape(name)
	}
	return path
}

func (r resource) can(verb string) bool { return slices.Contains(r.verbs, verb) }

// pageSize is how many objects a page of a list has.
const pageSize = "500"

// fewer is for kinds whose objects are large.
const fewer = "50"

// mostPages bounds a list that never ends.
const mostPages = 10_000

// list calls use with each object of a resource, as it is answered.
func (s *served) list(ctx context.Context, r resource, accept, namespace string, query url.Values, use func(map[string]any)) error {
	query = mergeQuery(url.Values{"limit": {pageSize}}, query)
	for range mostPages {
		var page struct {
			Metadata metav1.ListMeta  `json:"metadata"`
			Items    []map[string]any `json:"items"`
		}
		if err := s.client.get(ctx, accept, r.path(namespace, ""), query, &page); err != nil {
			return err
		}
		for _, item := range page.Items {
			if item == nil { // of an aggregated API
				continue
			}
			item["apiVersion"], item["kind"] = r.apiVersion(), r.kind
			use(item)
		}
		if page.Metadata.Continue == "" {
			return nil
		}
		if page.Metadata.Continue == query.Get("continue") {
			break
		}
		query.Set("continue", page.Metadata.Continue)
	}
	return endless(r)
}

func endless(r resource) error {
	return fmt.Errorf("the list of %s does not end: found the same page again, or more than %d pages", r, mostPages)
}

func mergeQuery(a, b url.Values) url.Values {
	all := url.Values{}
	for _, from := range []url.Values{a, b} {
		for key, values := range from {
			all[key] = values
		}
	}
	return all
}
