// Package imageref checks references of container images, as a Pod names them:
// "registry.example:5000/tools/istio-tenancy:1.0@sha256:...".
package imageref

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Source: the grammar of github.com/distribution/reference, which container
// runtimes read images by.
var (
	host      = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9A-Fa-f:]+\])(:[0-9]+)?$`)
	component = regexp.MustCompile(`^[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*$`)
	tag       = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)
	digest    = regexp.MustCompile(`^sha256:[0-9a-f]{64}$|^sha512:[0-9a-f]{128}$`)
)

// Check says what is wrong with a reference; nil is nothing.
func Check(reference string) error {
	switch {
	case reference == "":
		return errors.New("is empty: must be an image, such as registry.example/istio-tenancy:1.0")
	case strings.ContainsAny(reference, " \t\r\n"):
		return fmt.Errorf("found %q: an image has no spaces", reference)
	case strings.Contains(reference, "://"):
		return fmt.Errorf("found %q: an image has no scheme: must begin with the registry, as in registry.example/istio-tenancy:1.0", reference)
	}
	name, sum, hasSum := strings.Cut(reference, "@")
	if hasSum && !digest.MatchString(sum) {
		return fmt.Errorf("found %q: %q is no digest: must be sha256: and 64 digits of 0-9 and a-f", reference, sum)
	}
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
		if !tag.MatchString(name[i+1:]) {
			return fmt.Errorf("found %q: %q is no tag: must be at most 128 letters, digits, \"_\", \".\" and \"-\", and begin with none of the last two",
				reference, name[i+1:])
		}
		name = name[:i]
	}
	return checkName(reference, name)
}

// Moves says whether a valid reference may name another image later: it has no
// digest, and its tag, if it has one, is the tag that every push replaces.
func Moves(reference string) bool {
	name, _, fixed := strings.Cut(reference, "@")
	_, tag, _ := strings.Cut(name[strings.LastIndexByte(name, '/')+1:], ":")
	return !fixed && (tag == "" || tag == "latest")
}

// Name is the last part of a reference, without its tag and digest:
// "istio-tenancy" of "registry.example:5000/tools/istio-tenancy:1.0".
func Name(reference string) string {
	name, _, _ := strings.Cut(reference, "@")
	name, _, _ = strings.Cut(name[strings.LastIndexByte(name, '/')+1:], ":")
	return name
}

// Registry is the part before a reference's first slash, if container runtimes take
// it for a host: "registry.example:5000"; otherwise "", and runtimes use their
// default.
func Registry(reference string) string {
	first, _, found := strings.Cut(reference, "/")
	if !found || !strings.ContainsAny(first, ".:") && first != "localhost" && first == strings.ToLower(first) {
		return ""
	}
	return first
}

// Complete is a reference's name without its tag and digest, as container runtimes
// complete it: "docker.io/library/nginx" of "nginx:1.0", and of "index.docker.io/nginx".
func Complete(reference string) string {
	name, _, _ := strings.Cut(reference, "@")
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
		name = name[:i]
	}
	const hub, library = "docker.io/", "library/"
	switch {
	case !strings.Contains(name, "/"):
		return hub + library + name
	case Registry(name) == "":
		return hub + name
	}
	if strings.HasPrefix(name, "index."+hub) {
		name = strings.TrimPrefix(name, "index.")
	}
	if rest, found := strings.CutPrefix(name, hub); found && !strings.Contains(rest, "/") {
		return hub + library + rest
	}
	return name
}

// reserved are domains in which nobody has a registry. Source: RFC 2606.
var reserved = regexp.MustCompile(`(^|\.)(example|invalid|test|example\.(com|net|org))$`)

// Placeholder is the registry of a reference if it is a domain that is reserved for
// documentation: "registry.example"; otherwise "".
func Placeholder(reference string) string {
	registry, _, found := strings.Cut(reference, "/")
	host, _, _ := strings.Cut(registry, ":")
	if !found || !strings.Contains(host, ".") || !reserved.MatchString(strings.ToLower(host)) {
		return ""
	}
	return registry
}

func checkName(reference, name string) error {
	components := strings.Split(name, "/")
	if first := components[0]; len(components) > 1 && (strings.ContainsAny(first, ".:[") || first == "localhost") {
		if !host.MatchString(first) {
			return fmt.Errorf("found %q: %q is no registry: must be a host, and its port after \":\" if it has one", reference, first)
		}
		components = components[1:]
	}
	for _, c := range components {
		switch {
		case component.MatchString(c):
		case c != strings.ToLower(c):
			return fmt.Errorf("found %q: %q has upper-case letters: must be lower-case, as every image's name is", reference, c)
		default:
			return fmt.Errorf("found %q: %q is no part of an image's name: must be lower-case letters and digits, with single \".\", \"_\" or \"-\" between them",
				reference, c)
		}
	}
	return nil
}
