package allow

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// remote is what makes kustomize take a path for a URL or a repository.
// Source: sigs.k8s.io/kustomize/api/internal/git/repospec.go, extractHost, and
// internal/loader/fileloader.go, IsRemoteFile.
var remote = regexp.MustCompile(`(?i)^(git::)*(https?:|ssh://|file://|[a-z][a-z0-9-]*@|github\.com[/:])`)

// IsRemote says whether kustomize would fetch what a path names.
func IsRemote(path string) bool { return remote.MatchString(path) }

// fetch is what is wrong with fetching what a path names; "": nothing.
func (l List) fetch(path string) string {
	if what := disguised(path); what != "" {
		return fmt.Sprintf("%q %s", path, what)
	}
	if slices.ContainsFunc(l.Remote, func(prefix string) bool { return below(prefix, path) }) {
		return ""
	}
	why, allow := "is on another host", beginning(path)
	for _, allowed := range l.Remote {
		if beginning(allowed) != beginning(path) {
			continue
		}
		why = "is neither " + allowed + " nor below it"
		if allow, _, _ = strings.Cut(path, "?"); strings.Contains(allowed, "?") {
			why, allow = why+" in this version", "'"+path+"'"
		}
	}
	return fmt.Sprintf("%q %s, and nothing is fetched that is not allowed: keep a copy in this repository, or allow it with --allow-remote %s", path, why, allow)
}

// disguised says what in a URL git would take for something else than a part of it.
func disguised(path string) string {
	before, query, _ := strings.Cut(path, "?")
	values, _ := url.ParseQuery(query) // what cannot be read, kustomize does not read either
	for _, name := range []string{"ref", "version"} {
		if ref := values.Get(name); strings.HasPrefix(ref, "-") {
			return fmt.Sprintf("has the %s %q, which git takes for an option: must be a branch, a tag or a commit", name, ref)
		}
	}
	if slices.Contains(strings.Split(before, "/"), "..") || strings.Contains(strings.ToLower(before), "%2e") {
		return `goes up by "..": must be the path itself`
	}
	return ""
}

// below says whether a path begins with what is allowed, up to the end of a part of it. If
// what is allowed has a query, such as ?ref=v1, the path has the same.
func below(prefix, path string) bool {
	prefix, version, hasVersion := strings.Cut(prefix, "?")
	if hasVersion {
		address, other, _ := strings.Cut(path, "?")
		if other != version {
			return false
		}
		path = address
	}
	rest, found := strings.CutPrefix(path, prefix)
	return found && (rest == "" || strings.HasSuffix(prefix, "/") || rest[0] == '/' || rest[0] == '?')
}

// beginning is the host of a URL and the first two parts of its path: a repository, in most cases.
func beginning(path string) string {
	path, _, _ = strings.Cut(path, "?")
	scheme, rest := "", path
	if i := strings.Index(path, "://"); i >= 0 {
		scheme, rest = path[:i+3], path[i+3:]
	}
	parts := strings.Split(rest, "/")
	if i := slices.Index(parts, ""); i > 0 {
		parts = parts[:i] // "//" is between a repository and a directory in it
	}
	return scheme + strings.Join(parts[:min(len(parts), 3)], "/")
}

// Transport fetches only allowed URLs, even if a kustomization names another one, or
// another host redirects to it. It records what it refuses.
func (l List) Transport(by http.RoundTripper, refused func(url, problem string)) http.RoundTripper {
	return transport{l, by, refused}
}

type transport struct {
	List
	by      http.RoundTripper
	refused func(url, problem string)
}

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if problem := t.fetch(r.URL.String()); problem != "" {
		t.refused(r.URL.String(), problem)
		return nil, errors.New(problem)
	}
	return t.by.RoundTrip(r)
}
