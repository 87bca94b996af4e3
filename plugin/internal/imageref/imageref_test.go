package imageref_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/imageref"
)

func TestCheck(t *testing.T) {
	sum := "sha256:" + strings.Repeat("0a", 32)
	for reference, want := range map[string]string{
		"istio-tenancy":                          "",
		"tools/istio-tenancy:v1.0":               "",
		"registry.example/istio-tenancy:1.0_b-c": "",
		"localhost:5000/a__b/c.d--e@" + sum:      "",
		"localhost/a:x@" + sum:                   "",
		"[::1]:5000/a":                           "",
		"Registry.example/a":                     "",
		"":                                       "is empty: must be an image",
		"a b":                                    "an image has no spaces",
		"a:1\n":                                  "an image has no spaces",
		"https://registry.example/a":             "an image has no scheme",
		"registry.example/Tools/a":               `"Tools" has upper-case letters`,
		"registry.example//a":                    `"" is no part of an image's name`,
		"registry.example/-a":                    `"-a" is no part of an image's name`,
		"registry.example/a..b":                  `"a..b" is no part of an image's name`,
		"registry.example/a:":                    `"" is no tag`,
		"registry.example/a:.b":                  `".b" is no tag`,
		"registry.example/a:" + strings.Repeat("b", 129): "is no tag",
		"registry.example/a@sha256:0":                    `"sha256:0" is no digest`,
		"registry.example/a@":                            `"" is no digest`,
		"registry.example:x/a":                           `"registry.example:x" is no registry`,
		"-registry.example/a":                            `"-registry.example" is no registry`,
	} {
		if err := imageref.Check(reference); want == "" {
			require.NoError(t, err, reference)
		} else {
			require.ErrorContains(t, err, want, reference)
		}
	}
}

func TestMovesAndName(t *testing.T) {
	for reference, moves := range map[string]bool{
		"a": true, "a:latest": true, "r:5000/b/a": true, "r:5000/b/a:latest": true,
		"a:1.0": false, "r:5000/b/a:1": false, "a@sha256:0": false, "a:latest@sha256:0": false,
	} {
		require.Equal(t, moves, imageref.Moves(reference), reference)
		require.Equal(t, "a", imageref.Name(reference), reference)
	}
}

func TestRegistry(t *testing.T) {
	for reference, want := range map[string]string{
		"a": "", "a:1.0": "", "a.b": "", "a/b": "", "localhost:5000": "", "a_b/c:1": "",
		"localhost/a": "localhost", "Localhost/a": "Localhost", "node-1:80/a": "node-1:80", "a.b/c/d": "a.b", "[::1]:5000/a": "[::1]:5000", "http://a/b": "http:",
	} {
		require.Equal(t, want, imageref.Registry(reference), reference)
	}
}

func TestComplete(t *testing.T) {
	for reference, want := range map[string]string{
		"nginx": "docker.io/library/nginx", "nginx:1.0": "docker.io/library/nginx", "istio/pilot@sha256:0": "docker.io/istio/pilot", "docker.io/nginx:1@sha256:0": "docker.io/library/nginx",
		"index.docker.io/istio/pilot": "docker.io/istio/pilot", "index.docker.io/nginx": "docker.io/library/nginx", "r.example:5000/a/b:c": "r.example:5000/a/b", "localhost/a": "localhost/a",
		"Docker.io/a": "Docker.io/a", "index.docker.io.example/a": "index.docker.io.example/a", "index.a.example/b": "index.a.example/b", "a.example/b@c.example/d": "a.example/b", "": "docker.io/library/",
	} {
		require.Equal(t, want, imageref.Complete(reference), reference)
	}
}

func TestPlaceholder(t *testing.T) {
	for reference, want := range map[string]string{
		"registry.example/istio-tenancy:1.0": "registry.example", "Registry.Example:5000/a/b": "Registry.Example:5000", "r.invalid/a": "r.invalid", "r.test/a": "r.test",
		"example.com/a": "example.com", "r.example.org:5/a": "r.example.org:5", "example.net/a": "example.net",
		"example/a": "", "test/a": "", "registry.example": "", "registry.example.io/a": "", "myexample.com/a": "", "docker.io/example.com/a": "", "a:1.0": "", "localhost:5000/a": "", "[::1]:5000/a": "",
	} {
		require.Equal(t, want, imageref.Placeholder(reference), reference)
	}
}

// FuzzCheck: what is accepted has no character by which YAML, a shell or another
// part of a Pod would read it as something else.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{"a", "a/b:c", "[::1]:5/a@sha256:", "a@b@c", "a:b:c", "localhost/a", "é/a", "a/b\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, reference string) {
		if imageref.Check(reference) == nil {
			require.Regexp(t, `^[A-Za-z0-9\[][A-Za-z0-9._:@/\[\]-]*$`, reference)
		}
	})
}
