package allow

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIsRemote(t *testing.T) {
	for path, want := range map[string]bool{
		"https://h/x": true, "HTTP://h/x": true, "http:x": true, "ssh://h/x": true, "File:///x": true, "git::https://h/x": true,
		"git@h:x/y": true, "org-1@h/x": true, "github.com/a/b": true, "GitHub.com:a/b": true,
		"../base": false, "base": false, "./github.com/a/b": false, "/etc": false, "ext::sh -c x": false, "git::ext::sh -c x": false,
		"a.b@h/x": false, "httpd/base": false, "ftp://h/x": false,
	} {
		require.Equal(t, want, IsRemote(path), path)
	}
}

// An address is allowed as far as it is written, and what comes after is no other host.
func TestFetch(t *testing.T) {
	l := List{Remote: []string{"https://github.com/example", "https://charts.example/", "git@h:org/repo"}}
	for path, allowed := range map[string]bool{
		"https://github.com/example": true, "https://github.com/example/bases//istio?ref=v1": true, "https://github.com/example?ref=v1": true,
		"https://charts.example/a/b": true, "git@h:org/repo//x": true,
		"https://github.com/example-evil/bases": false, "https://github.com/example.git/x": false, "https://github.com/other/bases": false,
		"https://github.com/example@evil/x": false, "https://github.com/example:8443/x": false, "http://github.com/example/x": false,
		"https://github.com/example/../evil/x": false, "https://github.com/example/%2E%2e/evil/x": false,
		"https://github.com/example/x?ref=--upload-pack=evil": false, "https://github.com/example/x?version=-x": false,
		"https://github.com/example/x?ref=%2D-upload-pack=evil": false, "git@h:org/repository": false, "file:///repo": false,
	} {
		require.Equal(t, allowed, l.fetch(path) == "", "%s: %s", path, l.fetch(path))
	}
	require.Contains(t, l.fetch("https://github.com/other/bases//istio?ref=v1"), "allow it with --allow-remote https://github.com/other/bases")
	require.NotContains(t, l.fetch("https://github.com/other/bases//istio?ref=v1"), "istio --")
	require.Contains(t, l.fetch("https://github.com/example/x?ref=--upload-pack=evil"), `has the ref "--upload-pack=evil", which git takes for an option`)
}

// What is allowed in a version is allowed in no other.
func TestFetchInAVersion(t *testing.T) {
	l := List{Remote: []string{"https://h/o/r//bases/istio?ref=v1"}}
	for path, problem := range map[string]string{
		"https://h/o/r//bases/istio?ref=v1": "", "https://h/o/r//bases/istio/common?ref=v1": "",
		"https://h/o/r//bases/istio/common?ref=v2":   "neither",
		"https://h/o/r//bases/istio/common":          "neither",
		"https://h/o/r//bases/istio/x?ref=v1&ref=v2": "neither",
		"https://h/o/r//bases/istio-evil?ref=v1":     "neither",
		"https://h/o/x//bases/istio?ref=v1":          "is on another host",
	} {
		if found := l.fetch(path); problem == "" {
			require.Empty(t, found)
		} else {
			require.Contains(t, found, problem)
		}
	}
	require.Equal(t, `"https://h/o/r//bases/istio-evil?ref=v1" is neither https://h/o/r//bases/istio?ref=v1 nor below it in this version, and nothing is fetched that is not allowed: `+
		`keep a copy in this repository, or allow it with --allow-remote 'https://h/o/r//bases/istio-evil?ref=v1'`, l.fetch("https://h/o/r//bases/istio-evil?ref=v1"))
	l = List{Remote: []string{"https://h/o/r//bases/istio"}}
	require.Contains(t, l.fetch("https://h/o/r//bases/istio-evil?ref=v1"),
		"is neither https://h/o/r//bases/istio nor below it, and nothing is fetched that is not allowed: keep a copy in this repository, or allow it with --allow-remote https://h/o/r//bases/istio-evil")
}

// Nor does an allowed host lead to another one.
func TestTransport(t *testing.T) {
	asked := 0
	inner := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer inner.Close()
	outer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/leads" {
			http.Redirect(w, r, inner.URL, http.StatusFound)
		}
	}))
	defer outer.Close()
	var refused []string
	client := http.Client{Transport: List{Remote: []string{outer.URL}}.Transport(http.DefaultTransport, func(url, _ string) { refused = append(refused, url) })}
	get := func(url string) error {
		response, err := client.Get(url)
		if err == nil {
			require.NoError(t, response.Body.Close())
		}
		return err
	}
	require.NoError(t, get(outer.URL+"/file.yaml"))
	require.ErrorContains(t, get(outer.URL+"/leads"), "is on another host")
	require.ErrorContains(t, get(inner.URL), "is on another host")
	require.Equal(t, []string{inner.URL, inner.URL}, refused)
	require.Zero(t, asked)
}

func TestValidate(t *testing.T) {
	require.NoError(t, List{Exec: []string{"cat", "./x"}, Remote: []string{"https://h", "git@h:x", "github.com/x"}}.Validate())
	require.EqualError(t, List{Exec: []string{""}, Remote: []string{"../base"}}.Validate(), `--allow-exec: found "": must be a function's exec.path or container.image, as it is written there
--allow-remote: found "../base": must be the beginning of a URL, as it is written, such as https://github.com/example/bases`)
}
