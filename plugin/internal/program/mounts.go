package program

import (
	"path"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// MountPath is where a container has a volume, in one spelling: without what
// path.Clean removes, and in /var/run, which is a link to /run in most images.
func MountPath(mount *yaml.RNode) string {
	at := path.Clean("/" + object.String(mount, "mountPath"))
	if at == "/run" || strings.HasPrefix(at, "/run/") {
		return "/var" + at
	}
	return at
}

// Overlap says whether one of two clean paths is the other, or above it, so that a
// mount at one may hide what is at the other.
func Overlap(a, b string) bool {
	a, b = strings.TrimSuffix(a, "/")+"/", strings.TrimSuffix(b, "/")+"/"
	return strings.HasPrefix(a, b) || strings.HasPrefix(b, a)
}
