package place

import (
	"fmt"
	"maps"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// selectsItsPods refuses a workload that does not select the Pods of its own
// template, as a patch of the labels leaves it: the API server would refuse it,
// and with it what a GitOps tool applies together.
func selectsItsPods(o *yaml.RNode) error {
	if !slices.Contains([]string{"DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"}, o.GetKind()) {
		return nil
	}
	selector := object.StringMap(o, "spec", "selector", "matchLabels")
	labels := object.StringMap(o, "spec", "template", "metadata", "labels")
	for _, key := range slices.Sorted(maps.Keys(selector)) {
		if value, has := labels[key]; !has || value != selector[key] {
			return fmt.Errorf("spec.selector.matchLabels: found %s: %q, which the Pods of spec.template do not have: "+
				"give spec.template.metadata.labels the same", key, selector[key])
		}
	}
	return nil
}
