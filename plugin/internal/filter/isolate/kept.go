package isolate

import (
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

const (
	// syncOptions has a list, such as "Prune=false,ServerSideApply=true".
	syncOptions = "argocd.argoproj.io/sync-options"
	fluxPrunes  = "kustomize.toolkit.fluxcd.io/prune"
)

// keep has Argo CD and Flux leave a Namespace that is not rendered any more, as after a
// slip in tenant.yaml. With it would go all that is in it, the key of the tenant's CA
// included. An overlay that states whether it is to be pruned is heard.
func keep(namespace *yaml.RNode) error {
	has := namespace.GetAnnotations()
	if !statesPrune(has[syncOptions]) {
		options := strings.TrimPrefix(has[syncOptions]+",Prune=false", ",")
		if err := object.Set(namespace, options, "metadata", "annotations", syncOptions); err != nil {
			return err
		}
	}
	if _, stated := has[fluxPrunes]; stated {
		return nil
	}
	return object.Set(namespace, "disabled", "metadata", "annotations", fluxPrunes)
}

// statesPrune says whether a list has an option on what Argo CD prunes. What it deletes
// with an Application, "Delete=false", is another thing.
func statesPrune(options string) bool {
	return slices.ContainsFunc(strings.Split(options, ","), func(option string) bool {
		return strings.HasPrefix(strings.TrimSpace(option), "Prune=")
	})
}
