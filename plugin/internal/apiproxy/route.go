package apiproxy

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// resource is a kind as paths name it.
type resource struct{ group, version, name string }

// String is RESOURCE or RESOURCE.GROUP.
func (r resource) String() string {
	if r.group == "" {
		return r.name
	}
	return r.name + "." + r.group
}

// root is the path of the kind's API group and version.
func (r resource) root() string {
	if r.group == "" {
		return "/api/" + r.version
	}
	return "/apis/" + r.group + "/" + r.version
}

// query is a request for all objects of a kind.
type query struct {
	resource
	watch  bool
	values url.Values
	header http.Header // as it goes upstream
}

// key is what positions are stored by: whatever selects the same objects has
// the same events. A parameter that is not known here may select as well.
func (q query) key() string {
	selectors := url.Values{}
	for name, v := range q.values {
		if name != "timeout" && !ownParameter(name) && !slices.Equal(v, []string{""}) {
			selectors[name] = v
		}
	}
	return q.root() + "/" + q.name + "?" + selectors.Encode()
}

// ownParameter is whether a parameter says where to begin and how much to tell, or
// how to print it, rather than of which objects.
func ownParameter(name string) bool {
	switch name {
	case "watch", "limit", "continue", "resourceVersion", "resourceVersionMatch", "sendInitialEvents",
		"allowWatchBookmarks", "timeoutSeconds", "pretty":
		return true
	}
	return false
}

// collection is the kind whose objects of the whole cluster a path names.
func collection(path string) (r resource, watch, ok bool) {
	parts := strings.FieldsFunc(path, func(c rune) bool { return c == '/' })
	switch {
	case len(parts) >= 3 && parts[0] == "api":
		r.version, parts = parts[1], parts[2:]
	case len(parts) >= 4 && parts[0] == "apis":
		r.group, r.version, parts = parts[1], parts[2], parts[3:]
	default:
		return r, false, false
	}
	if len(parts) == 2 && parts[0] == "watch" { // the API's way before ?watch=true
		watch, parts = true, parts[1:]
	}
	if len(parts) != 1 {
		return r, false, false
	}
	r.name = parts[0]
	return r, watch, true
}

// plain is whether a path means the same to everybody: it has no empty segment
// but one slash at its end, none of dots, and no encoded slash. What the API
// server takes for a request for the whole cluster could else be something else here.
func plain(u *url.URL) bool {
	if u.Path == "/" {
		return true
	}
	path, rooted := strings.CutPrefix(strings.TrimSuffix(u.Path, "/"), "/")
	if !rooted || strings.Count(u.EscapedPath(), "/") != strings.Count(u.Path, "/") {
		return false
	}
	for segment := range strings.SplitSeq(path, "/") {
		switch segment {
		case "", ".", "..":
			return false
		}
	}
	return true
}

// isTrue reads a boolean parameter as the API server does.
func isTrue(values url.Values, name string) bool {
	v, given := values[name]
	if !given {
		return false
	}
	switch strings.ToLower(v[0]) {
	case "false", "0":
		return false
	}
	return true
}

// part is one of the requests that a query becomes: for a namespace, or, of a
// kind that has none, for an object by its name.
type part struct {
	namespace, name string
}

// String is as messages have it.
func (p part) String() string {
	if p.namespace != "" {
		return "namespace " + p.namespace
	}
	return "object " + p.name
}

func (p part) path(r resource) string {
	if p.namespace != "" {
		return r.root() + "/namespaces/" + p.namespace + "/" + r.name
	}
	return r.root() + "/" + r.name
}

// values are a query's parameters that the API server is to know of a part: the
// proxy's own instead of those that say where to begin and how much to tell.
func (p part) values(of url.Values, own map[string]string) url.Values {
	to := url.Values{}
	for name, v := range of {
		if !ownParameter(name) {
			to[name] = v
		}
	}
	if p.name != "" {
		selector := "metadata.name=" + p.name
		if has := to.Get("fieldSelector"); has != "" {
			selector += "," + has // RBAC goes by the first one
		}
		to.Set("fieldSelector", selector)
	}
	for name, v := range own {
		if v != "" {
			to.Set(name, v)
		}
	}
	return to
}
