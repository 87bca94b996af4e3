package build

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/fn/runtime/runtimeutil"
	"sigs.k8s.io/kustomize/kyaml/kio"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// failure is what went wrong in a build below root. A configuration that names
// no program is a plugin to kustomize, which then says only where it has looked
// for plugins.
func (r *recorder) failure(root string, err error) string {
	if twice := r.keysTwice(root, err.Error()); twice != "" {
		return twice
	}
	const noPlugin = "unable to find plugin root"
	if !strings.Contains(err.Error(), noPlugin) {
		return err.Error()
	}
	var nameless []string
	for _, path := range slices.Sorted(maps.Keys(r.read)) {
		objects, err := kio.FromBytes(r.read[path])
		if err != nil {
			continue // not what kustomize complains of
		}
		for _, o := range objects {
			group, _, _ := strings.Cut(o.GetApiVersion(), "/")
			if spec, err := runtimeutil.GetFunctionSpec(o); group != v1alpha1.Group || spec != nil || err != nil {
				continue
			}
			if relative, err := filepath.Rel(root, path); err == nil {
				path = relative
			}
			nameless = append(nameless, fmt.Sprintf("%s: %s: metadata.annotations: %s is missing, so that kustomize does not know the program: must be %q",
				path, object.IDOf(o), runtimeutil.FunctionAnnotationKey, "exec: {path: istio-tenancy}"))
		}
	}
	if len(nameless) == 0 {
		return err.Error()
	}
	return strings.Join(nameless, "; ")
}
